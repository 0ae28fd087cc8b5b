package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/// A pod from `kubectl apply` to `kubectl delete`.
@ExtendWith(SharedCluster.class)
@Isolated("it counts machines")
class PodLifeTest {

    @Test
    void theNodeIsReady(Cluster cluster) {
        assertThat(cluster.kubectl("get", "nodes", "--no-headers")).containsPattern("\\sReady\\s");
    }

    @Test
    void masterAndNodeStartFromTheCachesThatTheBuildMade(Cluster cluster) throws IOException {
        for (String process : List.of("master", "node")) {
            String cache = process.equals("master") ? "/hypernetes-master.aot" : "/hypernetes.aot";
            List<ProcessHandle> found = cluster.processes("io.hypernetes.cli.Hypernetes " + process);
            assertThat(found).as(process).isNotEmpty();
            for (ProcessHandle running : found) {
                assertThat(Files.readString(Path.of("/proc/" + running.pid() + "/maps"))).as(process).contains(cache);
            }
        }
    }

    @Test
    void helloRunsInItsOwnKernelAndLeavesNothing(Cluster cluster) {
        int machinesBefore = cluster.machines().size();
        cluster.kubectl("apply", "-f", Cluster.checkout().resolve("examples/hello.yaml").toString());
        cluster.awaitRunning("hello");

        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.machines()).hasSize(machinesBefore + 1));
        assertThat(cluster.kubectl("get", "pods", "-o", "wide", "--no-headers")).containsPattern("hello\\s+1/1\\s+Running\\s+0\\s.*" + cluster.podAddressesPrefix());
        String guestKernel = cluster.kubectl("exec", "hello", "--", "uname", "-r").trim();
        assertThat(guestKernel).isNotEmpty().isNotEqualTo(Run.of("uname", "-r").ok().trim());
        assertThat(cluster.kubectl("exec", "hello", "--", "hostname").trim()).isEqualTo("hello");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl("logs", "hello"))
                .startsWith("hello from kernel " + guestKernel)
                .contains("tick 2"));
        assertThat(cluster.kubectl("describe", "pod", "hello"))
                .contains("Scheduled", "Pulled", "Created", "Started", "hypernetes.io/sample/busybox:1");

        cluster.delete("hello");
        assertThat(cluster.kubectlRun("get", "pod", "hello").err()).contains("(NotFound)");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.machines()).hasSize(machinesBefore));
        assertThat(cluster.hypernetes("doctor", "-o", "json").ok()).contains("\"leaks\" : [ ]");
    }

    @Test
    void followedLogsEndWithTheContainer(Cluster cluster) {
        cluster.apply(Cluster.shellPod("counts", "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; exit 7", "Never"));
        cluster.awaitPod("counts", "{.status.phase}", phase -> phase.matches("Running|Failed"));
        assertThat(cluster.kubectl("logs", "-f", "counts")).isEqualTo("line 1\nline 2\nline 3\nline 4\nline 5\n");
        cluster.awaitPod("counts", "{.status.phase}", "Failed"::equals);
        assertThat(cluster.kubectl("get", "pod", "counts", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}/{.status.containerStatuses[0].state.terminated.reason}"))
                .isEqualTo("7/Error");
        cluster.delete("counts");
    }

    @Test
    void aPodThatEndsWellHasSucceeded(Cluster cluster) {
        cluster.apply(Cluster.shellPod("fine", "echo done", "OnFailure"));
        cluster.awaitPod("fine", "{.status.phase}/{.status.containerStatuses[0].state.terminated.exitCode}", "Succeeded/0"::equals);
        assertThat(cluster.kubectl("get", "pod", "fine", "--no-headers")).contains("Completed");
        cluster.delete("fine");
    }

    @Test
    void execPassesTheExitCodeOn(Cluster cluster) {
        cluster.runShell("exits", "sleep 1000");
        cluster.awaitRunning("exits");
        assertThat(cluster.kubectlRun("exec", "exits", "--", "sh", "-c", "echo out; echo err >&2; exit 42"))
                .satisfies(run -> assertThat(run.exitCode()).isEqualTo(42))
                .satisfies(run -> assertThat(run.out()).isEqualTo("out\n"))
                .satisfies(run -> assertThat(run.err()).startsWith("err\n"));
        cluster.delete("exits");
    }

    @Test
    void kubectlRunWorks(Cluster cluster) {
        cluster.kubectl("run", "typed", "--image=" + Cluster.SAMPLE, "--restart=Never", "--", "sh", "-c", "echo typed; sleep 1000");
        cluster.awaitRunning("typed");
        Awaitility.await().untilAsserted(() -> assertThat(cluster.kubectl("logs", "typed")).isEqualTo("typed\n"));
        cluster.kubectl("delete", "pod", "typed", "--grace-period=1");
    }
}
