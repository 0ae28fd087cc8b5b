package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A file on the node is a pod, which the API shows and cannot end.
@ExtendWith(SharedCluster.class)
class StaticPodTest {
    private static final String APP = "static-hello";
    private static final String BOOT = "/proc/sys/kernel/random/boot_id";

    @Test
    void aFileOfTheNodeIsAPod(Cluster cluster) throws IOException {
        Path file = cluster.root.resolve("lib/node/kubelet/manifests/hello.yaml");
        put(file, "one");
        try {
            awaitLog(cluster, "one");
            String pod = of(cluster, "{.items[*].metadata.name}");
            assertThat(pod).startsWith(APP + "-");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(of(cluster, "{.items[*].status.phase}")).isEqualTo("Running"));
            String machine = in(cluster, pod, "cat", BOOT);
            String uid = of(cluster, "{.items[*].metadata.uid}");

            cluster.kubectl("delete", "pod", pod, "-n", "kube-system", "--force", "--grace-period=0", "--wait=false");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(of(cluster, "{.items[*].metadata.uid}")).isNotEmpty().isNotEqualTo(uid));
            assertThat(in(cluster, pod, "cat", BOOT)).as("the machine").isEqualTo(machine);

            put(file, "two");
            awaitLog(cluster, "two");
            assertThat(in(cluster, pod, "cat", BOOT)).isNotEqualTo(machine);
        } finally {
            Files.delete(file);
        }
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(of(cluster, "{.items[*].metadata.name}")).isEmpty());
    }

    /// In one step, as the node reads it at once.
    private static void put(Path file, String word) throws IOException {
        Path part = file.resolveSibling("hello.part");
        Files.writeString(part, """
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, namespace: kube-system, labels: {app: %1$s}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %2$s
                    command: [sh, -c, 'echo %3$s; exec sleep 10000']
                """.formatted(APP, Cluster.SAMPLE, word));
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void awaitLog(Cluster cluster, String word) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                () -> assertThat(cluster.kubectlRun("logs", "-n", "kube-system", "-l", "app=" + APP).out()).isEqualTo(word + "\n"));
    }

    private static String of(Cluster cluster, String jsonPath) {
        return cluster.kubectl("get", "pods", "-n", "kube-system", "-l", "app=" + APP, "-o", "jsonpath=" + jsonPath);
    }

    private static String in(Cluster cluster, String pod, String... command) {
        return cluster.kubectl(java.util.stream.Stream.concat(java.util.stream.Stream.of("exec", "-n", "kube-system", pod, "--"), java.util.stream.Stream.of(command)).toArray(String[]::new));
    }
}
