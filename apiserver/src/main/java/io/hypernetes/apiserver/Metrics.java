package io.hypernetes.apiserver;

import io.hypernetes.apiserver.http.Exchange;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Set;

/// Counts requests, under the names that upstream's API server has. Labels come from closed sets, so memory is bounded; no tenant is named.
final class Metrics {
    /// Last as long as their clients want, so that their length tells nothing of the server.
    private static final Set<String> LONG_RUNNING = Set.of("pods/exec", "pods/attach", "pods/portforward", "pods/log", "pods/proxy");
    // Upstream's boundaries, as far as they are apart.
    private static final double[] SECONDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 20, 30, 60};

    private final PrometheusRegistry registry;
    private final Counter requests;
    private final Histogram durations;
    private final Gauge inFlight;

    Metrics(PrometheusRegistry registry) {
        this.registry = registry;
        requests = Counter.builder()
                .name("apiserver_request_total")
                .help("Requests by verb, resource and answer.")
                .labelNames("verb", "resource", "code")
                .register(registry);
        durations = Histogram.builder()
                .name("apiserver_request_duration_seconds")
                .help("How long requests took, without those that last as long as their clients want.")
                .labelNames("verb", "resource")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
        inFlight = Gauge.builder()
                .name("apiserver_current_inflight_requests")
                .help("Requests under way.")
                .register(registry);
    }

    void began() {
        inFlight.inc();
    }

    void ended(String verb, String resource, int code, long nanos) {
        inFlight.dec();
        requests.labelValues(verb, resource, Integer.toString(code)).inc();
        if (!verb.equals("watch") && !LONG_RUNNING.contains(resource)) {
            durations.labelValues(verb, resource).observe(nanos / 1e9);
        }
    }

    void serve(Exchange http) throws IOException {
        var writer = ExpositionFormats.init().findWriter(http.header("Accept").orElse(""));
        var text = new ByteArrayOutputStream();
        writer.write(text, registry.scrape());
        http.send(200, writer.getContentType(), text.toByteArray());
    }
}
