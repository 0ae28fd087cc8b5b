package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatus;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatusBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricStatus;
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
import io.hypernetes.controllers.pods.DefinedKinds;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.Scales;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// Sizes what each HorizontalPodAutoscaler points at, by the use of cpu and memory that `metrics.k8s.io` tells.
public final class Autoscalers implements Controller {
    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private final Duration period;
    private final Scales scales;
    private final DefinedKinds kinds;
    private final MeantPods meant = new MeantPods();
    private final Map<ObjectKey, Behavior> behaviors = new ConcurrentHashMap<>();
    private Caches caches;
    private Index<Pod> pods;

    /// @param period how often each looks at the use
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public Autoscalers(Client client, EventRecorder events, InstantSource clock, Duration period) {
        this.client = client;
        this.scales = new Scales(client);
        this.kinds = new DefinedKinds(scales, clock);
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
            meant.remove(key);
            return Optional.empty();
        }
        new Look(key, autoscaler).take();
        return Optional.of(period);
    }

    /// One look of one autoscaler.
    private final class Look {
        private final ObjectKey key;
        private final HorizontalPodAutoscaler autoscaler;
        private final HorizontalPodAutoscalerStatus before;
        private final Instant now = clock.instant();
        private final ScalingConditions conditions;
        private final Behavior behavior;

        Look(ObjectKey key, HorizontalPodAutoscaler autoscaler) {
            this.key = key;
            this.autoscaler = autoscaler;
            this.before = autoscaler.getStatus() == null ? new HorizontalPodAutoscalerStatus() : autoscaler.getStatus();
            this.conditions = new ScalingConditions(autoscaler.getStatus(), now);
            this.behavior = behaviors.computeIfAbsent(key, fresh -> new Behavior());
        }

        void take() {
            var target = autoscaler.getSpec().getScaleTargetRef();
            ObjectKey name = new ObjectKey(key.tenant(), key.namespace(), target.getName());
            Kind<GenericKubernetesResource> kind;
            JsonNode scale;
            try {
                kind = kind(String.valueOf(target.getApiVersion()), target.getKind());
                scale = scales.read(new Scales.Target(kind, true), name).orElseThrow(() -> new AbsentException(
                        kind.plural() + (kind.group().isEmpty() ? "" : "." + kind.group()) + " \"" + target.getName() + "\" not found"));
            } catch (ApiException | AbsentException refused) {
                if (refused instanceof AbsentException) {
                    meant.remove(key);
                }
                warn("FailedGetScale", reason(refused));
                conditions.set("AbleToScale", "False", "FailedGetScale", "the HPA controller was unable to get the target's current scale: " + reason(refused));
                // What was known of it is known still.
                write(new HorizontalPodAutoscalerStatusBuilder(before));
                return;
            }
            conditions.set("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
            int current = scale.path("spec").path("replicas").asInt(0);
            behavior.begin(current, now);
            int least = autoscaler.getSpec().getMinReplicas() == null ? 1 : autoscaler.getSpec().getMinReplicas();
            int most = autoscaler.getSpec().getMaxReplicas();
            if (current == 0) {
                conditions.set("ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
                write(counted(current, 0, List.of()));
            } else if (current > most) {
                resize(kind, name, current, most, "Current number of replicas above Spec.MaxReplicas", List.of());
            } else if (current < least) {
                resize(kind, name, current, least, "Current number of replicas below Spec.MinReplicas", List.of());
            } else {
                measure(kind, name, current, scale.path("status").path("selector").asString(""));
            }
        }

        /// @throws AbsentException when there is none, or none that has a size
        private Kind<GenericKubernetesResource> kind(String apiVersion, String kind) {
            if (apiVersion.indexOf('/') != apiVersion.lastIndexOf('/')) {
                throw new AbsentException("unexpected GroupVersion string: " + apiVersion);
            }
            Scales.Target found = kinds.target(key.tenant(), apiVersion, kind).orElseThrow(() ->
                    new AbsentException("no matches for kind \"" + kind + "\" in group \"" + Caches.groupOf(apiVersion) + "\""));
            if (!found.scales()) {
                throw new AbsentException("the server could not find the requested resource");
            }
            return found.kind();
        }

        private void measure(Kind<GenericKubernetesResource> kind, ObjectKey name, int current, String selector) {
            var spec = autoscaler.getSpec();
            LabelSelector labels;
            List<Pod> mine;
            try {
                labels = selector(selector);
                mine = pods.get(Caches.namespaceOf(key)).stream().filter(pod -> labels.matches(Selectors.labelsOf(pod))).toList();
                unambiguous(labels, mine);
            } catch (AbsentException invalid) {
                warn("FailedComputeMetricsReplicas", reason(invalid));
                write(counted(current, desired(), List.of()));
                return;
            }
            AskedMetrics metrics = new AskedMetrics(new MeasuredUse(client, key, labels, now), mine, Usage.Tolerance.of(spec.getBehavior()), now);
            metrics.ask(spec.getMetrics() == null ? List.of() : spec.getMetrics(), current);
            metrics.failures().forEach(failure -> warn(failure.reason(), failure.message()));
            AskedMetrics.Proposed proposed = metrics.proposed(current);
            if (proposed == null) {
                var first = metrics.failures().stream().findFirst();
                conditions.set("ScalingActive", "False", first.map(AskedMetrics.Failure::reason).orElse("InvalidMetricSourceType"),
                        "the HPA was unable to compute the replica count: " + first.map(AskedMetrics.Failure::message).orElse(metrics.summary()));
                warn("FailedComputeMetricsReplicas", metrics.summary());
                write(counted(current, desired(), metrics.statuses()));
                return;
            }
            conditions.set("ScalingActive", "True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count from " + proposed.metric());
            int least = spec.getMinReplicas() == null ? 1 : spec.getMinReplicas();
            Behavior.Outcome outcome = behavior.of(spec.getBehavior(), current, proposed.replicas(), least, spec.getMaxReplicas(), now);
            conditions.judged(outcome);
            if (outcome.replicas() == current) {
                write(counted(current, current, metrics.statuses()));
            } else {
                String why = proposed.replicas() > current ? proposed.metric() + " above target" : proposed.replicas() < current ? "All metrics below target" : "";
                resize(kind, name, current, outcome.replicas(), why, metrics.statuses());
            }
        }

        /// @throws AbsentException when it is none, which is said in a condition
        private LabelSelector selector(String text) {
            LabelSelector labels;
            try {
                labels = LabelSelector.parse(text);
            } catch (IllegalArgumentException malformed) {
                throw invalid("InvalidSelector", "couldn't convert selector into a corresponding internal selector object: " + malformed.getMessage());
            }
            if (labels.isEverything()) {
                warn("SelectorRequired", "selector is required");
                conditions.set("ScalingActive", "False", "InvalidSelector", "the HPA target's scale is missing a selector");
                throw new AbsentException("selector is required");
            }
            return labels;
        }

        private void unambiguous(LabelSelector selector, List<Pod> mine) {
            meant.put(key, selector);
            List<String> others = meant.of(key, mine);
            if (others.size() > 1) {
                throw invalid("AmbiguousSelector", "pods by selector " + selector + " are controlled by multiple HPAs: [" + String.join(" ", others) + "]");
            }
        }

        private AbsentException invalid(String reason, String message) {
            warn(reason, message);
            conditions.set("ScalingActive", "False", reason, message);
            return new AbsentException(message);
        }

        private void resize(Kind<GenericKubernetesResource> kind, ObjectKey name, int from, int to, String why, List<MetricStatus> metrics) {
            try {
                client.of(kind).patch(name, "scale", Patch.merge(Map.of("spec", Map.of("replicas", to))));
            } catch (ApiException refused) {
                warn("FailedRescale", "New size: " + to + "; reason: " + why + "; error: " + reason(refused));
                conditions.set("AbleToScale", "False", "FailedUpdateScale", "the HPA controller was unable to update the target scale: " + reason(refused));
                write(counted(from, desired(), metrics));
                return;
            }
            conditions.set("AbleToScale", "True", "SucceededRescale", "the HPA controller was able to update the target scale to " + to);
            events.record(key.tenant(), autoscaler, Type.NORMAL, "SuccessfulRescale", "New size: " + to + "; reason: " + why);
            behavior.changed(autoscaler.getSpec().getBehavior(), to - from, now);
            write(counted(from, to, metrics).withLastScaleTime(now.truncatedTo(ChronoUnit.SECONDS).toString()));
        }

        private void warn(String reason, String message) {
            events.record(key.tenant(), autoscaler, Type.WARNING, reason, message);
        }

        /// What it wanted before.
        private int desired() {
            return before.getDesiredReplicas() == null ? 0 : before.getDesiredReplicas();
        }

        private HorizontalPodAutoscalerStatusBuilder counted(int current, int desired, List<MetricStatus> metrics) {
            return new HorizontalPodAutoscalerStatusBuilder(before).withCurrentMetrics(metrics).withCurrentReplicas(current).withDesiredReplicas(desired);
        }

        private void write(HorizontalPodAutoscalerStatusBuilder made) {
            HorizontalPodAutoscalerStatus status = made.withConditions(conditions.all()).build();
            if (Objects.equals(status, before)) {
                return;
            }
            try {
                client.of(Kind.HORIZONTAL_POD_AUTOSCALER).update(
                        key.tenant(), new HorizontalPodAutoscalerBuilder(autoscaler).withStatus(status).build(), "status");
            } catch (ApiException refused) {
                if (!refused.isNotFound()) {
                    warn("FailedUpdateStatus", reason(refused));
                    throw refused;
                }
            }
        }
    }

    /// What an autoscaler needs is not there, or is none; the message is for its writer.
    private static final class AbsentException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        AbsentException(String message) {
            super(message, null, false, false);
        }
    }

    private static String reason(RuntimeException refused) {
        return refused instanceof ApiException api ? PodControl.reason(api) : String.valueOf(refused.getMessage());
    }
}
