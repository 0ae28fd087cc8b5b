package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Asks the PodDisruptionBudget of a pod whether it may be evicted, and takes the disruption from it.
final class DisruptionBudget {
    private static final int ATTEMPTS = 30;
    private static final int MOST_NOTED = 2000;
    private static final int PROCESSING_SECONDS = 10;

    private final Store store;

    DisruptionBudget(Store store) {
        this.store = store;
    }

    /// Leave to evict a pod.
    ///
    /// @param asSeen whether it is given for the pod as it was looked at, and for no later state of it
    /// @param budget which of them gave it for a pod that it does not count; else empty
    record Leave(boolean asSeen, String budget) {
        private static final Leave ANY = new Leave(false, "");
    }

    /// @param dryRun only look whether there is room
    /// @throws ApiException 429 when the budget has nothing left, 500 when the pod has several
    Leave take(ResourceRequest request, ObjectNode pod, boolean dryRun) {
        var phase = Json.string(pod, "status", "phase");
        // Nobody is disrupted by the end of what does not run, or goes already.
        if (List.of("Succeeded", "Failed").contains(phase) || !Json.string(pod, "metadata", "deletionTimestamp").isEmpty()) {
            return Leave.ANY;
        }
        if (phase.isEmpty() || phase.equals("Pending")) {
            return new Leave(true, "");
        }
        for (int attempt = 1; ; attempt++) {
            var found = budgets(request, pod);
            if (found.isEmpty()) {
                return Leave.ANY;
            }
            if (found.size() > 1) {
                // Without a reason, as upstream's pkg/registry/core/pod/storage/eviction.go answers.
                throw new ApiStatus(500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", null)
                        .asException();
            }
            var entry = found.getFirst();
            var budget = Json.readObject(entry.value());
            if (isUnhealthyAndFree(budget, pod)) {
                return new Leave(true, Json.string(budget, "metadata", "name"));
            }
            var after = taken(request, budget, Json.string(pod, "metadata", "name"));
            if (dryRun) {
                return Leave.ANY;
            }
            try {
                store.commit(List.of(new Operation.Put(entry.key(), entry.revision(), StoredForm.encoder(after))));
                return Leave.ANY;
            } catch (ConflictException e) {
                if (attempt >= ATTEMPTS) {
                    throw ApiStatus.tooManyRequests("the disruption budget changes too fast to be read", 1).asException();
                }
            }
        }
    }

    private List<Entry> budgets(ResourceRequest request, ObjectNode pod) {
        var matching = new ArrayList<Entry>();
        var prefix = ObjectKey.prefix(request.tenant(), "policy", "poddisruptionbudgets", request.target().namespace());
        for (var entry : store.list(prefix, "", 0).entries()) {
            var selector = Json.readObject(entry.value()).path("spec").path("selector");
            if (selector.isObject() && LabelSelector.of(selector).matchesObject(pod)) {
                matching.add(entry);
            }
        }
        return matching;
    }

    /// A pod that is not ready may go without being counted: when the policy says always, or while the others are enough.
    private static boolean isUnhealthyAndFree(ObjectNode budget, ObjectNode pod) {
        boolean ready = Json.objects(pod.path("status"), "conditions").stream()
                .anyMatch(condition -> Json.string(condition, "type").equals("Ready") && Json.string(condition, "status").equals("True"));
        if (ready) {
            return false;
        }
        long healthy = Json.number(budget, 0, "status", "currentHealthy");
        long desired = Json.number(budget, 0, "status", "desiredHealthy");
        return Json.string(budget, "spec", "unhealthyPodEvictionPolicy").equals("AlwaysAllow") || (healthy >= desired && desired > 0);
    }

    /// The budget with one disruption less and a note of the pod.
    private static ObjectNode taken(ResourceRequest request, ObjectNode budget, String pod) {
        var name = Json.string(budget, "metadata", "name");
        var status = Json.child(budget, "status");
        if (Json.number(status, 0, "observedGeneration") < Json.number(budget, 0, "metadata", "generation")) {
            throw processed(name);
        }
        long allowed = Json.number(status, 0, "disruptionsAllowed");
        var noted = Json.child(status, "disruptedPods");
        if (noted.size() > MOST_NOTED) {
            throw ApiStatus.forbidden("policy", "poddisruptionbudgets", name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
                    .asException();
        }
        if (allowed <= 0) {
            throw refused("The disruption budget " + name + why(status), 0);
        }
        status.put("disruptionsAllowed", allowed - 1);
        if (allowed == 1) {
            for (var condition : Json.objects(status, "conditions")) {
                if (Json.string(condition, "type").equals("DisruptionAllowed")) {
                    condition.put("status", "False").put("reason", "InsufficientPods")
                            .put("lastTransitionTime", ApiTime.format(request.now()));
                }
            }
        }
        noted.put(pod, ApiTime.format(request.now()));
        return budget;
    }

    /// What of it is to be believed: a budget that could not be brought up to date has numbers of another time.
    private static String why(ObjectNode status) {
        var condition = Json.objects(status, "conditions").stream()
                .filter(each -> Json.string(each, "type").equals("DisruptionAllowed") && Json.string(each, "status").equals("False"))
                .filter(each -> !Json.string(each, "message").isEmpty())
                .findFirst()
                .orElseGet(Json::object);
        var reason = Json.string(condition, "reason");
        long healthy = Json.number(status, 0, "currentHealthy");
        long desired = Json.number(status, 0, "desiredHealthy");
        if (reason.equals("SyncFailed")) {
            return " does not allow evicting pods currently because it failed sync: " + Json.string(condition, "message");
        }
        if (healthy <= desired) {
            return " needs " + desired + " healthy pods and has " + healthy + " currently";
        }
        return " does not allow evicting pods currently" + (condition.isEmpty() ? "" : " (" + reason + "): " + Json.string(condition, "message"));
    }

    /// What whoever evicts a pod is told while its budget is not up to date.
    static RuntimeException processed(String budget) {
        return refused("The disruption budget " + budget + " is still being processed by the server.", PROCESSING_SECONDS);
    }

    private static RuntimeException refused(String why, int retryAfterSeconds) {
        return new ApiStatus(
                        429,
                        "TooManyRequests",
                        "Cannot evict pod as it would violate the pod's disruption budget.",
                        new ApiStatus.Details("", "", "", "", List.of(new ApiStatus.Cause("DisruptionBudget", why, "")), retryAfterSeconds))
                .asException();
    }
}
