package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.cli.DrainPlan.Leaving;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Evicts pods, each by the path of its tenant, so that the tenant's own disruption budgets decide when, and waits until they are gone. A budget
/// that refuses holds up its own pods only. Not thread-safe.
final class Drain {
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration AGAIN = Duration.ofSeconds(3);

    private final Client client;
    private final @Nullable Long graceSeconds;
    private final Map<Leaving, State> left = new LinkedHashMap<>();
    private final List<ObjectKey> gone = new ArrayList<>();

    /// How far a pod is.
    private static final class State {
        private boolean evicted;
        private boolean hopeless;
        private Instant again = Instant.EPOCH;
        private String why = "it was not its turn yet";
    }

    /// A pod that is still there.
    record Left(ObjectKey key, String why) {}

    /// @param graceSeconds how long pods have to end, null for their own time
    Drain(Client client, List<Leaving> pods, @Nullable Long graceSeconds) {
        this.client = client;
        this.graceSeconds = graceSeconds;
        pods.forEach(pod -> left.put(pod, new State()));
    }

    /// Ends when no pod is left that may still go, or the time is over.
    ///
    /// @param until null for without end
    void run(Console.Step step, @Nullable Instant until) throws InterruptedException {
        int all = left.size();
        while (true) {
            for (Map.Entry<Leaving, State> entry : List.copyOf(left.entrySet())) {
                if (until != null && Instant.now().isAfter(until)) {
                    return;
                }
                advance(entry.getKey(), entry.getValue(), step);
                step.detail(gone.size() + " of " + all + " gone");
            }
            if (left.values().stream().allMatch(state -> state.hopeless)) {
                return;
            }
            Thread.sleep(LOOK);
        }
    }

    /// Whether each pod could go now, without any of them going. One after the other: what a budget has room for is not summed up.
    void tryAll() {
        left.forEach((pod, state) -> state.why = attempt(pod, true).map(ApiException::told).orElse(""));
    }

    /// Those that are there, and why.
    List<Left> left() {
        return left.entrySet().stream().map(entry -> new Left(entry.getKey().key(), entry.getValue().why)).toList();
    }

    List<ObjectKey> gone() {
        return List.copyOf(gone);
    }

    private void advance(Leaving pod, State state, Console.Step step) {
        if (state.hopeless) {
            return;
        }
        if (!state.evicted) {
            if (Instant.now().isBefore(state.again)) {
                return;
            }
            Optional<ApiException> refused = attempt(pod, false);
            if (refused.isPresent()) {
                refused(pod, state, refused.get(), step);
                return;
            }
            state.evicted = true;
        }
        Pod now = client.of(Kind.POD).find(pod.key()).orElse(null);
        if (now == null || !pod.uid().equals(now.getMetadata().getUid())) {
            left.remove(pod);
            gone.add(pod.key());
            step.note(pod.key() + " is gone");
            return;
        }
        state.why = now.getMetadata().getDeletionTimestamp() == null ? "it goes with its namespace" : ending(now.getMetadata());
    }

    /// @return how it was refused; empty when the pod goes, also with its namespace, or went before
    private Optional<ApiException> attempt(Leaving pod, boolean dryRun) {
        Map<String, Object> options = new LinkedHashMap<>(Map.of("preconditions", Map.of("uid", pod.uid())));
        if (graceSeconds != null) {
            options.put("gracePeriodSeconds", graceSeconds);
        }
        if (dryRun) {
            options.put("dryRun", List.of("All"));
        }
        ObjectKey key = pod.key();
        try {
            client.of(Kind.POD).createSubresource(key, "eviction", Map.of("apiVersion", "policy/v1", "kind", "Eviction",
                    "metadata", Map.of("name", key.name(), "namespace", key.namespace()), "deleteOptions", options));
            return Optional.empty();
        } catch (ApiException refused) {
            if (refused.isUnreachable()) {
                throw refused;
            }
            boolean goes = refused.isNotFound() || refused.hasCause("NamespaceTerminating") || refused.isConflict() && isAnother(pod);
            return goes ? Optional.empty() : Optional.of(refused);
        }
    }

    private boolean isAnother(Leaving pod) {
        return client.of(Kind.POD).find(pod.key()).map(now -> !pod.uid().equals(now.getMetadata().getUid())).orElse(true);
    }

    /// What a budget, a busy server or a write in between refuses may be had later; what else refuses is not asked twice.
    private static void refused(Leaving pod, State state, ApiException refused, Console.Step step) {
        boolean later = refused.code() == 429 || refused.isConflict() || refused.code() == 503 || refused.code() == 504;
        if (!state.why.equals(refused.told())) {
            step.note(pod.key() + (later ? " waits: " : " stays: ") + refused.told());
        }
        state.why = refused.told();
        state.hopeless = !later;
        Duration asked = Duration.ofSeconds(refused.retryAfterSeconds());
        state.again = Instant.now().plus(asked.compareTo(AGAIN) > 0 ? asked : AGAIN);
    }

    private static String ending(ObjectMeta meta) {
        List<String> finalizers = meta.getFinalizers() == null ? List.of() : meta.getFinalizers();
        return "it is ending, and has time until " + meta.getDeletionTimestamp()
                + (finalizers.isEmpty() ? "" : "; finalizers hold it: " + String.join(", ", finalizers));
    }
}
