package io.hypernetes.kubelet.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/// Hands a request over to the runtime's streaming server and then carries bytes both ways, untouched. A slow reader at one end
/// stops the writer at the other; the end of one direction is passed on as such.
final class Splice {
    private static final int BUFFER = 64 << 10;
    private static final int CONNECT_MILLIS = 10_000;
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private Splice() {}

    /// @param url the one-time address that the runtime gave out
    static void through(HttpRequestHead request, KubeletServer.Wire wire, URI url) throws IOException, InterruptedException {
        try (Socket runtime = new Socket()) {
            try {
                runtime.connect(new InetSocketAddress(url.getHost(), url.getPort()), CONNECT_MILLIS);
            } catch (IOException refused) {
                throw new HttpFailure(502, "the runtime's streaming server at " + url.getAuthority() + " does not answer: " + refused.getMessage());
            }
            runtime.setTcpNoDelay(true);
            runtime.getOutputStream().write(head(request, url));
            runtime.getOutputStream().flush();
            Thread up = Thread.ofVirtual().name("splice-up").start(() -> up(wire, runtime));
            try {
                pump(runtime.getInputStream(), wire.out());
                // The runtime has said all. The end is passed on, and what the client still sends is read and thrown away for a moment:
                // a connection closed over unread bytes is reset, and the last bytes on their way to the client would be lost.
                wire.socket().shutdownOutput();
            } catch (IOException clientGone) {
                wire.close();
            }
            closeQuietly(runtime);
            up.join(LAST_WORDS);
        } finally {
            wire.close();
        }
    }

    private static void up(KubeletServer.Wire wire, Socket runtime) {
        byte[] buffer = new byte[BUFFER];
        boolean heard = true;
        try {
            for (int count = wire.in().read(buffer); count >= 0; count = wire.in().read(buffer)) {
                heard = heard && forward(runtime, buffer, count);
            }
            runtime.shutdownOutput();
        } catch (IOException clientGone) {
            closeQuietly(runtime);
        }
    }

    /// False when the runtime listens no more.
    private static boolean forward(Socket runtime, byte[] buffer, int count) {
        try {
            runtime.getOutputStream().write(buffer, 0, count);
            return true;
        } catch (IOException ended) {
            return false;
        }
    }

    private static byte[] head(HttpRequestHead request, URI url) {
        StringBuilder head = new StringBuilder(request.method()).append(' ').append(url.getRawPath());
        if (url.getRawQuery() != null) {
            head.append('?').append(url.getRawQuery());
        }
        head.append(" HTTP/1.1\r\nHost: ").append(url.getAuthority()).append("\r\n");
        for (Map.Entry<String, String> header : request.headers()) {
            if (!Set.of("host", "authorization").contains(header.getKey().toLowerCase(java.util.Locale.ROOT))) {
                head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
            }
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void pump(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
            out.flush();
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException alreadyClosed) {
            // It is gone, which is what was wanted.
        }
    }
}
