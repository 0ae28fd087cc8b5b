package io.hypernetes.cli;

import io.hypernetes.hyperd.Hyperd;
import io.hypernetes.telemetry.MetricsServer;
import io.hypernetes.telemetry.OtlpExporter;
import io.hypernetes.telemetry.StepMetrics;
import io.hypernetes.telemetry.StepSink;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.instrumentation.jvm.JvmBufferPoolMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmClassLoadingMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmCompilationMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryPoolAllocationMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a process is measured with: metrics served on loopback, and spans sent to a collector when the settings name one.
final class Instruments implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Instruments.class);

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final @Nullable OtlpExporter exporter;
    private @Nullable MetricsServer server;

    Instruments(Settings settings) {
        ofTheMachine(registry);
        String endpoint = settings.text("otlp-endpoint");
        if (!endpoint.isEmpty() && !endpoint.matches("https?://[^\\s/]+.*")) {
            throw new UsageException("setting otlp-endpoint is '" + endpoint + "'; it must be the address of a collector, like http://127.0.0.1:4318");
        }
        exporter = endpoint.isEmpty() ? null : new OtlpExporter(endpoint, Map.of("host.name", settings.text("node-name", HostAddresses.hostName())));
        if (exporter != null) {
            OtlpExporter counted = exporter;
            counter("hypernetes_spans_dropped_total", "Spans that nobody will see: the collector did not take them in time.", counted::dropped);
            counter("hypernetes_spans_sent_total", "Spans that the collector has taken.", counted::sent);
        }
    }

    /// All that the library knows of its Java virtual machine, but for native memory: that is measured only when the machine is told to by an option, and to
    /// ask whether it is takes a tenth of a second of a start.
    private static void ofTheMachine(PrometheusRegistry registry) {
        JvmBufferPoolMetrics.builder().register(registry);
        JvmClassLoadingMetrics.builder().register(registry);
        JvmCompilationMetrics.builder().register(registry);
        JvmGarbageCollectorMetrics.builder().register(registry);
        JvmMemoryMetrics.builder().register(registry);
        JvmMemoryPoolAllocationMetrics.builder().register(registry);
        JvmRuntimeInfoMetric.builder().register(registry);
        JvmThreadsMetrics.builder().register(registry);
        ProcessMetrics.builder().register(registry);
    }

    PrometheusRegistry registry() {
        return registry;
    }

    /// Where the steps of pods' starts go.
    StepSink steps() {
        StepSink counted = new StepMetrics("hyperd", registry);
        return exporter == null ? counted : counted.and(exporter);
    }

    /// Adds what an engine tells of itself.
    void show(Hyperd hyperd) {
        CounterWithCallback.builder()
                .name("hyperd_machine_starts_total")
                .help("Machines started, by how: cold, or as a copy of a template.")
                .labelNames("start")
                .callback(counter -> {
                    Map<String, Long> starts = hyperd.starts();
                    counter.call(starts.getOrDefault("coldStarts", 0L), "cold");
                    counter.call(starts.getOrDefault("copies", 0L), "copy");
                })
                .register(registry);
        CounterWithCallback.builder()
                .name("hyperd_templates_retired_total")
                .help("Templates that make no more copies: one of them crashed, or they had served long enough.")
                .labelNames("reason")
                .callback(counter -> {
                    Map<String, Long> starts = hyperd.starts();
                    counter.call(starts.getOrDefault("crashedTemplates", 0L), "crash");
                    counter.call(starts.getOrDefault("renewedTemplates", 0L), "served");
                })
                .register(registry);
        gauge("hyperd_templates", "Templates that machines can be copied from.", () -> hyperd.starts().getOrDefault("templates", 0L));
        gauge("hyperd_template_bytes", "Memory that templates hold.", () -> hyperd.starts().getOrDefault("templateBytes", 0L));
        gauge("hyperd_sandboxes", "Sandboxes, ready or not.", () -> hyperd.inventory().records().size());
        gauge("hyperd_machines", "Virtual machines of sandboxes.", () -> hyperd.inventory().running().size());
        gauge("hyperd_leaks", "Things that belong to no pod; pods that are being made or removed just now may show.", () -> hyperd.leaks().size());
    }

    /// Serves the metrics. A port that is taken costs the metrics, not the process.
    ///
    /// @param portSetting names the setting that has the port
    Instruments serve(Settings settings, String portSetting) {
        String address = settings.text("metrics-address");
        if (address.isEmpty()) {
            return this;
        }
        int port = settings.port(portSetting);
        try {
            server = new MetricsServer(new InetSocketAddress(address, port), registry);
        } catch (IOException taken) {
            LOG.warn("event=no-metrics address={}:{} error=\"{}\" effect=\"this process serves no metrics\" hint=\"set {} to a free port\"",
                    address, port, taken.getMessage(), portSetting);
        }
        return this;
    }

    private interface Reading {
        double now();
    }

    private void gauge(String name, String help, Reading reading) {
        GaugeWithCallback.builder().name(name).help(help).callback(gauge -> gauge.call(reading.now())).register(registry);
    }

    private void counter(String name, String help, Reading reading) {
        CounterWithCallback.builder().name(name).help(help).callback(counter -> counter.call(reading.now())).register(registry);
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
        if (exporter != null) {
            exporter.close();
        }
    }
}
