package io.hypernetes.network.dns;

import io.hypernetes.network.FairRoom;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Asks the host's resolvers, each in turn. How many questions may be under way at once is bounded. Safe for use by many threads.
final class Forwarder {
    private static final int PORT = 53;
    /// What resolvers send by UDP at most, as all of them are set up; larger answers come by TCP.
    private static final int LARGEST = 8_192;

    private final Supplier<List<InetSocketAddress>> hosts;
    private final Duration patience;
    private final FairRoom.Share room;
    private final SecureRandom random = new SecureRandom();

    /// @param hosts the host's, asked again for each question, as hosts change theirs
    /// @param patience with each of them
    /// @param room for questions at once
    Forwarder(Supplier<List<InetSocketAddress>> hosts, Duration patience, FairRoom room) {
        this.hosts = hosts;
        this.patience = patience;
        this.room = room.share();
    }

    static InetSocketAddress server(String address) {
        return new InetSocketAddress(address, PORT);
    }

    /// The answer of the first server that gives one, under the asker's id; empty when none does in time or too many ask.
    ///
    /// @param servers to be asked; empty for the host's
    Optional<byte[]> ask(byte[] query, boolean byTcp, List<InetSocketAddress> servers) {
        if (!room.tryTake(1)) {
            return Optional.empty();
        }
        try {
            for (InetSocketAddress server : servers.isEmpty() ? hosts.get() : servers) {
                try {
                    byte[] sent = query.clone();
                    // An id of our own: that of the asker may be known to whoever would forge an answer.
                    int id = random.nextInt(0x10000);
                    sent[0] = (byte) (id >>> 8);
                    sent[1] = (byte) id;
                    byte[] answer = byTcp ? tcp(server, sent) : udp(server, sent);
                    answer[0] = query[0];
                    answer[1] = query[1];
                    return Optional.of(answer);
                } catch (IOException silent) {
                    continue;
                }
            }
            return Optional.empty();
        } finally {
            room.giveBack(1);
        }
    }

    private byte[] udp(InetSocketAddress server, byte[] query) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(server);
            socket.send(new DatagramPacket(query, query.length));
            long until = System.nanoTime() + patience.toNanos();
            byte[] buffer = new byte[LARGEST];
            while (true) {
                long left = (until - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new IOException("no answer from " + server);
                }
                socket.setSoTimeout((int) left);
                DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
                socket.receive(answer);
                if (answer.getLength() == buffer.length) {
                    throw new IOException("an answer of more than " + (LARGEST - 1) + " bytes came from " + server);
                }
                if (answers(buffer, answer.getLength(), query)) {
                    return Arrays.copyOf(buffer, answer.getLength());
                }
            }
        }
    }

    private byte[] tcp(InetSocketAddress server, byte[] query) throws IOException {
        try (Socket socket = new Socket()) {
            int millis = (int) patience.toMillis();
            socket.connect(server, millis);
            socket.setSoTimeout(millis);
            byte[] framed = new byte[query.length + 2];
            framed[0] = (byte) (query.length >>> 8);
            framed[1] = (byte) query.length;
            System.arraycopy(query, 0, framed, 2, query.length);
            socket.getOutputStream().write(framed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readUnsignedShort()];
            in.readFully(answer);
            if (!answers(answer, answer.length, query)) {
                throw new IOException("something else than the answer came from " + server);
            }
            return answer;
        }
    }

    // Whether it bears the id and is a response.
    private static boolean answers(byte[] answer, int length, byte[] query) {
        return length >= 12 && answer[0] == query[0] && answer[1] == query[1] && (answer[2] & 0x80) != 0;
    }
}
