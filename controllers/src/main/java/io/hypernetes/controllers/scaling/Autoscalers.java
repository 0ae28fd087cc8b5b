package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatus;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatusBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricStatus;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricStatusBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricTarget;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.Scales;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Sizes what each HorizontalPodAutoscaler points at, by the use of cpu and memory that `metrics.k8s.io` tells.
public final class Autoscalers implements Controller {
    private static final double TOLERANCE = 0.1;

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private final Duration period;
    private final MeasuredUse use;
    private final Scales scales;
    private final Map<ObjectKey, Behavior> behaviors = new ConcurrentHashMap<>();
    private Caches caches;
    private Index<Pod> pods;

    /// @param period how often each looks at the use
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public Autoscalers(Client client, EventRecorder events, InstantSource clock, Duration period) {
        this.client = client;
        this.use = new MeasuredUse(client);
        this.scales = new Scales(client);
        this.events = events;
        this.clock = clock;
        this.period = period;
    }

    @Override
    public String name() {
        return "horizontal-pod-autoscaler";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.pods = caches.byNamespace(Kind.POD);
        caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).handler(new Informer.Handler<>() {
            @Override
            public void added(HorizontalPodAutoscaler object) {
                wake.accept(ObjectKey.of(object));
            }

            @Override
            public void updated(HorizontalPodAutoscaler before, HorizontalPodAutoscaler now) {
                // Not by what it writes itself: each look would lead to the next.
                if (!Objects.equals(before.getSpec(), now.getSpec())) {
                    wake.accept(ObjectKey.of(now));
                }
            }

            @Override
            public void deleted(HorizontalPodAutoscaler last) {
                wake.accept(ObjectKey.of(last));
            }
        });
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        HorizontalPodAutoscaler autoscaler = caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key).orElse(null);
        if (autoscaler == null) {
            behaviors.remove(key);
            return Optional.empty();
        }
        new Look(key, autoscaler).take();
        return Optional.of(period);
    }

    /// One look of one autoscaler.
    private final class Look {
        private final ObjectKey key;
        private final HorizontalPodAutoscaler autoscaler;
        private final Instant now = clock.instant();
        private final ScalingConditions conditions;
        private final List<MetricStatus> metrics = new ArrayList<>();

        Look(ObjectKey key, HorizontalPodAutoscaler autoscaler) {
            this.key = key;
            this.autoscaler = autoscaler;
            this.conditions = new ScalingConditions(autoscaler.getStatus(), now);
        }

        void take() {
            var target = autoscaler.getSpec().getScaleTargetRef();
            ObjectKey name = new ObjectKey(key.tenant(), key.namespace(), target.getName());
            Kind<GenericKubernetesResource> kind;
            JsonNode scale;
            try {
                Scales.Target found = scales.target(key.tenant(), String.valueOf(target.getApiVersion()), target.getKind())
                        .orElseThrow(() -> new IllegalStateException("no matches for kind \"" + target.getKind() + "\" in group \""
                                + Caches.groupOf(String.valueOf(target.getApiVersion())) + "\""));
                kind = found.kind();
                scale = scales.read(found, name).orElseThrow(() -> new IllegalStateException(
                        kind.plural() + (kind.group().isEmpty() ? "" : "." + kind.group()) + " \"" + target.getName() + "\" not found"));
            } catch (ApiException | IllegalStateException refused) {
                String why = "the HPA controller was unable to get the target's current scale: " + reason(refused);
                events.record(key.tenant(), autoscaler, Type.WARNING, "FailedGetScale", reason(refused));
                conditions.set("AbleToScale", "False", "FailedGetScale", why);
                write(0, 0, false);
                return;
            }
            conditions.set("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
            int specified = scale.path("spec").path("replicas").asInt(0);
            int current = scale.path("status").path("replicas").asInt(0);
            if (specified == 0) {
                conditions.set("ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
                write(current, 0, false);
                return;
            }
            int least = autoscaler.getSpec().getMinReplicas() == null ? 1 : autoscaler.getSpec().getMinReplicas();
            int most = autoscaler.getSpec().getMaxReplicas();
            int wanted;
            String why;
            if (specified > most) {
                wanted = most;
                why = "Current number of replicas above Spec.MaxReplicas";
            } else if (specified < least) {
                wanted = least;
                why = "Current number of replicas below Spec.MinReplicas";
            } else {
                Proposed proposed = proposed(specified, scale.path("status").path("selector").asString(""));
                if (proposed == null) {
                    write(current, specified, false);
                    return;
                }
                Behavior.Outcome outcome = behaviors.computeIfAbsent(key, fresh -> new Behavior())
                        .of(autoscaler.getSpec().getBehavior(), specified, proposed.replicas, least, most, now);
                conditions.limited(outcome);
                wanted = outcome.replicas();
                why = wanted < specified ? "All metrics below target" : proposed.metric + " above target";
            }
            if (wanted != specified) {
                resize(kind, name, specified, wanted, why);
            }
            write(current, wanted, wanted != specified);
        }

        private void resize(Kind<GenericKubernetesResource> kind, ObjectKey name, int from, int to, String why) {
            try {
                client.of(kind).patch(name, "scale", Patch.merge(Map.of("spec", Map.of("replicas", to))));
            } catch (ApiException refused) {
                events.record(key.tenant(), autoscaler, Type.WARNING, "FailedRescale", "New size: " + to + "; reason: " + why + "; error: " + reason(refused));
                conditions.set("AbleToScale", "False", "FailedUpdateScale", "the HPA controller was unable to update the target scale: " + reason(refused));
                throw refused;
            }
            conditions.set("AbleToScale", "True", "SucceededRescale", "the HPA controller was able to update the target scale to " + to);
            events.record(key.tenant(), autoscaler, Type.NORMAL, "SuccessfulRescale", "New size: " + to + "; reason: " + why);
            behaviors.computeIfAbsent(key, fresh -> new Behavior()).changed(to - from, now);
        }

        private record Proposed(int replicas, String metric) {}

        /// The largest of what the metrics ask for; null when none could be had, or when one could not and the others ask for less.
        private @Nullable Proposed proposed(int current, String selector) {
            Proposed best = null;
            String failure = null;
            String failureReason = "InvalidMetricSourceType";
            String first = "";
            int invalid = 0;
            List<MetricSpec> asked = autoscaler.getSpec().getMetrics() == null ? List.of() : autoscaler.getSpec().getMetrics();
            for (MetricSpec metric : asked) {
                try {
                    Proposed one = proposed(metric, current, selector);
                    best = best == null || one.replicas > best.replicas ? one : best;
                } catch (Usage.UnknownUsageException unknown) {
                    String reason = "FailedGet" + metric.getType() + "Metric";
                    events.record(key.tenant(), autoscaler, Type.WARNING, reason, String.valueOf(unknown.getMessage()));
                    if (invalid++ == 0) {
                        failure = String.valueOf(unknown.getMessage());
                        failureReason = reason;
                        first = "failed to get " + named(metric) + " metric value: " + failure;
                    }
                }
            }
            if (best == null || (failure != null && best.replicas < current)) {
                String what = failure == null ? "no metrics are asked for" : failure;
                conditions.set("ScalingActive", "False", failureReason, "the HPA was unable to compute the replica count: " + what);
                events.record(key.tenant(), autoscaler, Type.WARNING, "FailedComputeMetricsReplicas", failure == null
                        ? what
                        : "invalid metrics (" + invalid + " invalid out of " + asked.size() + "), first error is: " + first);
                return null;
            }
            conditions.set("ScalingActive", "True", "ValidMetricFound",
                    "the HPA was able to successfully calculate a replica count from " + best.metric);
            return best;
        }

        /// What a metric is called where it could not be had.
        private static String named(MetricSpec metric) {
            if (metric.getResource() != null) {
                return metric.getResource().getName() + " resource";
            }
            return metric.getContainerResource() != null
                    ? metric.getContainerResource().getName() + " container"
                    : metric.getType().toLowerCase(Locale.ROOT);
        }

        private Proposed proposed(MetricSpec metric, int current, String selector) throws Usage.UnknownUsageException {
            String resource;
            String container = "";
            MetricTarget target;
            if ("Resource".equals(metric.getType()) && metric.getResource() != null) {
                resource = metric.getResource().getName();
                target = metric.getResource().getTarget();
            } else if ("ContainerResource".equals(metric.getType()) && metric.getContainerResource() != null) {
                resource = metric.getContainerResource().getName();
                container = metric.getContainerResource().getContainer();
                target = metric.getContainerResource().getTarget();
            } else {
                throw new Usage.UnknownUsageException("metrics of type " + metric.getType() + " are not served here: use Resource or ContainerResource");
            }
            LabelSelector labels;
            try {
                labels = LabelSelector.parse(selector);
            } catch (IllegalArgumentException malformed) {
                throw new Usage.UnknownUsageException("the target's selector '" + selector + "' cannot be read: " + malformed.getMessage());
            }
            if (labels.isEverything()) {
                throw new Usage.UnknownUsageException("the HPA target's scale is missing a selector");
            }
            List<Pod> mine = pods.get(Caches.namespaceOf(key)).stream().filter(pod -> labels.matches(Selectors.labelsOf(pod))).toList();
            Integer utilization = "Utilization".equals(target.getType()) ? target.getAverageUtilization() : null;
            long average = target.getAverageValue() == null ? 0 : Usage.millis(target.getAverageValue());
            if (utilization == null && average <= 0) {
                throw new Usage.UnknownUsageException("neither a utilization nor an average value is asked for");
            }
            Usage.Proposal proposal;
            try {
                proposal = Usage.of(resource, container, current, mine, use.of(key, resource, container, now), utilization, average, TOLERANCE, now);
            } catch (Usage.UnknownUsageException unknown) {
                throw new Usage.UnknownUsageException("failed to get " + resource + (utilization == null ? " usage: " : " utilization: ") + unknown.getMessage());
            }
            metrics.add(status(metric, resource, container, proposal));
            String kind = utilization == null ? "" : "utilization (percentage of request)";
            return new Proposed(proposal.replicas(), resource + (container.isEmpty() ? " resource" : " container resource") + (kind.isEmpty() ? "" : " " + kind));
        }

        private MetricStatus status(MetricSpec metric, String resource, String container, Usage.Proposal proposal) {
            Quantity average = new Quantity(proposal.averageMillis() % 1000 == 0 ? String.valueOf(proposal.averageMillis() / 1000) : proposal.averageMillis() + "m");
            MetricStatusBuilder status = new MetricStatusBuilder().withType(metric.getType());
            return container.isEmpty()
                    ? status.withNewResource().withName(resource).withNewCurrent()
                            .withAverageUtilization(proposal.utilization()).withAverageValue(average).endCurrent().endResource().build()
                    : status.withNewContainerResource().withName(resource).withContainer(container).withNewCurrent()
                            .withAverageUtilization(proposal.utilization()).withAverageValue(average).endCurrent().endContainerResource().build();
        }

        private void write(int current, int desired, boolean scaled) {
            HorizontalPodAutoscalerStatus before = autoscaler.getStatus() == null ? new HorizontalPodAutoscalerStatus() : autoscaler.getStatus();
            HorizontalPodAutoscalerStatus status = new HorizontalPodAutoscalerStatusBuilder(before)
                    .withConditions(conditions.all())
                    .withCurrentMetrics(metrics)
                    .withCurrentReplicas(current)
                    .withDesiredReplicas(desired)
                    .withLastScaleTime(scaled ? now.truncatedTo(ChronoUnit.SECONDS).toString() : before.getLastScaleTime())
                    .build();
            if (Objects.equals(status, before)) {
                return;
            }
            try {
                client.of(Kind.HORIZONTAL_POD_AUTOSCALER).update(
                        key.tenant(), new HorizontalPodAutoscalerBuilder(autoscaler).withStatus(status).build(), "status");
            } catch (ApiException refused) {
                if (!refused.isNotFound()) {
                    throw refused;
                }
            }
        }
    }

    private static String reason(RuntimeException refused) {
        return refused instanceof ApiException api ? PodControl.reason(api) : String.valueOf(refused.getMessage());
    }
}
