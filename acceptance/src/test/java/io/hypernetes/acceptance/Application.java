package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Programs that people run, in images made of Debian's packages.
final class Application {
    private Application() {}

    /// Makes an image of packages and gives it to the cluster, for pods of `root`.
    static void image(Cluster cluster, Path folder, String name, String... packages) {
        assertThat(cluster.hypernetes("image", "load", archive(folder, name, packages).toString()).ok()).contains(name);
    }

    /// Makes an image of packages, of one layer.
    private static Path archive(Path folder, String name, String... packages) {
        Path archive = folder.resolve(name.replace('/', '-').replace(':', '-') + ".tar");
        List<String> command = Stream.concat(
                Stream.of(Cluster.checkout().resolve("integration/applications/image").toString(), name, archive.toString()), Stream.of(packages)).toList();
        System.out.println(Run.of(Duration.ofMinutes(3), Map.of("HOME", "/root", "PATH", System.getenv("PATH")), new byte[0], command).ok());
        return archive;
    }

    /// The files of packages, packed as `tar -cz` does.
    static byte[] files(Path folder, String name, String... packages) throws IOException {
        Path packed = folder.resolve(name + ".tar.gz");
        Run.of("sh", "-c", "tar -xOf '" + archive(folder, name, packages) + "' layer.tar | gzip -1 > '" + packed + "'").ok();
        return Files.readAllBytes(packed);
    }

    /// A StatefulSet of one pod with a disk at `/data`.
    static String stateful(String name, String image, int user, String script) {
        return """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: %1$s}
                spec:
                  serviceName: %1$s
                  selector: {matchLabels: {app: %1$s}}
                  template:
                    metadata: {labels: {app: %1$s}}
                    spec:
                      securityContext: {runAsUser: %3$d, runAsGroup: %3$d, fsGroup: %3$d}
                      containers:
                      - name: main
                        image: %2$s
                        command: [sh, -c]
                        args:
                        - |
                %4$s
                        volumeMounts: [{name: data, mountPath: /data}]
                  volumeClaimTemplates:
                  - metadata: {name: data}
                    spec:
                      accessModes: [ReadWriteOnce]
                      resources: {requests: {storage: 1Gi}}
                """.formatted(name, image, user, script.indent(10));
    }

    /// Waits until a command in a pod says what is wanted.
    static void awaitAnswer(Cluster cluster, String pod, String wanted, String... command) {
        String[] exec = Stream.concat(Stream.of("exec", pod, "--"), Stream.of(command)).toArray(String[]::new);
        Awaitility.await().atMost(Duration.ofSeconds(120)).pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(cluster.kubectlRun(exec).out().strip()).isEqualTo(wanted));
    }

    /// Deletes a pod and waits for its successor.
    static void replace(Cluster cluster, String pod) {
        String before = cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
        cluster.kubectl("delete", "pod", pod, "--wait=true", "--timeout=90s");
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
            Run found = cluster.kubectlRun("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
            return found.exitCode() == 0 && !found.out().equals(before);
        });
        cluster.awaitRunning(pod);
    }
}
