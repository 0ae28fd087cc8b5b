package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every process of Hypernetes is killed at once; the pods do not notice. On a cluster of its own, for it ends it and begins it anew.
@Order(3)
class CrashTest {
    private static final String COUNTS = """
            i=0
            while true; do
              n=0
              while [ $n -lt 100 ]; do i=$((i + 1)); n=$((n + 1)); echo $i; done
              sleep 0.1
            done
            """;

    @Test
    void podsOutliveTheirManagers(@TempDir Path folder) throws Exception {
        try (Cluster cluster = Cluster.at(folder.resolve("cluster"), 93)) {
            cluster.up().ok();
            outliveThem(cluster);
        }
    }

    private static void outliveThem(Cluster cluster) throws Exception {
        cluster.runShell("counts", COUNTS);
        cluster.runShell("stays", "sleep 100000");
        cluster.awaitRunning("counts");
        cluster.awaitRunning("stays");
        // The machine of a pod that ends while nobody looks may go at once; those of the others must stay.
        List<Long> machines = cluster.machines().stream().map(ProcessHandle::pid).sorted().toList();
        cluster.apply(Cluster.shellPod("exits", "while [ ! -e /tmp/go ]; do sleep 0.2; done; sleep 4; exit 9", "Never"));
        cluster.awaitRunning("exits");
        Awaitility.await().until(() -> lines(cluster, "counts").size() > 500);

        String uids = uids(cluster);
        double uptime = uptime(cluster);
        Process oldSession = spliced(cluster, "old session");
        cluster.kubectl("exec", "exits", "--", "touch", "/tmp/go");

        Instant killed = Instant.now();
        for (String process : List.of("master", "node")) {
            List<ProcessHandle> handles = cluster.processes("io.hypernetes.cli.Hypernetes " + process);
            assertThat(handles).as(process).hasSize(1);
            handles.getFirst().destroyForcibly();
            handles.getFirst().onExit().join();
        }
        assertThat(oldSession.onExit().join().exitValue()).as("an exec through a killed server fails").isNotZero();
        // The container's own clock is all that can tell that it has ended: nobody is there to be asked.
        Awaitility.await().pollDelay(Duration.ofSeconds(8)).until(() -> Instant.now().isAfter(killed.plusSeconds(8)));

        cluster.up().ok();
        assertThat(uids(cluster)).isEqualTo(uids);
        assertThat(cluster.machines().stream().map(ProcessHandle::pid).sorted().toList()).containsAll(machines);
        assertThat(uptime(cluster)).isGreaterThan(uptime + 8);

        Process newSession = spliced(cluster, "new session");
        newSession.getOutputStream().close();
        assertThat(new String(newSession.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("new session\n");
        assertThat(newSession.waitFor()).isZero();

        cluster.awaitPod("exits", "{.status.phase}/{.status.containerStatuses[0].state.terminated.exitCode}", "Failed/9"::equals);
        assertThat(cluster.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")).matches("0( 0)*");

        int seen = lines(cluster, "counts").size();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> lines(cluster, "counts").size() > seen + 1000);
        List<String> all = lines(cluster, "counts");
        assertThat(all).isEqualTo(IntStream.rangeClosed(1, all.size()).mapToObj(Integer::toString).toList());

        // Both are replaced while the pods run, and what the master held was copied before.
        List<Long> running = cluster.machines().stream().map(ProcessHandle::pid).sorted().toList();
        assertThat(running).isNotEmpty();
        assertThat(cluster.hypernetes(Duration.ofMinutes(2), "upgrade").ok()).containsPattern("([0-9]+) of \\1 containers went on running");
        assertThat(cluster.hypernetes("restore", "--check", cluster.root.resolve("lib/before-upgrade.backup").toString()).ok()).contains("everything", "it is good");
        assertThat(cluster.machines().stream().map(ProcessHandle::pid).sorted().toList()).containsAll(running);

        runWithDisk(cluster, "monday");
        cluster.hypernetes(Duration.ofMinutes(2), "down").ok();
        moveByBackup(cluster);
        // What `up` says after a `down` is true of now, not of what was.
        cluster.up().ok();
        assertThat(cluster.kubectl("exec", "first-light", "--", "echo", "here")).isEqualTo("here\n");
        cluster.awaitRunning("keeps");
        assertThat(cluster.kubectl("exec", "keeps", "--", "cat", "/data/word")).isEqualTo("monday\n");
        assertThat(mebibytes(cluster)).isGreaterThan(100);
    }

    /// A pod that has written to its disk, which has become larger meanwhile.
    private static void runWithDisk(Cluster cluster, String word) {
        cluster.apply("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: kept}
                spec:
                  accessModes: [ReadWriteOnce]
                  resources: {requests: {storage: 64Mi}}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: keeps}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %s
                    command: [sleep, "100000"]
                    volumeMounts: [{name: data, mountPath: /data}]
                  volumes:
                  - name: data
                    persistentVolumeClaim: {claimName: kept}
                """.formatted(Cluster.SAMPLE));
        cluster.awaitRunning("keeps");
        assertThat(mebibytes(cluster)).isLessThan(64);
        cluster.kubectl("exec", "keeps", "--", "sh", "-c", "echo " + word + " > /data/word; sync");
        cluster.kubectl("patch", "pvc", "kept", "--patch", "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"128Mi\"}}}}");
        cluster.kubectl("wait", "pvc", "kept", "--for=jsonpath={.status.capacity.storage}=128Mi", "--timeout=60s");
        assertThat(mebibytes(cluster)).isGreaterThan(100);
        assertThat(cluster.kubectl("get", "pod", "keeps", "-o", "jsonpath={.status.containerStatuses[0].restartCount}")).isEqualTo("0");
        assertThat(cluster.kubectl("describe", "pvc", "kept")).contains("FileSystemResizeSuccessful").doesNotContain("FileSystemResizePending");
    }

    private static long mebibytes(Cluster cluster) {
        return Long.parseLong(cluster.kubectl("exec", "keeps", "--", "sh", "-c", "df -m /data | tail -n 1").strip().split(" +")[1]);
    }

    /// All that the machine has of the cluster that is down is lost, and comes back from a backup.
    private static void moveByBackup(Cluster cluster) throws IOException {
        String backup = cluster.root.resolve("all.backup").toString();
        assertThat(cluster.hypernetes("backup", backup, "--with-disks").ok()).doesNotContain("kept");
        for (String part : List.of("lib", "run")) {
            Run.of("rm", "-rf", cluster.root.resolve(part).toString()).ok();
        }
        cluster.hypernetes("restore", backup).ok();
    }

    /// An exec of `cat` that has already echoed a line.
    private static Process spliced(Cluster cluster, String line) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(cluster.kubectlCommand("exec", "-i", "stays", "--", "cat"));
        builder.environment().putAll(cluster.environment());
        Process kubectl = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        kubectl.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        kubectl.getOutputStream().flush();
        return kubectl;
    }

    private static String uids(Cluster cluster) {
        return cluster.kubectl("get", "pods", "-A", "-o", "jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}");
    }

    private static double uptime(Cluster cluster) {
        return Double.parseDouble(cluster.kubectl("exec", "stays", "--", "cat", "/proc/uptime").split(" ")[0]);
    }

    /// What the container printed, read from the log file itself, whole lines only.
    private static List<String> lines(Cluster cluster, String pod) throws IOException {
        try (var files = Files.walk(cluster.root.resolve("log/pods"))) {
            Path log = files.filter(file -> file.toString().contains("_" + pod + "_") && file.toString().endsWith("main/0.log")).findFirst().orElseThrow();
            return Files.readAllLines(log).stream().filter(line -> line.contains(" F ")).map(line -> line.split(" ", 4)[3]).toList();
        }
    }
}
