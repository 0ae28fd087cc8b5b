package io.hypernetes.proxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.network.Gateway;
import io.hypernetes.proxy.LoopbackGateway;
import io.hypernetes.network.dns.NameServer;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import io.hypernetes.proxy.ServiceView;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class NameServerTest {
    private static final Gateway LOOPBACK = new LoopbackGateway();

    private DatagramSocket elsewhere;
    private NameServer server;
    private volatile Optional<ServiceView> view = Optional.of(view());

    private static ServiceView.Endpoint endpoint(String address, String hostname, boolean ready) {
        return new ServiceView.Endpoint(address, hostname, true, ready, ready, false, ServiceView.Hint.NONE, ServiceView.Hint.NONE, Map.of("http/TCP", 8080));
    }

    private static ServiceView view() {
        List<ServiceView.Port> http = List.of(new ServiceView.Port("http", "TCP", 80, 0));
        List<ServiceView.Endpoint> many = IntStream.range(1, 251).mapToObj(i -> endpoint("10.88.1." + i, "", true)).toList();
        return new ServiceView(Map.of(
                "shop/web", new ServiceView.Entry("shop", "web", "10.96.1.1", "", http, 0, false, false, List.of()),
                "shop/db", new ServiceView.Entry("shop", "db", "", "", http, 0, false, false,
                        List.of(endpoint("10.88.0.2", "db-0", true), endpoint("10.88.0.3", "", true), endpoint("10.88.0.4", "db-2", false))),
                "shop/many", new ServiceView.Entry("shop", "many", "", "", http, 0, false, false, many),
                "shop/far", new ServiceView.Entry("shop", "far", "", "www.example.org", List.of(), 0, false, false, List.of()),
                "shop/near", new ServiceView.Entry("shop", "near", "", "web.shop.svc.cluster.local", List.of(), 0, false, false, List.of()),
                "shop/loop", new ServiceView.Entry("shop", "loop", "", "loop.shop.svc.cluster.local", List.of(), 0, false, false, List.of())));
    }

    @BeforeEach
    void open() throws Exception {
        elsewhere = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::beElsewhere);
        Zone zone = new Zone("cluster.local", new Random(1));
        server = NameServer.open(LOOPBACK, "cluster.local", asker -> view.map(zone::of),
                () -> List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), elsewhere.getLocalPort())));
    }

    @AfterEach
    void close() {
        server.close();
        elsewhere.close();
    }

    // Answers every A question with 192.0.2.80, behind an alias.
    private void beElsewhere() {
        byte[] buffer = new byte[4096];
        while (!elsewhere.isClosed()) {
            try {
                DatagramPacket asked = new DatagramPacket(buffer, buffer.length);
                elsewhere.receive(asked);
                Query query = Query.read(buffer, asked.getLength()).orElseThrow();
                byte[] answer = Reply.of(List.of(
                                Reply.Rr.name(query.name(), Query.CNAME, 60, "edge.example.net"), Reply.Rr.address("edge.example.net", 60, "192.0.2.80")))
                        .bytes(query, "example.org", 512);
                elsewhere.send(new DatagramPacket(answer, answer.length, asked.getSocketAddress()));
            } catch (java.io.IOException closed) {
                return;
            }
        }
    }

    @Test
    void namesOfServices() throws Exception {
        assertThat(ask("web.shop.svc.cluster.local", Query.A)).containsExactly("A web.shop.svc.cluster.local 10.96.1.1");
        assertThat(ask("WEB.Shop.SVC.cluster.LOCAL", Query.A)).hasSize(1);
        assertThat(ask("web.shop.svc.cluster.local", Query.AAAA)).containsExactly("code 0");
        assertThat(ask("db.shop.svc.cluster.local", Query.A)).containsExactlyInAnyOrder(
                "A db.shop.svc.cluster.local 10.88.0.2", "A db.shop.svc.cluster.local 10.88.0.3");
        assertThat(ask("db-0.db.shop.svc.cluster.local", Query.A)).containsExactly("A db-0.db.shop.svc.cluster.local 10.88.0.2");
        assertThat(ask("10-88-0-3.db.shop.svc.cluster.local", Query.A)).containsExactly("A 10-88-0-3.db.shop.svc.cluster.local 10.88.0.3");
        assertThat(ask("db-2.db.shop.svc.cluster.local", Query.A)).as("not ready").containsExactly("code 3");
        assertThat(ask("_http._tcp.web.shop.svc.cluster.local", Query.SRV))
                .containsExactly("SRV _http._tcp.web.shop.svc.cluster.local 0 100 80 web.shop.svc.cluster.local");
        assertThat(ask("_http._tcp.db.shop.svc.cluster.local", Query.SRV)).containsExactlyInAnyOrder(
                "SRV _http._tcp.db.shop.svc.cluster.local 0 50 8080 db-0.db.shop.svc.cluster.local",
                "SRV _http._tcp.db.shop.svc.cluster.local 0 50 8080 10-88-0-3.db.shop.svc.cluster.local");
        assertThat(ask("1.1.96.10.in-addr.arpa", Query.PTR)).containsExactly("PTR 1.1.96.10.in-addr.arpa web.shop.svc.cluster.local");
        assertThat(ask("2.0.88.10.in-addr.arpa", Query.PTR)).containsExactly("PTR 2.0.88.10.in-addr.arpa db-0.db.shop.svc.cluster.local");
        assertThat(ask("10-88-0-9.shop.pod.cluster.local", Query.A)).containsExactly("A 10-88-0-9.shop.pod.cluster.local 10.88.0.9");
        assertThat(ask("dns-version.cluster.local", Query.TXT)).containsExactly("TXT dns-version.cluster.local");
    }

    @Test
    void namesThatAreNotThere() throws Exception {
        assertThat(ask("shop.svc.cluster.local", Query.A)).containsExactly("code 0");
        for (String absent : List.of("nobody.shop.svc.cluster.local", "web.nowhere.svc.cluster.local", "nowhere.svc.cluster.local", "x.cluster.local",
                "www.example.org.shop.svc.cluster.local", "a.b.c.d.e.web.shop.svc.cluster.local", "999-1-1-1.shop.pod.cluster.local")) {
            assertThat(ask(absent, Query.A)).as(absent).containsExactly("code 3");
        }
        view = Optional.empty();
        assertThat(ask("web.shop.svc.cluster.local", Query.A)).as("before anything is known").containsExactly("code 2");
    }

    @Test
    void namesOfOthersAndAliases() throws Exception {
        assertThat(ask("www.example.org", Query.A)).containsExactly("CNAME www.example.org edge.example.net", "A edge.example.net 192.0.2.80");
        assertThat(ask("far.shop.svc.cluster.local", Query.A)).containsExactly(
                "CNAME far.shop.svc.cluster.local www.example.org", "A www.example.org 192.0.2.80");
        assertThat(ask("near.shop.svc.cluster.local", Query.A)).containsExactly(
                "CNAME near.shop.svc.cluster.local web.shop.svc.cluster.local", "A web.shop.svc.cluster.local 10.96.1.1");
        assertThat(ask("loop.shop.svc.cluster.local", Query.A)).containsExactly("code 2");
    }

    @Test
    void whatDoesNotFitIsAskedByTcp() throws Exception {
        byte[] cut = udp(query("many.shop.svc.cluster.local", Query.A));
        assertThat(cut.length).isLessThanOrEqualTo(512);
        assertThat(cut[2] & 2).as("truncated").isEqualTo(2);
        assertThat(read(tcp(query("many.shop.svc.cluster.local", Query.A)))).hasSize(250);
    }

    /// A question keeps its processor until it is answered, and all tenants of a node have the same few.
    @Test
    @Timeout(60)
    void fewQuestionsAreAnsweredAtOnceAndTheOthersWait() throws Exception {
        AtomicInteger now = new AtomicInteger(), most = new AtomicInteger();
        CountDownLatch thirty = new CountDownLatch(32), go = new CountDownLatch(1);
        Zone zone = new Zone("cluster.local", new Random(1));
        try (NameServer slow = NameServer.open(LOOPBACK, "cluster.local", asker -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            thirty.countDown();
            try {
                go.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            now.decrementAndGet();
            return view.map(zone::of);
        }, List::of);
                DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(30_000);
            byte[] query = query("web.shop.svc.cluster.local", Query.A);
            int questions = 100;
            for (int i = 0; i < questions; i++) {
                socket.send(new DatagramPacket(query, query.length, InetAddress.getByName("127.0.0.1"), slow.udpPort()));
            }
            thirty.await();
            go.countDown();
            for (int i = 0; i < questions; i++) {
                socket.receive(new DatagramPacket(new byte[4096], 4096));
            }
        }
        assertThat(most).hasValue(32);
    }

    @Test
    @Timeout(60)
    void whoWaitsForAResolverElsewhereKeepsNobodyFromAnswersFromHere() throws Exception {
        try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                DatagramSocket socket = new DatagramSocket();
                NameServer patient = NameServer.open(LOOPBACK, "cluster.local", asker -> view.map(new Zone("cluster.local", new Random(1))::of),
                        () -> List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), silent.getLocalPort())))) {
            socket.setSoTimeout(30_000);
            byte[] far = query("www.example.org", Query.A), alias = query("far.shop.svc.cluster.local", Query.A);
            byte[] here = query("web.shop.svc.cluster.local", Query.A);
            for (byte[] query : Stream.concat(IntStream.range(0, 100).mapToObj(i -> i % 2 == 0 ? far : alias), Stream.of(here)).toList()) {
                socket.send(new DatagramPacket(query, query.length, InetAddress.getByName("127.0.0.1"), patient.udpPort()));
            }
            DatagramPacket first = new DatagramPacket(new byte[4096], 4096);
            socket.receive(first);
            assertThat(read(Arrays.copyOf(first.getData(), first.getLength()))).containsExactly("A web.shop.svc.cluster.local 10.96.1.1");
        }
    }

    @Test
    void hostileBytesAreRefusedOrDropped() throws Exception {
        Random random = new Random(3);
        byte[] good = query("web.shop.svc.cluster.local", Query.A);
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = Arrays.copyOf(good, i % 3 == 0 ? random.nextInt(good.length + 1) : good.length);
            for (int j = random.nextInt(4); j >= 0 && bad.length > 0; j--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            // Whatever it is, it is answered or dropped, and never more than what was allowed. What would be asked elsewhere is left out.
            Optional<Query> query = Query.read(bad, bad.length);
            if (query.isEmpty() || query.get().name().endsWith("cluster.local")) {
                server.answer(bad, false, InetAddress.getLoopbackAddress()).ifPresent(answer -> assertThat(answer.length).isLessThanOrEqualTo(1232));
            }
        }
        // A name of pointers to itself, and one of endless labels.
        assertThat(Query.read(with(good, 12, new byte[] {(byte) 0xc0, 0x0c}), good.length)).isEmpty();
        assertThat(ask("web.shop.svc.cluster.local", Query.A)).as("still there").hasSize(1);
    }

    private static byte[] with(byte[] bytes, int at, byte[] other) {
        byte[] copy = bytes.clone();
        System.arraycopy(other, 0, copy, at, other.length);
        return copy;
    }

    private List<String> ask(String name, int type) throws Exception {
        return read(udp(query(name, type)));
    }

    private static byte[] query(String name, int type) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        out.writeBytes(wireName(name));
        out.writeBytes(new byte[] {0, (byte) type, 0, 1});
        return out.toByteArray();
    }

    private static byte[] wireName(String name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.write(0);
        return out.toByteArray();
    }

    private byte[] udp(byte[] query) throws Exception {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(5000);
            socket.send(new DatagramPacket(query, query.length, InetAddress.getByName("127.0.0.1"), server.udpPort()));
            DatagramPacket answer = new DatagramPacket(new byte[4096], 4096);
            socket.receive(answer);
            return Arrays.copyOf(answer.getData(), answer.getLength());
        }
    }

    private byte[] tcp(byte[] query) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.tcpPort())) {
            socket.setSoTimeout(5000);
            socket.getOutputStream().write(ByteBuffer.allocate(query.length + 2).putShort((short) query.length).put(query).array());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readUnsignedShort()];
            in.readFully(answer);
            return answer;
        }
    }

    /// The answer's records as text, or its code when there are none.
    private static List<String> read(byte[] answer) {
        assertThat(answer[0]).isEqualTo((byte) 0x12);
        ByteBuffer in = ByteBuffer.wrap(answer);
        int count = in.getShort(6);
        in.position(12);
        name(in);
        in.getInt();
        List<String> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String owner = name(in);
            int type = in.getShort();
            in.getShort();
            in.getInt();
            int length = in.getShort() & 0xffff;
            int end = in.position() + length;
            records.add(switch (type) {
                case Query.A -> "A " + owner + " " + (in.get() & 255) + "." + (in.get() & 255) + "." + (in.get() & 255) + "." + (in.get() & 255);
                case Query.CNAME -> "CNAME " + owner + " " + name(in);
                case Query.PTR -> "PTR " + owner + " " + name(in);
                case Query.SRV -> "SRV " + owner + " " + in.getShort() + " " + in.getShort() + " " + in.getShort() + " " + name(in);
                case Query.TXT -> "TXT " + owner;
                default -> type + " " + owner;
            });
            in.position(end);
        }
        return records.isEmpty() ? List.of("code " + (answer[3] & 15)) : records;
    }

    private static String name(ByteBuffer in) {
        StringBuilder name = new StringBuilder();
        for (int label = in.get() & 0xff; label != 0; label = in.get() & 0xff) {
            if (label >= 0xc0) {
                int at = (label & 0x3f) << 8 | in.get() & 0xff;
                ByteBuffer there = in.duplicate();
                there.position(at);
                return name + (name.isEmpty() ? "" : ".") + name(there);
            }
            byte[] text = new byte[label];
            in.get(text);
            name.append(name.isEmpty() ? "" : ".").append(new String(text, StandardCharsets.ISO_8859_1).toLowerCase(java.util.Locale.ROOT));
        }
        return name.toString();
    }
}
