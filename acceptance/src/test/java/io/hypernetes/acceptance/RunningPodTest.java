package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What people do with a pod that runs: look at what it uses, debug it, give it more.
@ExtendWith(SharedCluster.class)
class RunningPodTest {

    @BeforeAll
    static void aPod(Cluster cluster) {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: steady, labels: {app: steady}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %s
                    command: [sh, -c, 'exec sleep 12345']
                    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 500m, memory: 64Mi}}
                """.formatted(Cluster.SAMPLE));
        cluster.awaitRunning("steady");
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.delete("steady");
    }

    @Test
    void topTellsWhatPodsAndNodesUse(Cluster cluster) {
        assertThat(cluster.kubectl("top", "pods", "-l", "app=steady", "--no-headers")).containsPattern("steady +\\d+m +\\d+Mi");
        assertThat(cluster.kubectl("top", "pod", "steady", "--containers", "--no-headers")).containsPattern("steady +main +\\d+m +\\d+Mi");
        assertThat(cluster.kubectl("top", "nodes", "--no-headers")).containsPattern("\\d+m +\\d+% +\\d+Mi +\\d+%");
        assertThat(cluster.kubectl("get", "pods.metrics.k8s.io", "steady", "--no-headers")).containsPattern("steady +\\d+n +\\d+Ki +[\\d.]+s");
        assertThat(cluster.kubectlRun("get", "pods.metrics.k8s.io", "nobody").err()).contains("NotFound");
    }

    @Test
    void debugAddsAContainerThatSeesTheProcesses(Cluster cluster) {
        cluster.kubectl("debug", "steady", "--image=" + Cluster.SAMPLE, "--image-pull-policy=IfNotPresent", "--target=main", "-c", "debugger", "--", "sh", "-c", "ps -o args; exit 4");
        cluster.awaitPod("steady", "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}", "4"::equals);
        assertThat(cluster.kubectl("logs", "steady", "-c", "debugger")).contains("sleep 12345");
        assertThat(cluster.kubectl("get", "pod", "steady", "-o", "jsonpath={.status.phase}/{.status.containerStatuses[0].restartCount}")).isEqualTo("Running/0");
    }

    /// To the kubelet it is a pause, and no more.
    @Test
    void aCheckpointTakesAPodBackUnderItsKubelet(Cluster cluster) {
        String is = "{.status.phase} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.podIP}";
        String before = cluster.kubectl("get", "pod", "steady", "-o", "jsonpath=" + is);
        cluster.kubectl("exec", "steady", "-c", "main", "--", "sh", "-c", "echo before > /tmp/when");
        assertThat(cluster.hypernetes("pod", "checkpoint", "steady", "--name", "steady-before").ok()).contains("steady-before");
        cluster.kubectl("exec", "steady", "-c", "main", "--", "sh", "-c", "echo after > /tmp/when");
        assertThat(cluster.hypernetes("pod", "restore", "steady-before").err()).contains("runs").contains("replace");
        cluster.hypernetes("pod", "restore", "steady-before", "--replace").ok();
        assertThat(cluster.kubectl("exec", "steady", "-c", "main", "--", "cat", "/tmp/when")).isEqualTo("before\n");
        assertThat(cluster.kubectl("get", "pod", "steady", "-o", "jsonpath=" + is)).isEqualTo(before);
        assertThat(cluster.hypernetes("pod", "checkpoints").ok()).contains("steady-before");
        cluster.hypernetes("pod", "checkpoints", "--remove", "steady-before").ok();
    }

    @Test
    void limitsAreReplacedThroughTheirPartOfThePod(Cluster cluster) {
        String pod = cluster.kubectl("get", "pod", "steady", "-o", "json");
        assertThat(pod).contains("\"cpu\": \"500m\"");
        cluster.kubectlWithInput(pod.replace("\"cpu\": \"500m\"", "\"cpu\": \"400m\"").replace("\"app\": \"steady\"", "\"app\": \"other\""), "replace", "--subresource=resize", "-f", "-");
        cluster.awaitPod("steady", "{.status.containerStatuses[0].resources.limits.cpu}", "400m"::equals);
        assertThat(cluster.kubectl("exec", "steady", "--", "cat", "/sys/fs/cgroup/cpu.max")).isEqualTo("40000 100000\n");
        assertThat(cluster.kubectl("get", "pod", "steady", "-o", "jsonpath={.metadata.labels.app} {.status.containerStatuses[0].restartCount}")).as("nothing else was").isEqualTo("steady 0");
    }

    @Test
    void limitsGrowWhileItRuns(Cluster cluster) {
        cluster.kubectl("patch", "pod", "steady", "--subresource=resize", "-p",
                "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":{\"requests\":{\"memory\":\"80Mi\"},\"limits\":{\"memory\":\"80Mi\"}}}]}}");
        cluster.awaitPod("steady", "{.status.containerStatuses[0].resources.limits.memory}", "80Mi"::equals);
        assertThat(cluster.kubectl("exec", "steady", "--", "cat", "/sys/fs/cgroup/memory.max").trim()).isEqualTo(String.valueOf(80L << 20));
        assertThat(cluster.kubectl("get", "pod", "steady", "-o", "jsonpath={.status.containerStatuses[0].restartCount}")).isEqualTo("0");

        cluster.kubectl("patch", "pod", "steady", "--subresource=resize", "-p",
                "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":{\"limits\":{\"memory\":\"9Ti\"},\"requests\":{\"memory\":\"9Ti\"}}}]}}");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                        cluster.kubectl("get", "pod", "steady", "-o", "jsonpath={.status.conditions[?(@.type==\"PodResizePending\")].reason}"))
                .isEqualTo("Infeasible"));
        cluster.kubectl("patch", "pod", "steady", "--subresource=resize", "-p",
                "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":{\"limits\":{\"memory\":\"80Mi\"},\"requests\":{\"memory\":\"80Mi\"}}}]}}");
        cluster.awaitPod("steady", "{.status.conditions[?(@.type==\"PodResizePending\")].reason}", String::isEmpty);
    }
}
