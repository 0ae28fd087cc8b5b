package io.hypernetes.telemetry;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Counts steps by their names, whose number is bounded. Safe for use by many threads.
public final class StepMetrics implements StepSink {
    private static final int MOST_NAMES = 64;
    private static final double[] SECONDS = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    private final Set<String> names = ConcurrentHashMap.newKeySet();
    private final Histogram durations;
    private final Counter failures;

    /// @param prefix begins the metrics' names, as `hyperd`
    public StepMetrics(String prefix, PrometheusRegistry registry) {
        durations = Histogram.builder()
                .name(prefix + "_step_duration_seconds")
                .help("How long each step of a pod's start took.")
                .labelNames("step")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
        failures = Counter.builder()
                .name(prefix + "_step_failures_total")
                .help("Steps of a pod's start that failed.")
                .labelNames("step")
                .register(registry);
    }

    @Override
    public void accept(Step step) {
        String name = names.contains(step.name()) || names.size() < MOST_NAMES && names.add(step.name()) ? step.name() : "other";
        String label = name.replace(' ', '_');
        durations.labelValues(label).observe(step.nanos() / 1e9);
        if (!step.error().isEmpty()) {
            failures.labelValues(label).inc();
        }
    }
}
