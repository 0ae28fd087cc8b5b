package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.HashSet;
import org.jspecify.annotations.Nullable;

/// How many pods the use of one resource asks for: the arithmetic of upstream's pkg/controller/podautoscaler/replica_calculator.go, in whole thousandths and
/// whole percent as there, since what is rounded decides at the edge of the tolerance.
final class Usage {
    /// Use of cpu right after the start says nothing about the load.
    private static final Duration STARTING = Duration.ofMinutes(5);
    private static final Duration READINESS_DELAY = Duration.ofSeconds(30);

    private Usage() {}

    /// @param replicas how many there should be
    /// @param utilization percent of what is requested; null when the target is a value
    /// @param averageMillis use of a pod
    record Proposal(int replicas, @Nullable Integer utilization, long averageMillis) {}

    /// What a pod used.
    ///
    /// @param millis thousandths
    /// @param since when the time began in which that was measured
    record Sample(long millis, Instant since) {}

    /// What a pod should use.
    ///
    /// @param utilization the percentage of what it asks for; null when `averageMillis` counts
    /// @param averageMillis thousandths, above zero
    record Target(@Nullable Integer utilization, long averageMillis) {}

    /// How far off the ratio of use and target may be without any change.
    record Tolerance(double down, double up) {
        private static final double ORDINARY = 0.1;

        static Tolerance of(@Nullable HorizontalPodAutoscalerBehavior behavior) {
            return behavior == null ? new Tolerance(ORDINARY, ORDINARY) : new Tolerance(of(behavior.getScaleDown()), of(behavior.getScaleUp()));
        }

        private static double of(@Nullable HPAScalingRules rules) {
            return rules == null || rules.getTolerance() == null ? ORDINARY : rules.getTolerance().getNumericalAmount().doubleValue();
        }

        boolean isWithin(double ratio) {
            return 1.0 - down <= ratio && ratio <= 1.0 + up;
        }
    }

    /// The metric cannot be had, or makes no sense.
    static final class UnknownUsageException extends Exception {
        private static final long serialVersionUID = 1L;

        UnknownUsageException(String message) {
            super(message);
        }
    }

    /// @param resource `cpu` or `memory`
    /// @param container empty for the whole pod
    /// @param used by pod name
    static Proposal of(String resource, String container, int current, List<Pod> pods, Map<String, Sample> used,
            Target target, Tolerance tolerance, Instant now) throws UnknownUsageException {
        if (pods.isEmpty()) {
            throw new UnknownUsageException("no pods returned by selector while calculating replica count");
        }
        Groups groups = Groups.of(resource, pods, used, now);
        if (groups.ready.isEmpty()) {
            throw new UnknownUsageException("did not receive metrics for targeted pods (pods might be unready)");
        }
        Map<String, Long> requests = new HashMap<>();
        if (target.utilization != null) {
            for (Pod pod : pods) {
                requests.put(pod.getMetadata().getName(), Amounts.requested(pod, resource, container));
            }
        }
        Ratio first = Ratio.of(groups.ready, requests, target);
        Integer percent = target.utilization == null ? null : first.percent;
        boolean growsWithUnready = !groups.unready.isEmpty() && first.value > 1;
        if (!growsWithUnready && groups.missing.isEmpty()) {
            return new Proposal(tolerance.isWithin(first.value) ? current : count(first.value, groups.ready.size()), percent, first.averageMillis);
        }
        // Who says nothing is taken to use what would change the least.
        Map<String, Long> assumed = new HashMap<>(groups.ready);
        for (String name : groups.missing) {
            if (first.value < 1) {
                assumed.put(name, target.utilization == null ? target.averageMillis : part(requests.getOrDefault(name, 0L), Math.max(100, target.utilization)));
            } else if (first.value > 1) {
                assumed.put(name, 0L);
            }
        }
        if (growsWithUnready) {
            groups.unready.forEach(name -> assumed.put(name, 0L));
        }
        Ratio again = Ratio.of(assumed, requests, target);
        boolean turned = (first.value < 1 && again.value > 1) || (first.value > 1 && again.value < 1);
        int replicas = count(again.value, assumed.size());
        boolean against = (again.value < 1 && replicas > current) || (again.value > 1 && replicas < current);
        return new Proposal(tolerance.isWithin(again.value) || turned || against ? current : replicas, percent, first.averageMillis);
    }

    private static int count(double ratio, int pods) {
        return (int) Math.ceil(ratio * pods);
    }

    private static long part(long whole, int percent) {
        return whole > Long.MAX_VALUE / percent ? whole / 100 * percent : whole * percent / 100;
    }

    /// What is used together, compared with what should be.
    ///
    /// @param percent of what is asked for, where that is the target
    private record Ratio(double value, int percent, long averageMillis) {
        static Ratio of(Map<String, Long> used, Map<String, Long> requests, Target target) throws UnknownUsageException {
            long together = 0;
            long asked = 0;
            for (Map.Entry<String, Long> each : used.entrySet()) {
                together = Amounts.plus(together, each.getValue());
                asked = Amounts.plus(asked, requests.getOrDefault(each.getKey(), 0L));
            }
            long average = together / used.size();
            if (target.utilization == null) {
                return new Ratio((double) average / target.averageMillis, 0, average);
            }
            if (asked == 0) {
                throw new UnknownUsageException("no metrics returned matched known pods");
            }
            long percent = together > Long.MAX_VALUE / 100 ? together / asked * 100 : together * 100 / asked;
            int whole = Math.clamp(percent, Integer.MIN_VALUE, Integer.MAX_VALUE);
            return new Ratio((double) whole / target.utilization, whole, average);
        }
    }

    /// Pods by what is known of their use: which counts, which was for their start, and of whom there is none. Those that failed or are to go are in none.
    private record Groups(Map<String, Long> ready, Set<String> unready, Set<String> missing) {
        static Groups of(String resource, List<Pod> pods, Map<String, Sample> used, Instant now) {
            Groups groups = new Groups(new HashMap<>(), new HashSet<>(), new HashSet<>());
            for (Pod pod : pods) {
                String name = pod.getMetadata().getName();
                Sample sample = used.get(name);
                if (PodState.isTerminating(pod) || PodState.phase(pod).equals("Failed")) {
                    continue;
                }
                if (PodState.phase(pod).equals("Pending")) {
                    groups.unready.add(name);
                } else if (sample == null) {
                    groups.missing.add(name);
                } else if (resource.equals("cpu") && isStarting(pod, sample.since(), now)) {
                    groups.unready.add(name);
                } else {
                    groups.ready.put(name, sample.millis());
                }
            }
            return groups;
        }
    }

    /// Whether what a pod used was used for its start: it is not ready yet, or was not for all of the time that was measured.
    private static boolean isStarting(Pod pod, Instant measuredSince, Instant now) {
        PodCondition ready = PodState.condition(pod, "Ready");
        Optional<Instant> started = PodState.time(pod.getStatus() == null ? null : pod.getStatus().getStartTime());
        if (ready == null || started.isEmpty()) {
            return true;
        }
        boolean isUnready = "False".equals(ready.getStatus());
        Instant since = PodState.time(ready.getLastTransitionTime()).orElse(now);
        if (started.get().plus(STARTING).isAfter(now)) {
            return isUnready || measuredSince.isBefore(since);
        }
        return isUnready && started.get().plus(READINESS_DELAY).isAfter(since);
    }
}
