package io.hypernetes.apiserver;

import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/// A kubelet whose pods' ports are one small program: it speaks port-forward in the dialect of WebSocket channels, and what arrives on
/// the data channel goes to the program.
final class ForwardingKubelet implements AutoCloseable {
    /// What listens in the pods.
    interface Program {
        void serve(InputStream in, OutputStream out) throws IOException;
    }

    /// The first lines of what the kubelet was asked.
    final LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final SSLServerSocket listener;
    private final Program program;

    ForwardingKubelet(Cluster cluster, String node, Program program) throws IOException {
        this.program = program;
        var tls = Tls.server(cluster.authorities.root().issue(CertificateSpec.peer(
                "system:node:" + node, List.of("system:nodes"), List.of(node), List.of(), Duration.ofHours(1))));
        listener = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        listener.setWantClientAuth(true);
        Thread.startVirtualThread(() -> {
            try {
                while (true) {
                    var connection = (SSLSocket) listener.accept();
                    Thread.startVirtualThread(() -> serve(connection));
                }
            } catch (IOException closed) {
                // The end.
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void serve(SSLSocket connection) {
        try (connection) {
            var in = new DataInputStream(connection.getInputStream());
            var head = head(in);
            var line = head.lines().findFirst().orElse("");
            asked.add(line);
            if (!line.contains("ports=")) {
                // Of other streams it is only told that somebody wanted them.
                return;
            }
            int port = Integer.parseInt(line.replaceAll(".*ports=([0-9]+) .*", "$1"));
            var out = connection.getOutputStream();
            out.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            for (byte channel = 0; channel < 2; channel++) {
                out.write(new byte[] {(byte) 0x82, 3, channel, (byte) port, (byte) (port >> 8)});
            }
            // A ping in between must not come to harm.
            out.write(new byte[] {(byte) 0x89, 1, 'p'});
            if (port == 1) {
                var words = "connection refused".getBytes(StandardCharsets.US_ASCII);
                out.write(new byte[] {(byte) 0x82, (byte) (words.length + 1), 1});
                out.write(words);
                out.flush();
                in.readAllBytes();
                return;
            }
            program.serve(new Data(in), new Frames(out));
            out.write(new byte[] {(byte) 0x88, 0});
            out.flush();
        } catch (IOException gone) {
            asked.add("broken: " + gone.getMessage());
        }
    }

    static String head(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            head.write(next);
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    /// What the client's frames hold for channel 0.
    private static final class Data extends InputStream {
        private final DataInputStream in;
        private byte[] piece = {};
        private int at;

        Data(DataInputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            while (at == piece.length) {
                int first = in.read();
                if (first < 0) {
                    return -1;
                }
                int length = in.readUnsignedByte() & 0x7f;
                length = length == 126 ? in.readUnsignedShort() : length;
                var mask = in.readNBytes(4);
                var payload = in.readNBytes(length);
                for (int i = 0; i < payload.length; i++) {
                    payload[i] ^= mask[i & 3];
                }
                if ((first & 0xf) == 2) {
                    piece = java.util.Arrays.copyOfRange(payload, 1, payload.length);
                    at = 0;
                }
            }
            return piece[at++] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int first = read();
            if (first < 0) {
                return -1;
            }
            into[offset] = (byte) first;
            int more = Math.min(length - 1, piece.length - at);
            System.arraycopy(piece, at, into, offset + 1, more);
            at += more;
            return more + 1;
        }
    }

    /// Sends in frames of channel 0.
    private static final class Frames extends OutputStream {
        private final OutputStream out;

        Frames(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int done = 0; done < length; done += 1000) {
                int part = Math.min(1000, length - done);
                out.write(new byte[] {(byte) 0x82, 126, (byte) ((part + 1) >> 8), (byte) (part + 1), 0});
                out.write(bytes, offset + done, part);
            }
            out.flush();
        }
    }
}
