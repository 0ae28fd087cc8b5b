package io.hypernetes.network.dns;

import io.hypernetes.network.FairRoom;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.HostNameservers;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The name server of one gateway, listening by UDP and TCP in its gateway. Closing it ends both. Safe for use by many threads.
public final class NameServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NameServer.class);
    /// Questions that are being answered here. They keep their processor until they are done, and a node has few for all tenants.
    private static final int MOST_QUERIES = 32;
    private static final int MOST_ALIASES = 8;
    /// Questions that others are asked, and connections, of all name servers of this process: each takes some thousand bytes and a descriptor.
    private static final FairRoom FORWARDED = new FairRoom(1_024, 256, 16), CONNECTIONS = new FairRoom(512, 64, 8);
    private static final int LARGEST_QUERY = 4096, LARGEST_ANSWER = 65_535, HEADER = 12;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final int IDLE_MILLIS = 10_000;

    private final String domain;
    private final Function<InetAddress, Optional<Names>> names;
    private final Forwarder forwarder;
    private final Semaphore queries = new Semaphore(MOST_QUERIES);
    private final FairRoom.Share connections = CONNECTIONS.share();
    private final DatagramChannel datagrams;
    private final ServerSocketChannel listener;

    /// Listens on free ports of the gateway's address.
    ///
    /// @param domain whose absences are told; empty for none
    /// @param names what whoever has the address may know; empty when that is not known yet, after a time of waiting at most
    /// @throws IOException when the gateway refuses
    public static NameServer open(Gateway gateway, String domain, Function<InetAddress, Optional<Names>> names) throws IOException {
        return open(gateway, domain, names, () -> HostNameservers.ofHost().stream().map(NameServer::resolver).toList());
    }

    /// The same, with other resolvers than the host's.
    public static NameServer open(
            Gateway gateway, String domain, Function<InetAddress, Optional<Names>> names, Supplier<List<InetSocketAddress>> resolvers) throws IOException {
        return new NameServer(gateway, domain, names, resolvers);
    }

    /// Where a name server listens by convention.
    public static InetSocketAddress resolver(String address) {
        return Forwarder.server(address);
    }

    private NameServer(
            Gateway gateway, String domain, Function<InetAddress, Optional<Names>> names, Supplier<List<InetSocketAddress>> resolvers)
            throws IOException {
        this.domain = domain;
        this.names = names;
        this.forwarder = new Forwarder(resolvers, PATIENCE, FORWARDED);
        InetSocketAddress at = new InetSocketAddress(gateway.address(), 0);
        try {
            datagrams = gateway.inside(() -> opening(() -> DatagramChannel.open(StandardProtocolFamily.INET).bind(at)));
            listener = gateway.inside(() -> opening(() -> ServerSocketChannel.open(StandardProtocolFamily.INET).bind(at)));
        } catch (UncheckedIOException refused) {
            throw refused.getCause();
        }
        Thread.ofVirtual().name("dns-udp-" + gateway.tenant()).start(this::receive);
        Thread.ofVirtual().name("dns-tcp-" + gateway.tenant()).start(this::accept);
    }

    private interface Opening<T> {
        T open() throws IOException;
    }

    private static <T> T opening(Opening<T> opening) {
        try {
            return opening.open();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public int udpPort() throws IOException {
        return ((InetSocketAddress) datagrams.getLocalAddress()).getPort();
    }

    public int tcpPort() throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    private void receive() {
        ByteBuffer buffer = ByteBuffer.allocate(LARGEST_QUERY);
        while (datagrams.isOpen()) {
            try {
                buffer.clear();
                InetSocketAddress from = (InetSocketAddress) datagrams.receive(buffer);
                byte[] query = Arrays.copyOf(buffer.array(), buffer.position());
                // Meanwhile the kernel keeps what comes, and drops what it has no room for; who asked then asks again.
                Turn turn = new Turn();
                Thread.ofVirtual().name("dns-query").start(() -> respond(query, from, turn));
                // While there is something to receive nothing else would make this give way to others.
                Thread.yield();
            } catch (IOException failure) {
                if (datagrams.isOpen()) {
                    LOG.debug("event=dns-receive-failed error=\"{}\"", failure.getMessage());
                }
            }
        }
    }

    /// One of the questions that are being answered here, until it is answered or waits for somebody else.
    private final class Turn implements AutoCloseable {
        private boolean over;

        /// Waits for it.
        Turn() {
            queries.acquireUninterruptibly();
        }

        @Override
        public void close() {
            if (!over) {
                over = true;
                queries.release();
            }
        }
    }

    private void respond(byte[] query, InetSocketAddress to, Turn turn) {
        try (turn) {
            Optional<byte[]> answer = answer(query, false, to.getAddress(), turn);
            if (answer.isPresent()) {
                datagrams.send(ByteBuffer.wrap(answer.get()), to);
            }
        } catch (IOException gone) {
            LOG.debug("event=dns-answer-lost error=\"{}\"", gone.getMessage());
        }
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                if (connections.tryTake(1)) {
                    Thread.ofVirtual().name("dns-connection").start(() -> converse(client));
                } else {
                    client.close();
                }
            } catch (IOException failure) {
                if (listener.isOpen()) {
                    LOG.debug("event=dns-accept-failed error=\"{}\"", failure.getMessage());
                }
            }
        }
    }

    private void converse(SocketChannel client) {
        try (client) {
            Socket socket = client.socket();
            socket.setSoTimeout(IDLE_MILLIS);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                byte[] query = new byte[Math.min(in.readUnsignedShort(), LARGEST_QUERY)];
                in.readFully(query);
                Optional<byte[]> answer;
                try (Turn turn = new Turn()) {
                    answer = answer(query, true, socket.getInetAddress(), turn);
                }
                if (answer.isEmpty()) {
                    return;
                }
                ByteBuffer framed = ByteBuffer.allocate(answer.get().length + 2).putShort((short) answer.get().length).put(answer.get());
                socket.getOutputStream().write(framed.array());
                Thread.yield();
            }
        } catch (IOException ended) {
            LOG.debug("event=dns-connection-ended reason=\"{}\"", ended.getMessage());
        } finally {
            connections.giveBack(1);
        }
    }

    /// The bytes of the answer; empty for what is no query at all.
    public Optional<byte[]> answer(byte[] bytes, boolean byTcp, InetAddress asker) {
        try (Turn turn = new Turn()) {
            return answer(bytes, byTcp, asker, turn);
        }
    }

    private Optional<byte[]> answer(byte[] bytes, boolean byTcp, InetAddress asker, Turn turn) {
        Optional<Query> read = Query.read(bytes, bytes.length);
        if (read.isEmpty()) {
            return malformed(bytes);
        }
        Query query = read.get();
        int most = byTcp ? LARGEST_ANSWER : query.payload();
        Optional<Names> asked = names.apply(asker);
        if (asked.isEmpty()) {
            return Optional.of(Reply.failure(Reply.SERVER_FAILURE).bytes(query, domain, most));
        }
        Names known = asked.get();
        return switch (known.find(query.name(), query.type(), most)) {
            case Names.Found.Here(Reply reply) -> Optional.of(reply.bytes(query, domain, most));
            case Names.Found.Alias(String target) -> Optional.of(follow(known, query, target, most, turn).bytes(query, domain, most));
            case Names.Found.Elsewhere() -> {
                turn.close();
                yield Optional.of(forwarder.ask(bytes, byTcp, known.resolvers()).orElseGet(() -> Reply.failure(Reply.SERVER_FAILURE).bytes(query, domain, most)));
            }
        };
    }

    /// Resolvers of programs do not follow aliases themselves, so the whole chain is the answer.
    private Reply follow(Names known, Query query, String target, int most, Turn turn) {
        List<Reply.Rr> records = new ArrayList<>();
        String owner = query.name();
        String next = target;
        for (int i = 0; i < MOST_ALIASES; i++) {
            next = next.endsWith(".") ? next.substring(0, next.length() - 1) : next;
            next = next.toLowerCase(java.util.Locale.ROOT);
            records.add(Reply.Rr.name(owner, Query.CNAME, Reply.TTL_SECONDS, next));
            if (query.type() == Query.CNAME) {
                return Reply.of(records);
            }
            switch (known.find(next, query.type(), most)) {
                case Names.Found.Here(Reply reply) -> {
                    records.addAll(reply.answers());
                    return new Reply(reply.code(), records, false);
                }
                case Names.Found.Alias(String further) -> {
                    owner = next;
                    next = further;
                }
                case Names.Found.Elsewhere() -> {
                    turn.close();
                    records.addAll(elsewhere(known, next, query.type()));
                    return Reply.of(records);
                }
            }
        }
        return Reply.failure(Reply.SERVER_FAILURE);
    }

    private List<Reply.Rr> elsewhere(Names known, String name, int type) {
        byte[] wire = Reply.wireName(name);
        ByteBuffer question = ByteBuffer.allocate(HEADER + wire.length + 4);
        question.putShort((short) 0).putShort((short) 0x0100).putShort((short) 1).putShort((short) 0).putInt(0);
        question.put(wire).putShort((short) type).putShort((short) Query.INTERNET);
        return forwarder.ask(question.array(), false, known.resolvers()).map(answer -> Records.read(answer, name, type)).orElse(List.of());
    }

    private static Optional<byte[]> malformed(byte[] bytes) {
        if (bytes.length < HEADER || (bytes[2] & 0x80) != 0) {
            return Optional.empty();
        }
        byte[] answer = new byte[HEADER];
        answer[0] = bytes[0];
        answer[1] = bytes[1];
        answer[2] = (byte) (0x80 | bytes[2] & 0x79);
        answer[3] = (byte) ((bytes[2] & 0x78) == 0 ? Reply.FORMAT_ERROR : Reply.NOT_IMPLEMENTED);
        return Optional.of(answer);
    }

    @Override
    public void close() {
        try {
            datagrams.close();
            listener.close();
        } catch (IOException failure) {
            LOG.debug("event=dns-close-failed error=\"{}\"", failure.getMessage());
        }
    }
}
