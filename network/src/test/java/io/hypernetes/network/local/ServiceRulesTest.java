package io.hypernetes.network.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.network.Gateway;
import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import io.hypernetes.network.ServiceTable.Callers;
import io.hypernetes.network.ServiceTable.Endpoint;
import io.hypernetes.network.ServiceTable.Port;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Services in a gateway, seen by what connections to them reach.
class ServiceRulesTest {
    private static final String CIDR = "10.96.0.0/12", ADDRESS = "10.96.7.7";

    @TempDir
    Path temp;

    private Store store;

    @BeforeEach
    void openStore() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults());
    }

    @AfterEach
    void closeStore() {
        if (store != null) {
            store.close();
        }
    }

    private TenantNetworks open() {
        return new TenantNetworks(
                new LocalNetwork(TenantNetworksTest.SETTINGS, store), TenantNetworksTest.SETTINGS, store, new Random(7));
    }

    private static ServiceTable table(Port... ports) {
        return new ServiceTable(CIDR, List.of(ports));
    }

    private static Port web(int stickySeconds, int nodePort, PodLab.Place... endpoints) {
        List<Endpoint> places = new ArrayList<>();
        for (PodLab.Place endpoint : endpoints) {
            places.add(new Endpoint(endpoint.address(), 8080));
        }
        return new Port("default/web:http", List.of(ADDRESS), Protocol.TCP, 80, nodePort, stickySeconds, places);
    }

    private static Set<String> answers(PodLab.Place client, String address, int port) {
        Set<String> answers = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            answers.add(client.ask(address, port));
        }
        return answers;
    }

    @Test
    void connectionsAreSpreadAndKeptWhileEndpointsChange() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                for (String tenant : List.of("acme", "root")) {
                    PodLab.Place client = lab.pod(network, tenant, tenant + "-c");
                    PodLab.Place one = lab.pod(network, tenant, tenant + "-1");
                    PodLab.Place two = lab.pod(network, tenant, tenant + "-2");
                    lab.serve(one, 8080, "one");
                    lab.serve(two, 8080, "two");
                    Gateway gateway = network.gateway(tenant).orElseThrow();
                    assertThat(client.ask(ADDRESS, 80)).as("before there are services").isNotEqualTo("one " + client.address());

                    gateway.serve(table(web(0, 0, one, two)));
                    assertThat(answers(client, ADDRESS, 80)).containsExactlyInAnyOrder("one " + client.address(), "two " + client.address());
                    assertThat(client.ask(ADDRESS, 81)).as("a port that it has not").contains("refused");
                    assertThat(client.ask("10.96.7.8", 80)).as("an address that no service has").contains("refused");
                    assertThat(answers(one, ADDRESS, 80)).as("an endpoint reaches its own service, itself among it").hasSize(2)
                            .contains("two " + one.address()).anyMatch(answer -> answer.startsWith("one "));

                    gateway.serve(table(web(0, 0, one)));
                    assertThat(answers(client, ADDRESS, 80)).containsExactly("one " + client.address());
                    try (Socket kept = client.connect("", ADDRESS, 80)) {
                        assertThat(PodLab.line(kept)).isEqualTo("one " + client.address());
                        gateway.serve(table(web(0, 0, two)));
                        assertThat(answers(client, ADDRESS, 80)).containsExactly("two " + client.address());
                        kept.getOutputStream().write("still\n".getBytes(StandardCharsets.UTF_8));
                        assertThat(PodLab.line(kept)).as("a connection to an endpoint that is going").isEqualTo("still");
                    }
                    gateway.serve(table(web(0, 0)));
                    assertThat(client.ask(ADDRESS, 80)).as("without endpoints").contains("refused");
                    gateway.serve(table());
                    assertThat(client.ask(ADDRESS, 80)).contains("refused");
                    gateway.serve(table(web(0, 0, one)));
                    assertThat(client.ask(ADDRESS, 80)).isEqualTo("one " + client.address());
                }
            }
        });
    }

    @Test
    void clientsStickPortsOfTheNodeLeadInAndDatagramsAreSpreadToo() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                PodLab.Place client = lab.pod(network, "acme", "c");
                PodLab.Place one = lab.pod(network, "acme", "1");
                PodLab.Place two = lab.pod(network, "acme", "2");
                lab.serve(one, 8080, "one");
                lab.serve(two, 8080, "two");
                lab.serveUdp(one, 5353, "one");
                lab.serveUdp(two, 5353, "two");
                Gateway gateway = network.gateway("acme").orElseThrow();
                Port names = new Port("default/names:dns", List.of(ADDRESS), Protocol.UDP, 53, 0, 0,
                        List.of(new Endpoint(one.address(), 5353), new Endpoint(two.address(), 5353)));

                gateway.serve(table(web(100, 30_080, one, two), names));
                assertThat(answers(client, ADDRESS, 80)).as("a client that sticks").hasSize(1);
                String chosen = client.ask(ADDRESS, 80);
                // What else changes does not forget it.
                gateway.serve(table(web(100, 30_080, one, two)));
                assertThat(answers(client, ADDRESS, 80)).containsExactly(chosen);
                gateway.serve(table(web(50, 30_080, one, two), names));
                assertThat(answers(client, ADDRESS, 80)).as("with another time").hasSize(1);
                gateway.serve(table(web(0, 30_080, one, two), names));
                assertThat(answers(client, ADDRESS, 80)).as("no longer").hasSize(2);

                Set<String> datagrams = new HashSet<>();
                for (int i = 0; i < 30; i++) {
                    datagrams.add(client.askUdp(ADDRESS, 53));
                }
                assertThat(datagrams).containsExactlyInAnyOrder("one", "two");

                try (java.net.DatagramSocket steady = client.datagramSocket()) {
                    String first = PodLab.Place.askUdp(steady, ADDRESS, 53);
                    PodLab.Place left = first.equals("one") ? two : one;
                    assertThat(PodLab.Place.askUdp(steady, ADDRESS, 53)).as("one flow").isEqualTo(first);
                    gateway.serve(table(web(0, 30_080, one, two), new Port("default/names:dns", List.of(ADDRESS), Protocol.UDP, 53, 0, 0,
                            List.of(new Endpoint(left.address(), 5353)))));
                    assertThat(PodLab.Place.askUdp(steady, ADDRESS, 53)).as("the same flow when its endpoint is gone").isNotEqualTo(first).isIn("one", "two");
                }
                assertThat(client.ask(gateway.address(), 30_080)).endsWith(" " + client.address());
                String far = gateway.<String>inside(() -> PodLab.shell("ip -o -4 addr show dev up0 | grep -o '100[.]126[.][0-9.]*' | head -1")).strip();
                assertThat(PodLab.askHere(far, 30_080)).as("from the host, by the gateway's end of the wire").matches("(one|two) 100\\.126\\..*");

                // A port of the gateway that leads pods elsewhere than others.
                gateway.serve(table(
                        new Port("default/web:http", List.of(ADDRESS), Protocol.TCP, 80, 30_080, Callers.NEAR, 0, List.of(new Endpoint(one.address(), 8080))),
                        new Port("default/web:http#node", List.of(), Protocol.TCP, 80, 30_080, Callers.FAR, 0, List.of(new Endpoint(two.address(), 8080)))));
                assertThat(answers(client, gateway.address(), 30_080)).containsExactly("one " + client.address());
                for (int i = 0; i < 10; i++) {
                    assertThat(PodLab.askHere(far, 30_080)).startsWith("two ");
                }
                gateway.serve(table(
                        new Port("default/web:http", List.of(ADDRESS), Protocol.TCP, 80, 30_080, Callers.NEAR, 0, List.of(new Endpoint(one.address(), 8080))),
                        new Port("default/web:http#node", List.of(), Protocol.TCP, 80, 30_080, Callers.FAR, 0, List.of())));
                assertThat(client.ask(gateway.address(), 30_080)).as("where nobody from outside is served").isEqualTo("one " + client.address());
                assertThat(PodLab.askHere(far, 30_080)).doesNotStartWith("one ").doesNotStartWith("two ");
            }
        });
    }

    /// Nobody is told that there is nobody, so that who is patient reaches whoever comes back; in the gateway and on the host.
    @Test
    void whoIsServedElsewhereHearsNothing() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                for (String tenant : List.of("acme", "root")) {
                    PodLab.Place client = lab.pod(network, tenant, tenant + "-c");
                    PodLab.Place one = lab.pod(network, tenant, tenant + "-1");
                    lab.serve(one, 8080, "one");
                    lab.serveUdp(one, 5353, "one");
                    Gateway gateway = network.gateway(tenant).orElseThrow();
                    Port far = new Port("default/web:http#node", List.of(), Protocol.TCP, 80, 30_080, Callers.FAR, 0, List.of(), true);
                    Port near = new Port("default/web:http", List.of(), Protocol.TCP, 80, 30_080, Callers.NEAR, 0, List.of(new Endpoint(one.address(), 8080)));
                    gateway.serve(table(new Port("default/local:http", List.of(ADDRESS), Protocol.TCP, 80, 0, Callers.FAR, 0, List.of(), true),
                            new Port("default/local:dns", List.of(ADDRESS), Protocol.UDP, 53, 0, Callers.FAR, 0, List.of(), true), far, near));
                    assertThat(client.ask(ADDRESS, 80)).as(tenant).isEqualTo("silence");
                    assertThat(client.askUdp(ADDRESS, 53)).isEqualTo("silence");
                    assertThat(client.ask(ADDRESS, 81)).contains("refused");
                    assertThat(client.ask(gateway.address(), 30_080)).isEqualTo("one " + client.address());
                    if (tenant.equals("root")) {
                        assertThat(lab.outside().ask(PodLab.HOST, 30_080)).as("from outside").isEqualTo("silence");
                    }
                    gateway.serve(table(new Port("default/local:http", List.of(ADDRESS), Protocol.TCP, 80, 0, Callers.FAR, 0, List.of(new Endpoint(one.address(), 8080)), true),
                            new Port("default/local:dns", List.of(ADDRESS), Protocol.UDP, 53, 0, Callers.FAR, 0, List.of(new Endpoint(one.address(), 5353)), true)));
                    assertThat(client.ask(ADDRESS, 80)).isEqualTo("one " + client.address());
                    assertThat(client.askUdp(ADDRESS, 53)).isEqualTo("one");
                }
            }
        });
    }

    /// What the gateway itself answers at a port of the node: with a tenant from the node, with `root` from outside too.
    @Test
    void aPortOfTheNodeMayLeadToTheGatewayItself() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                for (String tenant : List.of("acme", "root")) {
                    PodLab.Place client = lab.pod(network, tenant, tenant + "-c");
                    Gateway gateway = network.gateway(tenant).orElseThrow();
                    int port = lab.serve(gateway, tenant);
                    gateway.serve(table(new Port("default/web#health", List.of(), Protocol.TCP, 30_100, 30_100, 0, List.of(new Endpoint(gateway.address(), port)))));
                    assertThat(client.ask(gateway.address(), 30_100)).isEqualTo(tenant + " " + client.address());
                    if (tenant.equals("root")) {
                        assertThat(lab.outside().ask(PodLab.HOST, 30_100)).as("from outside").isEqualTo("root " + PodLab.OUTSIDE);
                        assertThat(PodLab.askHere(PodLab.HOST, 30_100)).as("from the node").startsWith("root ");
                    } else {
                        String end = gateway.<String>inside(() -> PodLab.shell("ip -o -4 addr show dev up0 | grep -o '100[.]126[.][0-9.]*' | head -1")).strip();
                        assertThat(PodLab.askHere(end, 30_100)).as("from the node").startsWith("acme ");
                    }
                }
            }
        });
    }

    @Test
    void aRestartAndAThousandServicesAreOneTransactionEach() throws Exception {
        PodLab.on("hnlab", lab -> {
            PodLab.Place client;
            PodLab.Place one;
            try (TenantNetworks network = open()) {
                client = lab.pod(network, "acme", "c");
                one = lab.pod(network, "acme", "1");
                lab.serve(one, 8080, "one");
                network.gateway("acme").orElseThrow().serve(table(web(0, 0, one)));
            }
            assertThat(client.ask(ADDRESS, 80)).as("while nobody follows").isEqualTo("one " + client.address());
            try (TenantNetworks again = open()) {
                assertThat(client.ask(ADDRESS, 80)).as("before services are known again").isEqualTo("one " + client.address());
                List<Port> many = new ArrayList<>();
                for (int i = 0; i < 1000; i++) {
                    many.add(new Port("default/s" + i + ":", List.of("10.97." + i / 250 + "." + (1 + i % 250)), Protocol.TCP, 80, 0, 0,
                            List.of(new Endpoint(one.address(), 8080), new Endpoint("10.88.0.99", 8080))));
                }
                many.add(web(0, 0, one));
                Gateway gateway = again.gateway("acme").orElseThrow();
                gateway.serve(new ServiceTable(CIDR, many));
                assertThat(client.ask(ADDRESS, 80)).isEqualTo("one " + client.address());
                many.removeFirst();
                long begin = System.nanoTime();
                gateway.serve(new ServiceTable(CIDR, many));
                long micros = (System.nanoTime() - begin) / 1000;
                System.out.println("one of 1001 services removed in " + micros + " us");
                assertThat(client.ask("10.97.0.1", 80)).contains("refused");
                gateway.<String>inside(() -> PodLab.shell("nft delete table ip services"));
                many.removeFirst();
                gateway.serve(new ServiceTable(CIDR, many));
                assertThat(client.ask(ADDRESS, 80)).as("after somebody took the table away").isEqualTo("one " + client.address());
            }
        });
    }
}
