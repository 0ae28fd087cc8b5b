package io.hypernetes.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TimelineTest {
    private final List<Step> told = new ArrayList<>();
    private final Timeline timeline = new Timeline("hyperd", 8, told::add, Clock.systemUTC());

    @Test
    void partsKnowTheWhole() {
        try (Timeline.Running whole = timeline.begin("RunPodSandbox", "")) {
            assertThat(whole.timed("disk", () -> 7)).isEqualTo(7);
            assertThatThrownBy(() -> whole.step("boot", () -> { throw new IllegalStateException("no kernel"); })).hasMessage("no kernel");
        }
        assertThat(timeline.steps()).extracting(Step::name).containsExactly("disk", "boot", "RunPodSandbox");
        Step whole = timeline.steps().getLast();
        assertThat(timeline.steps()).extracting(Step::parentId).containsExactly(whole.at().spanId(), whole.at().spanId(), "");
        assertThat(timeline.steps()).extracting(Step::error).containsExactly("", "no kernel", "");
        assertThat(whole.nanos()).isGreaterThanOrEqualTo(timeline.steps().getFirst().nanos());
        assertThat(told).isEqualTo(timeline.steps());
    }

    @Test
    void howItBeganAndWhatWasLastIsKept() {
        for (int i = 0; i < 20; i++) {
            timeline.begin("step " + i, "").close();
        }
        assertThat(timeline.steps()).extracting(Step::name)
                .containsExactly("step 0", "step 1", "step 2", "step 3", "step 16", "step 17", "step 18", "step 19");
        assertThat(timeline.dropped()).isEqualTo(12);
    }

    @Test
    void aCallOnSomebodysBehalfIsPartOfHisTrace() {
        TraceContext kubelet = TraceContext.fresh();
        Step before = new Step(kubelet.next(), "", "kubelet", "image pull", 5, 7, Map.of(Caller.OF, "a/b:1, c;d=e%"), "");
        Caller sent = new Caller(kubelet, List.of(before));
        Caller received = Caller.parse(kubelet.header(), sent.baggage());
        assertThat(received).isEqualTo(sent);
        received.call(() -> timeline.begin("CreateContainer", "web")).close();
        assertThat(timeline.steps().getFirst()).isEqualTo(before);
        assertThat(timeline.steps().getLast().parentId()).isEqualTo(kubelet.spanId());
        assertThat(timeline.steps().getLast().at().traceId()).isEqualTo(kubelet.traceId());
        timeline.begin("alone", "").close();
        assertThat(timeline.steps().getLast().at().traceId()).isEqualTo(kubelet.traceId());
        assertThat(Caller.current()).isEqualTo(Caller.NONE);
    }

    @Test
    void headersOfOthersAreReadAsFarAsTheyMakeSense() {
        String good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assertThat(TraceContext.parse(good)).isPresent();
        assertThat(TraceContext.parse("01" + good.substring(2) + "-more")).isPresent();
        for (String bad : List.of("", "x", good + "-more", "ff" + good.substring(2), good.replace("4bf9", "4BF9"), good.replace('-', '_'),
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")) {
            assertThat(TraceContext.parse(bad)).as(bad).isEmpty();
        }
        assertThat(Caller.parse(good, "k=v,hypernetes.step.zz=a,hypernetes.step.00f067aa0ba902b7=%,=;=,hypernetes.step.00f067aa0ba902b7=a;start=1;took=-1").told()).isEmpty();
        assertThat(Caller.parse(good, "hypernetes.step.00f067aa0ba902b7=a;start=1;took=2".repeat(1)).told()).hasSize(1);
        assertThat(Caller.parse(good, "hypernetes.step.00f067aa0ba902b7=a;start=1;took=2,".repeat(100)).told()).hasSize(32);
        assertThat(Caller.parse(good, "x".repeat(9000)).told()).isEmpty();
    }

    @Test
    void metricsAreServedAndLabelsBounded() throws Exception {
        PrometheusRegistry registry = new PrometheusRegistry();
        StepMetrics metrics = new StepMetrics("hyperd", registry);
        Timeline measured = new Timeline("hyperd", 8, metrics, Clock.systemUTC());
        for (int i = 0; i < 200; i++) {
            measured.begin("step " + i, "").close();
        }
        try (MetricsServer server = new MetricsServer(new InetSocketAddress("127.0.0.1", 0), registry); HttpClient http = HttpClient.newHttpClient()) {
            URI base = URI.create("http://127.0.0.1:" + server.address().getPort());
            HttpResponse<String> answer = http.send(HttpRequest.newBuilder(base.resolve("/metrics")).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
            assertThat(answer.body().lines().filter(line -> line.startsWith("hyperd_step_duration_seconds_count{"))).hasSize(65);
            assertThat(answer.body()).contains("hyperd_step_duration_seconds_count{step=\"other\"} 136");
            assertThat(http.send(HttpRequest.newBuilder(base.resolve("/metricsx")).build(), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(404);
        }
    }
}
