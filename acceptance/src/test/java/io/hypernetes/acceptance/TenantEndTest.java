package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.SparseFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A tenant that was deleted has left nothing on the machine: no process, wire or folder, and nowhere a byte of what it kept to itself.
@ExtendWith(SharedCluster.class)
class TenantEndTest {
    private static final String TENANT = "ephemera";
    private static final String SECRET = "what-only-ephemera-knew";

    /// Its pod has the secret in a volume and in its environment, and writes it wherever a pod writes: to both kinds of emptyDir, its root, a claim's disk, its log.
    private static final String POD = """
            {apiVersion: v1, kind: Secret, metadata: {name: kept}, stringData: {key: %1$s}}
            ---
            {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: kept}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 50Mi}}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: keeper}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: %2$s
                env: [{name: KEY, valueFrom: {secretKeyRef: {name: kept, key: key}}}]
                command: [sh, -c, 'for place in /disk /memory /claim /root; do mkdir -p $place; cat /secret/key > $place/key; done; sync; echo "$KEY"; exec sleep 10000']
                volumeMounts:
                - {name: secret, mountPath: /secret}
                - {name: disk, mountPath: /disk}
                - {name: memory, mountPath: /memory}
                - {name: claim, mountPath: /claim}
              volumes:
              - {name: secret, secret: {secretName: kept}}
              - {name: disk, emptyDir: {}}
              - {name: memory, emptyDir: {medium: Memory}}
              - {name: claim, persistentVolumeClaim: {claimName: kept}}
            """.formatted(SECRET, Cluster.SAMPLE);

    @Test
    void nothingOfItIsLeftOnTheMachine(Cluster cluster) throws IOException {
        cluster.hypernetes("tenant", "create", TENANT).ok();
        cluster.applyOf(TENANT, POD);
        Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertThat(cluster.kubectlOf(TENANT, "logs", "keeper").out()).isEqualTo(SECRET + "\n"));
        String uid = cluster.kubectlOf(TENANT, "get", "pod", "keeper", "-o", "jsonpath={.metadata.uid}").ok();

        ProcessHandle machine = machine(cluster);
        List<String> groups = groups(machine.pid());
        groups.removeAll(groups(ProcessHandle.current().pid()));
        String named = cluster.bridge() + "." + TENANT;
        String namespace = namespaces(named);
        assertThat(namespace.lines()).hasSize(1);
        String wire = Run.of("ip", "-n", namespace, "-o", "link", "show", "dev", "up0").ok().replaceFirst("(?s).*up0@if(\\d+):.*", "$1");
        assertThat(links()).contains(wire);
        assertThat(named(cluster, uid)).as("folders of the pod").isNotEmpty();
        assertThat(holding(cluster)).as("the search finds what there is").anyMatch(file -> file.contains("/log/pods/")).anyMatch(file -> file.endsWith(".disk"));

        assertThat(cluster.hypernetes("tenant", "delete", TENANT).ok()).endsWith("tenant " + TENANT + " deleted\n");

        assertThat(machine.isAlive()).isFalse();
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            for (String group : groups) {
                assertThat(Run.of("find", "/sys/fs/cgroup", "-type", "d", "-path", "*" + group).out()).isEmpty();
            }
            assertThat(namespaces(named)).isEmpty();
            assertThat(links()).doesNotContain(wire);
            assertThat(named(cluster, uid)).isEmpty();
            assertThat(named(cluster, TENANT)).isEmpty();
            assertThat(holding(cluster)).isEmpty();
        });
    }

    /// The one that has the claim's disk open.
    private static ProcessHandle machine(Cluster cluster) throws IOException {
        Path disks = cluster.root.resolve("lib/node/kubelet/volumes/" + TENANT + "." + cluster.kubectlRun("get", "tenant", TENANT, "-o", "jsonpath={.metadata.uid}").ok());
        for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
            try (Stream<Path> open = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
                if (open.anyMatch(descriptor -> leads(descriptor).startsWith(disks))) {
                    return process;
                }
            } catch (NoSuchFileException ended) {
                continue;
            }
        }
        throw new AssertionError("no process has a disk of " + disks);
    }

    /// The control groups of a process, of whichever hierarchies.
    private static List<String> groups(long pid) throws IOException {
        return new ArrayList<>(Files.readAllLines(Path.of("/proc/" + pid + "/cgroup")).stream().map(line -> line.replaceFirst("^\\d+:[^:]*:", "")).toList());
    }

    private static Path leads(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor);
        } catch (IOException closed) {
            return descriptor;
        }
    }

    private static String namespaces(String named) {
        return Run.of("sh", "-c", "ls /run/netns | grep -x '" + named + "' || true").ok().strip();
    }

    /// The numbers of the host's interfaces.
    private static List<String> links() {
        return Run.of("ip", "-o", "link").ok().lines().map(line -> line.replaceFirst(":.*", "")).toList();
    }

    /// The files and folders of the cluster with this in their names.
    private static List<String> named(Cluster cluster, String part) {
        return Run.of("find", cluster.root.resolve("lib").toString(), cluster.root.resolve("run").toString(), cluster.root.resolve("log").toString(), "-name", "*" + part + "*").out().lines().toList();
    }

    /// The files of the cluster, of master and node, with the secret in them, as it is or as the API shows it.
    private static List<String> holding(Cluster cluster) throws IOException {
        List<String> found = new ArrayList<>();
        for (String place : List.of("lib", "run", "log")) {
            try (Stream<Path> all = Files.walk(cluster.root.resolve(place))) {
                for (Path file : all.filter(Files::isRegularFile).toList()) {
                    if (holds(file)) {
                        found.add(file.toString());
                    }
                }
            } catch (UncheckedIOException changing) {
                throw new AssertionError("something went while it was looked at; looked at again", changing);
            }
        }
        return found;
    }

    /// Disks and memories are long and hold little.
    private static boolean holds(Path file) throws IOException {
        String shown = Base64.getEncoder().encodeToString(SECRET.getBytes(StandardCharsets.UTF_8));
        StringBuilder around = new StringBuilder();
        long[] end = {0};
        boolean[] held = {false};
        try {
            SparseFile.read(file, Files.size(file), (offset, piece) -> {
                around.delete(0, offset == end[0] ? Math.max(0, around.length() - shown.length()) : around.length());
                end[0] = offset + piece.remaining();
                around.append(StandardCharsets.ISO_8859_1.decode(piece.duplicate()));
                held[0] |= around.indexOf(SECRET) >= 0 || around.indexOf(shown) >= 0;
            });
        } catch (ErrnoException | NoSuchFileException gone) {
            return false;
        }
        return held[0];
    }
}
