package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestSocket;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.streams.ForwardedConnection;
import io.hypernetes.streams.PortForwardSession;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/// Forwards one client's connections to ports of a pod's loopback.
final class PortForwardTask {
    private static final Duration CONNECT = Duration.ofSeconds(10);

    private final String sandboxId;
    private final Supplier<Guest> guest;

    PortForwardTask(String sandboxId, Supplier<Guest> guest) {
        this.sandboxId = sandboxId;
        this.guest = guest;
    }

    void run(PortForwardSession session) throws InterruptedException {
        try (session) {
            Optional<ForwardedConnection> next = session.accept();
            while (next.isPresent()) {
                ForwardedConnection connection = next.get();
                Thread.ofVirtual().name("forward-" + sandboxId + "-" + connection.port()).start(() -> forward(connection));
                next = session.accept();
            }
        }
    }

    private void forward(ForwardedConnection connection) {
        try (GuestSocket socket = guest.get().connect("", connection.port(), CONNECT)) {
            Thread up = Thread.ofVirtual().start(() -> {
                if (Pump.run(connection.input(), socket.output()) == Pump.End.SOURCE_LOST) {
                    Pump.close(socket);
                } else {
                    Pump.close(socket.output());
                }
            });
            if (Pump.run(socket.input(), connection.output()) == Pump.End.SOURCE_ENDED) {
                Pump.close(connection.output());
                up.join();
            }
        } catch (GuestException | HyperdException failure) {
            connection.fail("port " + connection.port() + " of the pod cannot be reached: " + failure.getMessage());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } finally {
            connection.close();
        }
    }
}
