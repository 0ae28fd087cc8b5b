package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerMetrics;
import io.hypernetes.cri.v1.PodSandboxMetrics;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestStats;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Metrics of all ready pods; those whose guests do not answer are left out.
final class MetricCalls {
    private static final Logger LOG = LoggerFactory.getLogger(MetricCalls.class);
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final long NANOS = 1_000_000_000L;

    private final Sandboxes sandboxes;

    MetricCalls(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<PodSandboxMetrics> all() {
        List<PodSandboxMetrics> all = new ArrayList<>();
        for (Sandbox sandbox : sandboxes.list()) {
            if (!sandbox.isReady()) {
                continue;
            }
            try {
                all.add(of(sandbox));
            } catch (GuestException | HyperdException silent) {
                LOG.info("event=no-metrics sandbox={} error=\"{}\"", sandbox.id(), silent.getMessage());
            }
        }
        return all;
    }

    private static PodSandboxMetrics of(Sandbox sandbox) {
        GuestStats stats = sandbox.guest().stats(ANSWER);
        SandboxRecord record = sandbox.record();
        SandboxRecord.Identity pod = record.identity();
        long at = stats.takenNanos();
        PodSandboxMetrics.Builder metrics = PodSandboxMetrics.newBuilder().setPodSandboxId(record.id());
        List<String> ofPod = List.of(record.id(), "", "", pod.name(), pod.namespace(), "");
        stats.pod().interfaces().forEach(device -> metrics.addAllMetrics(MetricTable.of(device, ofPod, at)));
        for (Container container : sandbox.containers()) {
            GuestStats.Usage usage = stats.containers().get(container.id());
            ContainerRecord kept = container.record();
            if (usage == null || kept.state() != ContainerRecord.State.RUNNING) {
                continue;
            }
            String name = kept.identity().name();
            List<String> labels = List.of(kept.id(), name, name, pod.name(), pod.namespace(), kept.image().asked());
            metrics.addContainerMetrics(ContainerMetrics.newBuilder()
                    .setContainerId(kept.id())
                    .addAllMetrics(MetricTable.of(new MetricTable.Subject(kept, usage, stats.pod(), at / NANOS), labels, at)));
        }
        return metrics.build();
    }
}
