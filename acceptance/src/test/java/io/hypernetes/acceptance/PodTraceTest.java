package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What the start of a pod was made of, as a person asks for it, and the metrics of both processes.
@ExtendWith(SharedCluster.class)
class PodTraceTest {

    @Test
    void theStartOfAPodIsDrawnFromTheBindingToTheFirstOutput(Cluster cluster) throws Exception {
        cluster.runShell("traced", "echo hello; sleep 1000");
        cluster.awaitRunning("traced");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            Run drawn = cluster.hypernetes("pod", "trace", "traced");
            assertThat(drawn.ok())
                    .contains("default/traced", "kubelet: bound to seen", "kubelet: sandbox", "RunPodSandbox", "network", "disk", "plan", "kubelet: image", "CreateContainer", "StartContainer", "first output", "█")
                    .doesNotContain("\u001b");
            assertThat(drawn.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
        });
        assertThat(cluster.hypernetes("pod", "trace", "traced", "-o", "json").ok()).contains("\"startNanos\"", "\"RunPodSandbox\"");
        assertThat(metrics(cluster, "node-metrics-port"))
                .contains("kubelet_pod_start_duration_seconds_count", "hyperd_step_duration_seconds_count{step=\"RunPodSandbox\"}", "hyperd_machine_starts_total{start=\"cold\"}", "jvm_memory_used_bytes")
                .doesNotContain("traced");
        assertThat(metrics(cluster, "master-metrics-port"))
                .contains("jvm_memory_used_bytes", "apiserver_request_duration_seconds_count{resource=\"pods\",verb=\"create\"}", "apiserver_request_total{code=\"201\"")
                .doesNotContain("traced", "verb=\"watch\",le=");
        assertThat(cluster.kubectl("get", "--raw", "/metrics")).contains("apiserver_current_inflight_requests");
        cluster.delete("traced");
        Run gone = cluster.hypernetes("pod", "trace", "traced");
        assertThat(gone.exitCode()).isEqualTo(64);
        assertThat(gone.err()).contains("no pod traced of namespace default", "status");
    }

    private static String metrics(Cluster cluster, String setting) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + cluster.setting(setting) + "/metrics");
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString()).body();
        }
    }
}
