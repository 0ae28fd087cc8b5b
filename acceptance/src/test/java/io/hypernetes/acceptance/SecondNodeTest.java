package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A second machine, played by a network namespace of its own: it shares nothing with the first but the wire.
@Order(5)
class SecondNodeTest {
    private static final String NAMESPACE = "hn-acc-second";

    @Test
    void aSecondNodeJoinsAndRunsPodsToo(@TempDir Path folder) throws Exception {
        Run.of("sh", "-c", "ip netns del " + NAMESPACE + " 2>/dev/null");
        Run.of("sh", "-ec", """
                ip netns add %1$s
                ip link add hn-acc-a type veth peer name hn-acc-b netns %1$s
                ip addr add 10.207.0.1/24 dev hn-acc-a
                ip link set hn-acc-a up
                ip -n %1$s addr add 10.207.0.2/24 dev hn-acc-b
                ip -n %1$s link set hn-acc-b up
                ip -n %1$s link set lo up
                ip -n %1$s route add default via 10.207.0.1
                """.formatted(NAMESPACE)).ok();
        Process node = null;
        Path second = folder.resolve("second");
        try (Cluster cluster = Cluster.at(folder.resolve("first"), 94, "advertise-address=10.207.0.1", "node-address=10.207.0.1", "node-name=first")) {
            cluster.up().ok();
            String token = cluster.hypernetes("token", "create").ok().trim();
            List<String> command = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + NAMESPACE,
                    Cluster.checkout().resolve("hypernetes").toString(), "node", "--join", token, "--root", second.toString(),
                    "--set", "node-name=second", "--set", "node-address=10.207.0.2"));
            node = new ProcessBuilder(command).inheritIO().start();
            Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertThat(
                            cluster.kubectl("get", "node", "second", "--no-headers"))
                    .containsPattern("\\sReady\\s"));
            Path sample = cluster.root.resolve("lib/sample.tar");
            cluster.hypernetes(Duration.ofMinutes(1), "image", "list").ok();
            Run.of(Cluster.checkout().resolve("hypernetes").toString(), "image", "load", sample.toString(), "--root", second.toString()).ok();

            for (String name : List.of("first", "second")) {
                cluster.apply(Cluster.shellPod("on-" + name, "echo here; while true; do nc -l -p 7000 -e echo greetings from " + name + "; done", "Always")
                        .replace("spec:\n", "spec:\n  nodeName: " + name + "\n"));
            }
            cluster.awaitRunning("on-first");
            cluster.awaitRunning("on-second");
            assertThat(cluster.kubectl("logs", "on-second")).isEqualTo("here\n");
            assertThat(cluster.kubectl("exec", "on-second", "--", "hostname")).isEqualTo("on-second\n");

            String address = cluster.kubectl("get", "pod", "on-second", "-o", "jsonpath={.status.podIP}");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                            cluster.kubectl("exec", "on-first", "--", "nc", "-w", "5", address, "7000"))
                    .isEqualTo("greetings from second\n"));

            cluster.delete("on-second");
            cluster.delete("on-first");
            aTenantReachesFromNodeToNode(cluster);
        } finally {
            if (node != null) {
                node.destroy();
                node.onExit().join();
                Run.of(Cluster.checkout().resolve("hypernetes").toString(), "down", "--root", second.toString()).ok();
            }
            Run.of("ip", "netns", "del", NAMESPACE);
            Run.of("sh", "-c", "ip link del hn-acc-a 2>/dev/null");
        }
    }

    /// The pods of a tenant are on wires of its own, which go from node to node.
    private static void aTenantReachesFromNodeToNode(Cluster cluster) {
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: wide}}");
        String server = cluster.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}");
        for (String name : List.of("first", "second")) {
            // Only the operator says on which node a pod is.
            cluster.kubectlWithInput(
                    Cluster.shellPod("on-" + name, "while true; do nc -l -p 7000 -e echo greetings from " + name + "; done", "Always")
                            .replace("spec:\n", "spec:\n  nodeName: " + name + "\n"),
                    "--server", server.replaceFirst("/tenants/.*", "") + "/tenants/wide", "apply", "-f", "-");
        }
        Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf("wide", "get", "pods", "--no-headers").ok().lines().filter(line -> line.matches(".*1/1\\s+Running.*")))
                .hasSize(2));
        String address = cluster.kubectlOf("wide", "get", "pod", "on-second", "-o", "jsonpath={.status.podIP}").ok();
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf("wide", "exec", "on-first", "--", "nc", "-w", "5", address, "7000").out())
                .isEqualTo("greetings from second\n"));
        eachZoneIsServedByItsOwn(cluster);
        cluster.kubectl("delete", "tenant", "wide", "--timeout=90s");
    }

    /// From hints in slices to where connections go, with the two nodes in different zones.
    private static void eachZoneIsServedByItsOwn(Cluster cluster) {
        cluster.kubectl("label", "node", "first", "topology.kubernetes.io/zone=east");
        cluster.kubectl("label", "node", "second", "topology.kubernetes.io/zone=west");
        cluster.kubectlOf("wide", "label", "pods", "on-first", "on-second", "app=hello").ok();
        cluster.applyOf("wide", "{apiVersion: v1, kind: Service, metadata: {name: hello}, spec: {selector: {app: hello}, ports: [{port: 7000}]}}");
        awaitAnswers(cluster, List.of("first", "second"), List.of("first", "second"));
        cluster.kubectlOf("wide", "patch", "service", "hello", "-p", "{\"spec\":{\"trafficDistribution\":\"PreferSameZone\"}}").ok();
        awaitAnswers(cluster, List.of("first"), List.of("second"));
        cluster.kubectlOf("wide", "patch", "service", "hello", "-p", "{\"spec\":{\"trafficDistribution\":null}}").ok();
        awaitAnswers(cluster, List.of("first", "second"), List.of("first", "second"));
        cluster.kubectlOf("wide", "annotate", "service", "hello", "service.kubernetes.io/topology-mode=Auto").ok();
        awaitAnswers(cluster, List.of("first"), List.of("second"));
        assertThat(cluster.kubectlOf("wide", "get", "events", "--field-selector", "reason=TopologyAwareHintsEnabled", "-o", "jsonpath={.items[*].message}").ok())
                .isEqualTo("Topology Aware Hints has been enabled, addressType: IPv4");
        cluster.kubectlOf("wide", "delete", "pod", "on-second").ok();
        // Who has nobody in its zone any more is served by whoever there is; so hints are no longer given.
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf("wide", "get", "endpointslices", "-l", "kubernetes.io/service-name=hello", "-o", "jsonpath={.items[*].endpoints[*].addresses[0]}{.items[*].endpoints[*].hints}").ok())
                .isEqualTo(cluster.kubectlOf("wide", "get", "pod", "on-first", "-o", "jsonpath={.status.podIP}").ok()));
    }

    private static void awaitAnswers(Cluster cluster, List<String> onFirst, List<String> onSecond) {
        // As many that chance alone would hardly ever choose one of two each time. Each of the pods serves one at a time and is asked again when it refuses.
        String ask = "for i in $(seq 24); do until nc -w 5 hello 7000 2>/dev/null; do :; done; done";
        Awaitility.await().atMost(Duration.ofSeconds(90)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> {
            for (String name : List.of("first", "second")) {
                List<String> wanted = (name.equals("first") ? onFirst : onSecond).stream().map(each -> "greetings from " + each).toList();
                assertThat(cluster.kubectlOf("wide", "exec", "on-" + name, "--", "timeout", "20", "sh", "-c", ask).ok().lines().distinct().sorted())
                        .as("asked on " + name).containsExactlyElementsOf(wanted);
            }
        });
    }
}
