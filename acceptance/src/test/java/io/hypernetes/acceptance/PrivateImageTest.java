package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// What tenants get of images that they may not have, and of registries that are not for them.
@ExtendWith(SharedCluster.class)
class PrivateImageTest {
    private static final String MEMBER = "member", GUEST = "guest";
    private static final String BASE = """
            mkdir -p bin
            cp "$(command -v busybox)" bin/busybox
            for name in sh cat sleep; do ln -s busybox bin/$name; done
            echo the members own > words
            """;

    @TempDir
    static Path folder;

    private static Registry registry;
    private static String image;

    @BeforeAll
    static void fill(Cluster cluster) throws IOException {
        registry = Registry.withPassword(folder, SharedCluster.REGISTRY, Integer.parseInt(cluster.setting("insecure-registries").replaceFirst(".*:", "")));
        registry.push("team/private:1", List.of(BASE), "{\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"sh\",\"-c\",\"cat /words; exec sleep 10000\"]}");
        image = registry.reference("team/private:1");
        for (String tenant : List.of(MEMBER, GUEST)) {
            cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + tenant + "}}");
        }
    }

    @AfterAll
    static void remove(Cluster cluster) {
        registry.close();
        cluster.kubectl("delete", "tenant", MEMBER, GUEST, "--timeout=90s");
    }

    @Test
    void aPrivateImageOnTheNodeStartsOnlyForWhoMayPullIt(Cluster cluster) {
        secret(cluster, MEMBER, Registry.PASSWORD);
        cluster.applyOf(MEMBER, pod("runs", "imagePullSecrets: [{name: registry}]", Map.of("main", image)));
        awaitWords(cluster, MEMBER);
        // Whichever way it is named, and whatever is said of pulling.
        String id = cluster.kubectlOf(MEMBER, "get", "pod", "runs", "-o", "jsonpath={.status.containerStatuses[0].imageID}").ok();
        assertThat(id).contains("@sha256:");
        refused(cluster, GUEST, id);

        // With a wrong password of its own, then with the right one.
        secret(cluster, GUEST, "not " + Registry.PASSWORD);
        cluster.applyOf(GUEST, pod("runs", "imagePullSecrets: [{name: registry}]", Map.of("main", image)));
        awaitWaiting(cluster, GUEST, "runs", "main", "401|unauthorized|authentication required");
        cluster.kubectlOf(GUEST, "delete", "pod/runs", "secret/registry", "--timeout=60s").ok();
        secret(cluster, GUEST, Registry.PASSWORD);
        cluster.applyOf(GUEST, pod("runs", "imagePullSecrets: [{name: registry}]", Map.of("main", image)));
        awaitWords(cluster, GUEST);

        // Somebody else who has the name of a tenant that could pull it.
        cluster.kubectl("delete", "tenant", MEMBER, "--timeout=90s");
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + MEMBER + "}}");
        cluster.hypernetes("kubeconfig", "--tenant", MEMBER).ok();
        refused(cluster, MEMBER, id);
    }

    private static void refused(Cluster cluster, String tenant, String id) {
        Map<String, String> containers = new LinkedHashMap<>();
        for (String policy : List.of("Always", "IfNotPresent", "Never")) {
            containers.put(policy.toLowerCase(java.util.Locale.ROOT), image + ", imagePullPolicy: " + policy);
            containers.put("id-" + policy.toLowerCase(java.util.Locale.ROOT), id + ", imagePullPolicy: " + policy);
        }
        cluster.applyOf(tenant, pod("refused", "", containers));
        for (String container : containers.keySet()) {
            awaitWaiting(cluster, tenant, "refused", container, container.endsWith("never")
                    ? "ErrImageNeverPull.*is not known to have been pulled here for this tenant"
                    : "(ErrImagePull|ImagePullBackOff).*(401|unauthorized|authentication required)");
        }
        assertThat(cluster.kubectlOf(tenant, "get", "pod", "refused", "-o", "jsonpath={.status.containerStatuses[*].started}").ok()).doesNotContain("true");
        cluster.kubectlOf(tenant, "delete", "pod", "refused", "--timeout=60s").ok();
    }

    @Test
    void registriesThatAreNotForTenantsAreNotSpokenTo(Cluster cluster) throws IOException {
        AtomicInteger connections = new AtomicInteger();
        try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"))) {
            int port = listener.getLocalPort();
            Thread.ofVirtual().start(() -> count(listener, connections));
            String host = cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}");
            Map<String, String> containers = new LinkedHashMap<>();
            List<String> places = List.of("127.0.0.1", "127.9.9.9", "localhost", "127.1", "2130706433", "0.0.0.0", SharedCluster.OPERATORS, host, cluster.podAddressesPrefix() + "0.1");
            places.forEach(place -> containers.put("c" + containers.size(), place + ":" + port + "/team/app:1"));
            cluster.applyOf(GUEST, pod("elsewhere", "", containers));
            for (String container : containers.keySet()) {
                awaitWaiting(cluster, GUEST, "elsewhere", container, "ErrImagePull.*(of the node itself or of its wire|of the operator's own).*from where pods of tenants get no images");
            }
            cluster.kubectlOf(GUEST, "delete", "pod", "elsewhere", "--timeout=60s").ok();
            assertThat(connections).hasValue(0);

            // The operator's own pods may.
            cluster.kubectl("run", "asks", "--image=127.0.0.1:" + port + "/team/app:1");
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> connections.get() > 0);
            cluster.delete("asks");
        }
    }

    private static void count(ServerSocket listener, AtomicInteger connections) {
        while (true) {
            try (Socket client = listener.accept()) {
                connections.incrementAndGet();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void secret(Cluster cluster, String tenant, String password) {
        cluster.kubectlOf(tenant, "create", "secret", "docker-registry", "registry", "--docker-server=" + registry.reference("").replaceFirst("/$", ""),
                "--docker-username=" + Registry.USER, "--docker-password=" + password).ok();
    }

    /// @param images by the names of containers, each with what stands behind it in the container
    private static String pod(String name, String more, Map<String, String> images) {
        StringBuilder pod = new StringBuilder("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  terminationGracePeriodSeconds: 1
                  %s
                  containers:
                """.formatted(name, more));
        images.forEach((container, its) -> pod.append("  - {name: ").append(container).append(", image: ").append(its).append("}\n"));
        return pod.toString();
    }

    private static void awaitWords(Cluster cluster, String tenant) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                () -> assertThat(cluster.kubectlOf(tenant, "logs", "runs").out()).isEqualTo("the members own\n"));
    }

    private static void awaitWaiting(Cluster cluster, String tenant, String pod, String container, String pattern) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectlOf(tenant, "get", "pod", pod, "-o",
                        "jsonpath={range .status.containerStatuses[?(@.name==\"" + container + "\")].state.waiting}{.reason} {.message}{end}").ok())
                .as(container).containsPattern("(?s)" + pattern));
    }
}
