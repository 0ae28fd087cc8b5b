package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.ExecSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.streams.PortForwardHandshake;
import io.hypernetes.streams.PortForwardProtocol;
import io.hypernetes.streams.PortForwardSession;
import io.hypernetes.streams.RemoteCommandHandshake;
import io.hypernetes.streams.RemoteCommandProtocol;
import io.hypernetes.streams.RemoteCommandSession;
import io.hypernetes.streams.RemoteCommandStreams;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Agrees on exec, attach and port-forward streams and runs them. Safe for use by many threads.
public final class Streams {
    private static final Logger LOG = LoggerFactory.getLogger(Streams.class);

    private final StreamServer server;
    private final Sandboxes sandboxes;

    public Streams(StreamServer server, Sandboxes sandboxes) {
        this.server = server;
        this.sandboxes = sandboxes;
    }

    /// The address at which a command in a container can be talked to; it is run when the client comes.
    public String exec(String containerId, List<String> command, RemoteCommandStreams streams) {
        Sandboxes.Found found = running(containerId, "exec");
        if (command.isEmpty()) {
            throw HyperdException.invalid("Container " + containerId + ": no command was given to run.");
        }
        ExecSpec spec = new ExecSpec(
                found.container().id(), command, List.of(), "", "", streams.tty(), streams.stdin(), 0, 0, false);
        Sandbox sandbox = found.sandbox();
        return server.address("exec", commandTask(streams, session -> new ExecTask(sandbox, spec).run(session)));
    }

    /// The address at which a container's first process can be talked to.
    public String attach(String containerId, RemoteCommandStreams streams) {
        Sandboxes.Found found = running(containerId, "attach");
        if (streams.tty() != found.container().record().terminal().tty()) {
            throw HyperdException.invalid("Container " + containerId + (streams.tty() ? " has no terminal" : " has a terminal")
                    + ", and attach must ask for the same.");
        }
        Sandbox sandbox = found.sandbox();
        Container container = found.container();
        return server.address("attach", commandTask(streams, session -> new AttachTask(sandbox, container).run(session)));
    }

    /// The address at which ports of a sandbox can be reached.
    public String portForward(String sandboxId, List<Integer> ports) {
        Sandbox sandbox = sandboxes.get(sandboxId);
        if (!sandbox.isReady()) {
            throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Sandbox " + sandboxId + " is not ready.");
        }
        for (int port : ports) {
            if (port < 1 || port > 65535) {
                throw HyperdException.invalid("There is no port " + port + "; ports are 1 to 65535.");
            }
        }
        return server.address("portforward", (channel, request) -> {
            Optional<PortForwardProtocol> protocol = PortForwardHandshake.negotiate(request);
            if (protocol.isEmpty()) {
                refuse(channel, PortForwardHandshake.refusal(request));
                return;
            }
            PortForwardSession session = PortForwardHandshake.accept(channel, request, protocol.get(), ports);
            start("portforward", () -> new PortForwardTask(sandbox.id(), sandbox::guest).run(session));
        });
    }

    private interface Command {
        void run(RemoteCommandSession session) throws InterruptedException;
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private static StreamServer.Task commandTask(RemoteCommandStreams streams, Command command) {
        return (Channel channel, HttpRequest request) -> {
            Optional<RemoteCommandProtocol> protocol = RemoteCommandHandshake.negotiate(request);
            if (protocol.isEmpty()) {
                refuse(channel, RemoteCommandHandshake.refusal(request));
                return;
            }
            RemoteCommandSession session = RemoteCommandHandshake.accept(channel, request, protocol.get(), streams);
            start("command", () -> command.run(session));
        };
    }

    private Sandboxes.Found running(String containerId, String what) {
        Sandboxes.Found found = sandboxes.getContainer(containerId);
        if (found.container().record().state() != ContainerRecord.State.RUNNING) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Container " + containerId + " is not running but " + found.container().record().state() + "; " + what
                            + " needs a running one.");
        }
        return found;
    }

    private static void refuse(Channel channel, FullHttpResponse response) {
        channel.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private static void start(String name, Work work) {
        Thread.ofVirtual().name("stream-" + name).start(() -> {
            try {
                work.run();
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException failure) {
                LOG.warn("event=stream-failed kind={} error=\"{}\"", name, failure.getMessage(), failure);
            }
        });
    }
}
