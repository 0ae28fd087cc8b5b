package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricStatus;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricStatusBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricTarget;
import io.hypernetes.controllers.scaling.Usage.UnknownUsageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What the metrics of one autoscaler ask for, at one look (computeReplicasForMetrics in upstream's pkg/controller/podautoscaler/horizontal.go).
/// Not thread-safe.
final class AskedMetrics {
    private final MeasuredUse use;
    private final List<Pod> pods;
    private final Usage.Tolerance tolerance;
    private final Instant now;
    private final List<MetricStatus> statuses = new ArrayList<>();
    private final List<Failure> failures = new ArrayList<>();
    private @Nullable Proposed best;
    private int count;

    /// @param metric what asks for the most
    record Proposed(int replicas, String metric) {}

    /// A metric that cannot be had.
    ///
    /// @param reason as `FailedGetResourceMetric`
    /// @param name what it is called where several are counted
    record Failure(String reason, String name, String message) {}

    AskedMetrics(MeasuredUse use, List<Pod> pods, Usage.Tolerance tolerance, Instant now) {
        this.use = use;
        this.pods = pods;
        this.tolerance = tolerance;
        this.now = now;
    }

    void ask(List<MetricSpec> metrics, int current) {
        count = metrics.size();
        for (MetricSpec metric : metrics) {
            try {
                Proposed one = ask(metric, current);
                best = best == null || one.replicas > best.replicas ? one : best;
            } catch (UnknownUsageException unknown) {
                // It keeps its place: whoever shows what is measured beside what is wanted goes by their order.
                statuses.add(new MetricStatusBuilder().withType("").build());
                failures.add(new Failure("FailedGet" + metric.getType() + "Metric", name(metric), String.valueOf(unknown.getMessage())));
            }
        }
    }

    /// What there is of each metric, in the order of the metrics.
    List<MetricStatus> statuses() {
        return statuses;
    }

    List<Failure> failures() {
        return failures;
    }

    /// The largest of what the metrics ask for; null when none could be had, or when one could not and the others ask for less than there is.
    @Nullable Proposed proposed(int current) {
        return best == null || (!failures.isEmpty() && best.replicas < current) ? null : best;
    }

    /// Why there is nothing to go by.
    String summary() {
        return failures.isEmpty() ? "no metrics are asked for"
                : "invalid metrics (" + failures.size() + " invalid out of " + count + "), first error is: failed to get "
                        + failures.getFirst().name + " metric value: " + failures.getFirst().message;
    }

    private static String name(MetricSpec metric) {
        if (metric.getResource() != null) {
            return metric.getResource().getName() + " resource";
        }
        if (metric.getContainerResource() != null) {
            return metric.getContainerResource().getContainer() + " container";
        }
        return metric.getExternal() != null && metric.getExternal().getMetric() != null
                ? metric.getExternal().getMetric().getName() + " external"
                : metric.getType().toLowerCase(Locale.ROOT);
    }

    private Proposed ask(MetricSpec metric, int current) throws UnknownUsageException {
        if ("Resource".equals(metric.getType()) && metric.getResource() != null) {
            return ask(metric.getResource().getName(), "", metric.getResource().getTarget(), current);
        }
        if ("ContainerResource".equals(metric.getType()) && metric.getContainerResource() != null) {
            var source = metric.getContainerResource();
            return ask(source.getName(), source.getContainer(), source.getTarget(), current);
        }
        throw new UnknownUsageException("metrics of type " + metric.getType() + " are not served here: use Resource or ContainerResource");
    }

    private Proposed ask(String resource, String container, MetricTarget wanted, int current) throws UnknownUsageException {
        boolean average = wanted.getAverageValue() != null;
        Usage.Target target = new Usage.Target(average ? null : wanted.getAverageUtilization(), average ? Amounts.millis(wanted.getAverageValue()) : 0);
        if (target.utilization() == null ? target.averageMillis() <= 0 : target.utilization() <= 0) {
            throw new UnknownUsageException(
                    "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set");
        }
        Usage.Proposal proposal;
        try {
            proposal = Usage.of(resource, container, current, pods, use.of(resource, container), target, tolerance, now);
        } catch (UnknownUsageException unknown) {
            throw new UnknownUsageException("failed to get " + resource + (average ? " usage: " : " utilization: ") + unknown.getMessage());
        }
        statuses.add(status(resource, container, proposal));
        return new Proposed(proposal.replicas(), resource + (average ? " resource"
                : (container.isEmpty() ? " resource" : " container resource") + " utilization (percentage of request)"));
    }

    private static MetricStatus status(String resource, String container, Usage.Proposal proposal) {
        long millis = proposal.averageMillis();
        Quantity average = new Quantity(millis % 1000 == 0 ? String.valueOf(millis / 1000) : millis + "m");
        MetricStatusBuilder status = new MetricStatusBuilder();
        return container.isEmpty()
                ? status.withType("Resource").withNewResource().withName(resource).withNewCurrent()
                        .withAverageUtilization(proposal.utilization()).withAverageValue(average).endCurrent().endResource().build()
                : status.withType("ContainerResource").withNewContainerResource().withName(resource).withContainer(container).withNewCurrent()
                        .withAverageUtilization(proposal.utilization()).withAverageValue(average).endCurrent().endContainerResource().build();
    }
}
