package io.hypernetes.apiserver.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.concurrent.locks.ReentrantLock;

/// A connection to a port of a pod, through its node: the node's port-forward in the dialect of WebSocket channels, seen as a socket, so
/// that TLS can be spoken over it. One thread may read while another writes.
///
/// Closing waits for nothing, also while another thread's write does because the pod does not read; that write fails then.
///
/// The dialect cannot end one direction alone: [#shutdownOutput] does nothing, and the pod sees the end when the tunnel closes.
final class PodTunnel extends Socket {
    static final String PROTOCOL = "v4.channel.k8s.io";

    private static final int DATA = 0;
    private static final int ERROR = 1;
    private static final int LARGEST_FRAME = 1 << 20;
    private static final int LARGEST_PIECE = 32 << 10;
    private static final int LONGEST_REASON = 1024;

    private final NodeConnection connection;
    private final SecureRandom random;
    private final ReentrantLock sending = new ReentrantLock();
    private final InputStream input = new Input();
    private final OutputStream output = new Output();

    /// @param connection after the node has switched to WebSocket
    PodTunnel(NodeConnection connection, SecureRandom random) {
        this.connection = connection;
        this.random = random;
    }

    @Override
    public InputStream getInputStream() {
        return input;
    }

    @Override
    public OutputStream getOutputStream() {
        return output;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public void setTcpNoDelay(boolean on) {
        // The connection below never waits.
    }

    @Override
    public void setSoTimeout(int millis) throws java.net.SocketException {
        connection.patience(millis);
    }

    @Override
    public void shutdownInput() {
        // See above.
    }

    @Override
    public void shutdownOutput() {
        // See above.
    }

    @Override
    public void close() throws IOException {
        super.close();
        connection.abandon();
    }

    private void send(int opcode, int channel, byte[] bytes, int offset, int length) throws IOException {
        int payload = length + (channel < 0 ? 0 : 1);
        int head = payload < 126 ? 2 : 4;
        var frame = new byte[head + 4 + payload];
        frame[0] = (byte) (0x80 | opcode);
        if (payload < 126) {
            frame[1] = (byte) (0x80 | payload);
        } else {
            frame[1] = (byte) (0x80 | 126);
            frame[2] = (byte) (payload >> 8);
            frame[3] = (byte) payload;
        }
        var mask = new byte[4];
        random.nextBytes(mask);
        System.arraycopy(mask, 0, frame, head, 4);
        int at = head + 4;
        if (channel >= 0) {
            frame[at++] = (byte) channel;
        }
        System.arraycopy(bytes, offset, frame, at, length);
        for (int i = 0; i < payload; i++) {
            frame[head + 4 + i] ^= mask[i & 3];
        }
        sending.lock();
        try {
            connection.out().write(frame);
            connection.out().flush();
        } finally {
            sending.unlock();
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int done = 0; done < length; done += LARGEST_PIECE) {
                send(2, DATA, bytes, offset + done, Math.min(LARGEST_PIECE, length - done));
            }
        }

        @Override
        public void close() throws IOException {
            PodTunnel.this.close();
        }
    }

    private final class Input extends InputStream {
        private long left;
        private int channel = -1;
        private boolean last = true;
        private boolean ended;
        /// The first message of each channel tells the port again.
        private final int[] unread = {2, 2};

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (left == 0 && !ended) {
                nextFrame();
            }
            if (ended) {
                return -1;
            }
            int count = connection.in().read(into, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw new IOException("the node broke off the connection to the pod");
            }
            left -= count;
            return count;
        }

        @Override
        public void close() throws IOException {
            PodTunnel.this.close();
        }

        /// Goes on to the next bytes of the data channel.
        private void nextFrame() throws IOException {
            int first = connection.in().read();
            if (first < 0) {
                ended = true;
                return;
            }
            int opcode = first & 0xf;
            int second = octet();
            if ((second & 0x80) != 0) {
                throw new IOException("the node sent a frame that is masked");
            }
            long size = second & 0x7f;
            if (size >= 126) {
                int octets = size == 126 ? 2 : 8;
                size = 0;
                for (int i = 0; i < octets; i++) {
                    size = size << 8 | octet();
                }
            }
            if (size < 0 || size > LARGEST_FRAME) {
                throw new IOException("the node sent a frame of more than " + LARGEST_FRAME + " bytes");
            }
            switch (opcode) {
                case 0, 2 -> {
                    if (last && size > 0) {
                        channel = octet();
                        size--;
                    }
                    last = size == 0 && channel < 0 || (first & 0x80) != 0;
                    message(size);
                }
                case 8 -> ended = true;
                case 9 -> {
                    var ping = connection.in().readNBytes((int) size);
                    send(10, -1, ping, 0, ping.length);
                }
                default -> connection.in().skipNBytes(size);
            }
        }

        private void message(long size) throws IOException {
            if (channel != DATA && channel != ERROR) {
                connection.in().skipNBytes(size);
                return;
            }
            int told = (int) Math.min(size, unread[channel]);
            connection.in().skipNBytes(told);
            unread[channel] -= told;
            long rest = size - told;
            if (channel == DATA) {
                left = rest;
            } else if (rest > 0) {
                throw new IOException(new String(connection.in().readNBytes((int) Math.min(rest, LONGEST_REASON)), StandardCharsets.UTF_8));
            }
        }

        private int octet() throws IOException {
            int octet = connection.in().read();
            if (octet < 0) {
                throw new IOException("the node broke off the connection to the pod");
            }
            return octet;
        }
    }
}
