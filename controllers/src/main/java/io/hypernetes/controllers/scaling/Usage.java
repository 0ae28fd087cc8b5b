package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.controllers.pods.PodState;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How many pods the use of one resource asks for: upstream's arithmetic. Amounts are in thousandths.
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

    /// The metric cannot be had, or makes no sense.
    static final class UnknownUsageException extends Exception {
        UnknownUsageException(String message) {
            super(message);
        }
    }

    /// @param resource `cpu` or `memory`
    /// @param container empty for the whole pod
    /// @param used by pod name
    /// @param utilization the wanted percentage of requests; null when `averageMillis` is wanted
    /// @param tolerance how far off the ratio may be without any change
    static Proposal of(String resource, String container, int current, List<Pod> pods, Map<String, Sample> used,
            @Nullable Integer utilization, long averageMillis, double tolerance, Instant now) throws UnknownUsageException {
        Set<String> ignored = new HashSet<>();
        Set<String> missing = new HashSet<>();
        Map<String, Sample> ready = new HashMap<>();
        for (Pod pod : pods) {
            String name = pod.getMetadata().getName();
            Sample sample = used.get(name);
            if (PodState.isTerminating(pod) || PodState.isEnded(pod)) {
                continue;
            }
            if (PodState.phase(pod).equals("Pending")) {
                ignored.add(name);
            } else if (sample == null) {
                missing.add(name);
            } else if (resource.equals("cpu") && isStarting(pod, sample.since(), now)) {
                ignored.add(name);
            } else {
                ready.put(name, sample);
            }
        }
        if (ready.isEmpty()) {
            throw new UnknownUsageException("unable to get metrics for resource " + resource + ": no metrics returned from resource metrics API");
        }
        long usage = ready.values().stream().mapToLong(Sample::millis).sum();
        long requested = 0;
        Map<String, Long> requests = new HashMap<>();
        for (Pod pod : pods) {
            Optional<Long> request = request(pod, resource, container);
            if (utilization != null && request.isEmpty() && !PodState.isTerminating(pod)) {
                throw new UnknownUsageException("missing request for " + resource + " in container of Pod " + pod.getMetadata().getName());
            }
            requests.put(pod.getMetadata().getName(), request.orElse(0L));
        }
        for (String name : ready.keySet()) {
            requested += requests.getOrDefault(name, 0L);
        }
        if (utilization != null && requested == 0) {
            throw new UnknownUsageException("no metrics returned matched known pods");
        }
        Integer percent = utilization == null ? null : (Integer) (int) (usage * 100 / requested);
        long average = usage / ready.size();
        double ratio = utilization == null ? (double) usage / ((double) averageMillis * ready.size()) : (double) usage * 100 / requested / utilization;
        boolean scaleUpWithStarting = !ignored.isEmpty() && ratio > 1;
        if (missing.isEmpty() && !scaleUpWithStarting) {
            int replicas = Math.abs(1 - ratio) <= tolerance ? current : (int) Math.ceil(ratio * ready.size());
            return new Proposal(replicas, percent, average);
        }
        // Who says nothing is taken to use what would change the least.
        long assumed = 0;
        long assumedRequests = 0;
        for (String name : missing) {
            long target = utilization == null ? averageMillis : requests.getOrDefault(name, 0L) * Math.max(100, utilization) / 100;
            assumed += ratio < 1 ? target : 0;
            assumedRequests += requests.getOrDefault(name, 0L);
        }
        int count = ready.size() + missing.size();
        if (scaleUpWithStarting) {
            count += ignored.size();
            for (String name : ignored) {
                assumedRequests += requests.getOrDefault(name, 0L);
            }
        }
        double again = utilization == null
                ? (double) (usage + assumed) / ((double) averageMillis * count)
                : (double) (usage + assumed) * 100 / (requested + assumedRequests) / utilization;
        boolean turned = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
        int replicas = Math.abs(1 - again) <= tolerance || turned ? current : (int) Math.ceil(again * count);
        boolean against = (again < 1 && replicas > current) || (again > 1 && replicas < current);
        return new Proposal(against ? current : replicas, percent, average);
    }

    /// Whether what a pod used was used for its start: it is not ready yet, or was not for all of the time that was measured.
    private static boolean isStarting(Pod pod, Instant measuredSince, Instant now) {
        PodCondition ready = PodState.condition(pod, "Ready");
        Optional<Instant> started = PodState.time(pod.getStatus() == null ? null : pod.getStatus().getStartTime());
        if (ready == null || started.isEmpty()) {
            return true;
        }
        boolean isReady = "True".equals(ready.getStatus());
        Instant since = PodState.time(ready.getLastTransitionTime()).orElse(now);
        if (started.get().plus(STARTING).isAfter(now)) {
            return !isReady || measuredSince.isBefore(since);
        }
        return !isReady && started.get().plus(READINESS_DELAY).isAfter(since);
    }

    private static Optional<Long> request(Pod pod, String resource, String container) {
        long sum = 0;
        for (Container each : pod.getSpec().getContainers()) {
            if (!container.isEmpty() && !container.equals(each.getName())) {
                continue;
            }
            Quantity request = each.getResources() == null || each.getResources().getRequests() == null
                    ? null : each.getResources().getRequests().get(resource);
            if (request == null) {
                return Optional.empty();
            }
            sum += millis(request);
        }
        return Optional.of(sum);
    }

    static long millis(Quantity quantity) {
        return quantity.getNumericalAmount().multiply(BigDecimal.valueOf(1000)).longValue();
    }
}
