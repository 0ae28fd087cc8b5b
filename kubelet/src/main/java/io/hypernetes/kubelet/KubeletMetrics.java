package io.hypernetes.kubelet;

import io.hypernetes.kubelet.pod.StartTime;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// What a kubelet counts, under the names that upstream's has. No label tells pods or tenants apart. Safe for use by many threads.
public final class KubeletMetrics {
    // Upstream's boundaries, for dashboards that know them.
    private static final double[] SECONDS = {
        0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600
    };

    private final Histogram all;
    private final Histogram withoutPulls;

    public KubeletMetrics(PrometheusRegistry registry) {
        all = Histogram.builder()
                .name("kubelet_pod_start_duration_seconds")
                .help("Duration from the binding of a pod to this node to its containers being started.")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
        withoutPulls = Histogram.builder()
                .name("kubelet_pod_start_sli_duration_seconds")
                .help("The same without the time that images took to come.")
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
    }

    /// A pod's containers run.
    public void podStarted(StartTime took) {
        if (took.all().isPositive()) {
            all.observe(seconds(took.all()));
            withoutPulls.observe(seconds(took.withoutPulls()));
        }
    }

    private static double seconds(java.time.Duration time) {
        return time.toNanos() / 1e9;
    }
}
