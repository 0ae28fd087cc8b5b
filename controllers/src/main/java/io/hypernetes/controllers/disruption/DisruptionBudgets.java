package io.hypernetes.controllers.disruption;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatus;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatusBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.DefinedKinds;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.controllers.pods.Portion;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Says in the status of each budget how many pods may go at the moment. The eviction of a pod takes one of them and notes the pod there, so
/// that it does not count as healthy while its deletion is not seen yet.
public final class DisruptionBudgets implements Controller {
    private static final Duration NOTED_FOR = Duration.ofMinutes(2);

    private static final Duration BETWEEN_REQUESTS = Duration.ofSeconds(1);
    private static final int LONGEST_REASON = 1024;

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    /// When the controllers of a budget's pods were asked last.
    private final Map<ObjectKey, Instant> asked = new ConcurrentHashMap<>();
    private Caches caches;
    private Index<Pod> pods;
    private ExpectedPods expected;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public DisruptionBudgets(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "disruption";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.pods = caches.byNamespace(Kind.POD);
        this.expected = new ExpectedPods(client, caches, clock);
        Index<PodDisruptionBudget> budgets = caches.byNamespace(Kind.POD_DISRUPTION_BUDGET);
        caches.of(Kind.POD_DISRUPTION_BUDGET).handler(Caches.keys(wake));
        caches.pods().handler(new Informer.Handler<Pod>() {
            @Override
            public void added(Pod pod) {
                for (PodDisruptionBudget budget : budgets.get(Caches.namespaceOf(ObjectKey.of(pod)))) {
                    if (matches(budget, pod)) {
                        wake.accept(ObjectKey.of(budget));
                    }
                }
            }

            @Override
            public void updated(Pod before, Pod now) {
                added(before);
                added(now);
            }

            @Override
            public void deleted(Pod last) {
                added(last);
            }
        });
        // A new size of what controls the pods is a new number of pods to expect.
        Consumer<ObjectKey> near = key -> budgets.get(Caches.namespaceOf(key)).forEach(budget -> wake.accept(ObjectKey.of(budget)));
        caches.of(Kind.DEPLOYMENT).handler(Caches.keys(near));
        caches.of(Kind.REPLICA_SET).handler(Caches.keys(near));
        caches.of(Kind.STATEFUL_SET).handler(Caches.keys(near));
        caches.of(Kind.REPLICATION_CONTROLLER).handler(Caches.keys(near));
    }

    private static boolean matches(PodDisruptionBudget budget, Pod pod) {
        return Selectors.of(budget.getSpec().getSelector()).filter(labels -> labels.matches(Selectors.labelsOf(pod))).isPresent();
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        PodDisruptionBudget budget = caches.of(Kind.POD_DISRUPTION_BUDGET).get(key).orElse(null);
        if (budget == null) {
            asked.remove(key);
            return Optional.empty();
        }
        Instant now = clock.instant();
        LabelSelector selector = Selectors.of(budget.getSpec().getSelector()).orElse(null);
        List<Pod> matching = selector == null
                ? List.of()
                : pods.get(Caches.namespaceOf(key)).stream().filter(pod -> selector.matches(Selectors.labelsOf(pod))).toList();
        Duration pause = pause(key, budget, matching, now);
        if (pause.isPositive()) {
            return Optional.of(pause);
        }
        try {
            return look(key, budget, matching, now);
        } catch (ExpectedPods.UnknownScaleException unknown) {
            failSafe(key, budget, unknown, now);
            // What is known of the kinds of controllers is only as good as it is new.
            return Optional.of(DefinedKinds.REMEMBERED);
        } catch (RuntimeException failure) {
            if (!(failure instanceof ApiException refused && refused.isConflict())) {
                failSafe(key, budget, failure, now);
            }
            throw failure;
        }
    }

    /// How long a look that makes requests has to wait, so that not each event of a pod leads to as many.
    private Duration pause(ObjectKey key, PodDisruptionBudget budget, List<Pod> matching, Instant now) {
        if (!goesByControllers(budget) || !expected.asks(matching)) {
            asked.remove(key);
            return Duration.ZERO;
        }
        Instant last = asked.get(key);
        if (last != null && !now.isBefore(last) && now.isBefore(last.plus(BETWEEN_REQUESTS))) {
            return Duration.between(now, last.plus(BETWEEN_REQUESTS));
        }
        asked.put(key, now);
        return Duration.ZERO;
    }

    private static boolean goesByControllers(PodDisruptionBudget budget) {
        return budget.getSpec().getMaxUnavailable() != null
                || budget.getSpec().getMinAvailable() != null && budget.getSpec().getMinAvailable().getIntVal() == null;
    }

    /// Lets nothing go while it is not known how much may: what was allowed before may be too much by now (`failSafe` in upstream's
    /// pkg/controller/disruption/disruption.go).
    private void failSafe(ObjectKey key, PodDisruptionBudget budget, RuntimeException failure, Instant now) {
        String why = String.valueOf(failure.getMessage());
        String told = why.length() > LONGEST_REASON ? why.substring(0, LONGEST_REASON) : why;
        write(key, budget, new PodDisruptionBudgetStatusBuilder(statusOf(budget))
                .withDisruptionsAllowed(0)
                .withConditions(condition(budget, "False", "SyncFailed", told, now))
                .build());
    }

    private int expected(ObjectKey key, PodDisruptionBudget budget, List<Pod> matching) {
        try {
            return expected.of(key, matching);
        } catch (RuntimeException failure) {
            events.record(key.tenant(), budget, EventRecorder.Type.WARNING, "CalculateExpectedPodCountFailed",
                    "Failed to calculate the number of expected pods: " + failure.getMessage());
            throw failure;
        }
    }

    private Optional<Duration> look(ObjectKey key, PodDisruptionBudget budget, List<Pod> matching, Instant now) {
        Map<String, String> disrupted = stillDisrupted(key, budget, matching, now);
        Optional<Duration> again = disrupted.values().stream()
                .flatMap(time -> PodState.time(time).stream())
                .map(time -> Duration.between(now, time.plus(NOTED_FOR)).plusSeconds(1))
                .min(Duration::compareTo);
        if (matching.isEmpty()) {
            events.record(key.tenant(), budget, EventRecorder.Type.NORMAL, "NoPods", "No matching pods found");
        }
        int wanted;
        int count;
        boolean byController = goesByControllers(budget);
        if (budget.getSpec().getMaxUnavailable() != null) {
            count = expected(key, budget, matching);
            wanted = Math.max(0, count - Portion.up(budget.getSpec().getMaxUnavailable(), count, 0));
        } else if (byController) {
            count = expected(key, budget, matching);
            wanted = Portion.up(budget.getSpec().getMinAvailable(), count, 0);
        } else {
            count = matching.size();
            wanted = Portion.up(budget.getSpec().getMinAvailable(), count, 1);
        }
        if (byController && matching.stream().anyMatch(pod -> Caches.controllerRef(pod) == null)) {
            events.record(key.tenant(), budget, EventRecorder.Type.WARNING, "UnmanagedPods", unmanaged(budget.getSpec().getSelector()));
        }
        int healthy = (int) matching.stream()
                .filter(pod -> !PodState.isTerminating(pod) && !disrupted.containsKey(pod.getMetadata().getName()) && PodState.isReady(pod))
                .count();
        int allowed = count <= 0 ? 0 : Math.max(0, healthy - wanted);
        write(key, budget, new PodDisruptionBudgetStatusBuilder(statusOf(budget))
                .withCurrentHealthy(healthy)
                .withDesiredHealthy(wanted)
                .withExpectedPods(count)
                .withDisruptionsAllowed(allowed)
                .withDisruptedPods(disrupted)
                .withObservedGeneration(budget.getMetadata().getGeneration())
                .withConditions(condition(budget, allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now))
                .build());
        return again;
    }

    /// Why a budget that goes by the size of controllers lets none of a pod go that has none, in upstream's words
    /// (pkg/controller/disruption/disruption.go), which have the selector in Go's form.
    static String unmanaged(io.fabric8.kubernetes.api.model.@Nullable LabelSelector selector) {
        StringBuilder text = new StringBuilder("&LabelSelector{MatchLabels:map[string]string{");
        if (selector != null && selector.getMatchLabels() != null) {
            new TreeMap<>(selector.getMatchLabels()).forEach((label, value) -> text.append(label).append(": ").append(value).append(','));
        }
        text.append("},MatchExpressions:[]LabelSelectorRequirement{");
        if (selector != null && selector.getMatchExpressions() != null) {
            selector.getMatchExpressions().forEach(expression -> text
                    .append("LabelSelectorRequirement{Key:").append(expression.getKey())
                    .append(",Operator:").append(expression.getOperator())
                    .append(",Values:[").append(expression.getValues() == null ? "" : String.join(" ", expression.getValues())).append("],},"));
        }
        text.append("},}");
        return "Pods selected by this PodDisruptionBudget (selector: " + text + ") were found to be unmanaged. As a result, the status of the PDB cannot be"
                + " calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB"
                + " to an integer value.";
    }

    /// The pods noted by evictions whose deletion is not seen yet; a note that nothing came of is dropped after a while.
    private Map<String, String> stillDisrupted(ObjectKey key, PodDisruptionBudget budget, List<Pod> matching, Instant now) {
        Map<String, String> noted = statusOf(budget).getDisruptedPods();
        Map<String, String> still = new HashMap<>();
        if (noted == null) {
            return still;
        }
        for (Pod pod : matching) {
            String name = pod.getMetadata().getName();
            String since = noted.get(name);
            Instant time = PodState.time(since).orElse(null);
            if (since == null || time == null || PodState.isTerminating(pod)) {
                continue;
            }
            if (time.plus(NOTED_FOR).isBefore(now)) {
                events.record(key.tenant(), pod, EventRecorder.Type.WARNING, "NotDeleted",
                        "Pod was expected by PDB " + key.namespace() + "/" + key.name() + " to be deleted but it wasn't");
            } else {
                still.put(name, since);
            }
        }
        return still;
    }

    private static PodDisruptionBudgetStatus statusOf(PodDisruptionBudget budget) {
        return budget.getStatus() == null ? new PodDisruptionBudgetStatus() : budget.getStatus();
    }

    private static List<Condition> condition(PodDisruptionBudget budget, String status, String reason, String message, Instant now) {
        List<Condition> before = statusOf(budget).getConditions() == null ? List.of() : statusOf(budget).getConditions();
        String since = before.stream()
                .filter(condition -> "DisruptionAllowed".equals(condition.getType()) && status.equals(condition.getStatus()))
                .map(Condition::getLastTransitionTime)
                .findFirst()
                .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString());
        return List.of(new ConditionBuilder()
                .withType("DisruptionAllowed").withStatus(status).withReason(reason).withMessage(message)
                .withLastTransitionTime(since).withObservedGeneration(budget.getMetadata().getGeneration()).build());
    }

    private void write(ObjectKey key, PodDisruptionBudget budget, PodDisruptionBudgetStatus status) {
        if (Objects.equals(status, budget.getStatus())) {
            return;
        }
        try {
            // With the version that was seen: an eviction may have taken a disruption meanwhile.
            client.of(Kind.POD_DISRUPTION_BUDGET).update(key.tenant(), new PodDisruptionBudgetBuilder(budget).withStatus(status).build(), "status");
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }
}
