package io.hypernetes.proxy;

import io.hypernetes.network.FairRoom;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a tenant's health checks say: one answer in HTTP/1.1 for each connection, whatever it asks for.
///
/// Whoever reaches node ports reaches these, so a connection lasts some seconds at most, and of all that are open at once the one that has been so longest makes way for
/// another: a load balancer asks as soon as it is connected, so that who only waits keeps nobody out. Safe for use by many threads.
final class HealthAnswers implements AutoCloseable {
    static final int MOST_CONNECTIONS = 256;
    /// Of all tenants on this node.
    private static final FairRoom CONNECTIONS = new FairRoom(1_024, MOST_CONNECTIONS, 16);

    private static final Logger LOG = LoggerFactory.getLogger(HealthAnswers.class);
    private static final int LONGEST_HEAD = 8 << 10;
    private static final long PAUSE_MILLIS = 1_000;
    private static final Pattern REQUEST = Pattern.compile("([!-~]{1,32}) [!-~]+ HTTP/1\\.[01]");

    private final String tenant;
    private final BooleanSupplier healthy;
    private final Duration patience;
    private final Set<SocketChannel> open = new LinkedHashSet<>(); // each has one of the share
    private final FairRoom.Share share = CONNECTIONS.share();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// @param patience how long a request may take to come
    HealthAnswers(String tenant, BooleanSupplier healthy, Duration patience) {
        this.tenant = tenant;
        this.healthy = healthy;
        this.patience = patience;
    }

    /// A service of which it is asked.
    static final class Subject {
        private final String namespace;
        private final String name;
        private volatile int readyHere;

        Subject(String namespace, String name) {
            this.namespace = namespace;
            this.name = name;
        }

        /// @param ready how many endpoints on this node take connections
        void count(int ready) {
            readyHere = ready;
        }
    }

    /// Answers who connects until the listener is closed.
    void start(ServerSocketChannel listener, Subject subject) {
        Thread.ofVirtual().name("health-" + tenant).start(() -> accept(listener, subject));
    }

    private void accept(ServerSocketChannel listener, Subject subject) {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                if (makeRoom(client)) {
                    Thread.ofVirtual().name("health-connection").start(() -> answer(client, subject));
                } else {
                    close(client);
                }
            } catch (IOException failure) {
                if (listener.isOpen()) {
                    LOG.debug("event=health-accept-failed tenant={} error=\"{}\"", tenant, failure.getMessage());
                    if (isEnded()) {
                        return;
                    }
                }
            }
        }
    }

    /// What fails at once, as for want of descriptors, is not to be tried without pause.
    private boolean isEnded() {
        try {
            return closed.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /// @return false when there is none
    private boolean makeRoom(SocketChannel client) {
        SocketChannel oldest = null;
        synchronized (open) {
            if (!share.tryTake(1)) {
                Iterator<SocketChannel> all = open.iterator();
                if (!all.hasNext()) {
                    return false;
                }
                oldest = all.next();
                all.remove();
            }
            open.add(client);
        }
        if (oldest != null) {
            close(oldest);
        }
        return true;
    }

    private void answer(SocketChannel client, Subject subject) {
        try {
            Socket socket = client.socket();
            String request = head(socket);
            if (!request.isEmpty()) {
                // It is small enough for the kernel to take at once, so nobody is waited for.
                socket.getOutputStream().write(answer(request, subject).getBytes(StandardCharsets.UTF_8));
                socket.shutdownOutput();
            }
        } catch (IOException ended) {
            LOG.debug("event=health-connection-ended tenant={} reason=\"{}\"", tenant, ended.getMessage());
        } finally {
            synchronized (open) {
                if (open.remove(client)) {
                    share.giveBack(1);
                }
            }
            close(client);
        }
    }

    /// The first line of a request, once all of its head is there; empty for one that does not come in time or is too long.
    private String head(Socket socket) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        InputStream in = socket.getInputStream();
        byte[] head = new byte[LONGEST_HEAD];
        int length = 0;
        boolean lineIsEmpty = false;
        while (length < head.length) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new SocketTimeoutException("no request in time");
            }
            socket.setSoTimeout((int) left);
            int count = in.read(head, length, head.length - length);
            if (count < 0) {
                return "";
            }
            for (int next = length; next < length + count; next++) {
                if (head[next] == '\n' && lineIsEmpty) {
                    return new String(head, 0, next, StandardCharsets.ISO_8859_1).lines().findFirst().orElse("");
                }
                lineIsEmpty = head[next] == '\n' || (lineIsEmpty && head[next] == '\r');
            }
            length += count;
        }
        return "";
    }

    private String answer(String request, Subject subject) {
        var words = REQUEST.matcher(request);
        if (!words.matches()) {
            return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        }
        int count = subject.readyHere;
        boolean well = healthy.getAsBoolean();
        String body = "{\n\t\"service\": {\n\t\t\"namespace\": \"" + subject.namespace + "\",\n\t\t\"name\": \"" + subject.name + "\"\n\t},\n\t\"localEndpoints\": " + count
                + ",\n\t\"serviceProxyHealthy\": " + well + "\n}";
        return "HTTP/1.1 " + (count > 0 && well ? "200 OK" : "503 Service Unavailable")
                + "\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nX-Load-Balancing-Endpoint-Weight: " + count
                + "\r\nDate: " + DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC))
                + "\r\nContent-Length: " + body.length() + "\r\nConnection: close\r\n\r\n" + (words.group(1).equals("HEAD") ? "" : body);
    }

    private void close(SocketChannel client) {
        try {
            client.close();
        } catch (IOException failure) {
            LOG.debug("event=health-close-failed tenant={} error=\"{}\"", tenant, failure.getMessage());
        }
    }

    /// Listeners are closed by whoever opened them; connections end by themselves.
    @Override
    public void close() {
        closed.countDown();
    }
}
