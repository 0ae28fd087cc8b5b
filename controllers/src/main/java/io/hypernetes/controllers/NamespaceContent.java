package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LeanDefinition;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Everything a namespace can hold, whatever kinds the API has: pods first, so that nothing is taken from under a running one.
final class NamespaceContent {
    private final Client client;
    /// Of each kind whether only the operator's own cluster has it.
    private final Map<Kind<?>, Boolean> kinds = new LinkedHashMap<>();

    NamespaceContent(Client client) {
        this.client = client;
        kinds.put(Kind.POD, false);
        for (ResourceType type : Kinds.types()) {
            if (type.namespaced() && type.isStored() && !type.resource().equals("pods") && type.verbs().contains("deletecollection")) {
                kinds.put(Kind.generic(type.group(), type.version(), type.resource(), type.kind(), true), type.rootOnly());
            }
        }
    }

    /// What could not be removed yet.
    ///
    /// @param resources how many of each kind, by `resource.group`
    /// @param finalizers by how many of these each finalizer holds back
    /// @param failures what was said of the kinds that could not be asked about or deleted, such as by a webhook that is gone itself
    record Left(Map<String, Integer> resources, Map<String, Integer> finalizers, List<ApiException> failures) {
        /// Of what one failure said; a tenant's webhook says as much as it likes.
        private static final int LONGEST_COMPLAINT = 1 << 10;
        private static final int MOST_COMPLAINTS = 20;
        /// So many finalizers and kinds are told apart: tenants name as many as they like.
        private static final int MOST_NAMED = 100;
        /// No finalizer can be called so.
        private static final String FURTHER = "(further finalizers)";

        Left() {
            this(new TreeMap<>(), new TreeMap<>(), new ArrayList<>());
        }

        boolean isEmpty() {
            return resources.isEmpty() && failures.isEmpty();
        }

        /// Counts something that is left of a kind, and by what it is held.
        void count(Kind<?> kind, ObjectMeta object) {
            resources.merge(kind.plural() + "." + kind.group(), 1, Integer::sum);
            if (object.getFinalizers() != null) {
                for (String finalizer : object.getFinalizers()) {
                    boolean told = finalizers.size() < MOST_NAMED || finalizers.containsKey(finalizer);
                    finalizers.merge(told ? finalizer : FURTHER, 1, Integer::sum);
                }
            }
        }

        /// Counts as text, no more of them than fit a condition.
        static String shown(Map<String, Integer> counts, Function<Map.Entry<String, Integer>, String> shown) {
            String first = counts.entrySet().stream().limit(MOST_NAMED + 1).map(shown).collect(Collectors.joining(", "));
            return counts.size() <= MOST_NAMED + 1 ? first : first + ", and " + (counts.size() - MOST_NAMED - 1) + " more";
        }

        /// What the failures say in a condition: in an order that does not change, and no more than fits it.
        String complaints() {
            return "Failed to delete all resource types, " + failures.size() + " remaining: " + failures.stream()
                    .map(failure -> failure.told().length() <= LONGEST_COMPLAINT ? failure.told() : failure.told().substring(0, LONGEST_COMPLAINT) + "...")
                    .sorted()
                    .limit(MOST_COMPLAINTS)
                    .collect(Collectors.joining(", "));
        }

        /// Empties a kind. One that cannot be emptied holds back what it is in, not the other kinds.
        ///
        /// @return whether some of it is left
        /// @throws ApiException when the API server does not answer
        boolean remainsOf(BooleanSupplier emptying) {
            try {
                return emptying.getAsBoolean();
            } catch (ApiException refused) {
                if (refused.isUnreachable()) {
                    throw refused;
                }
                // A kind that is not there any more has nothing there.
                if (!refused.isNotFound()) {
                    failures.add(refused);
                }
                return !refused.isNotFound();
            }
        }

        /// Lets whoever works on this try again, later each time.
        ///
        /// @throws ApiException the first failure, when there is one
        void rethrow() {
            if (!failures.isEmpty()) {
                throw failures.getFirst();
            }
        }
    }

    /// Deletes what is there and tells what is still left; pods that end gracefully are left for a while, and hold back the rest.
    Left empty(String tenant, String namespace) {
        Left left = new Left();
        empty(tenant, namespace, left);
        return left;
    }

    /// As the other, and adds what is left to `left`.
    void empty(String tenant, String namespace, Left left) {
        Scope scope = Scope.namespace(tenant, namespace);
        for (Map.Entry<Kind<?>, Boolean> entry : kinds.entrySet()) {
            if (entry.getValue() && !tenant.equals(ObjectKey.ROOT)) {
                continue;
            }
            boolean held = left.remainsOf(() -> emptied(entry.getKey(), scope, left));
            if (held && entry.getKey() == Kind.POD) {
                return;
            }
        }
        customKinds(tenant).forEach(kind -> left.remainsOf(() -> emptied(kind, scope, left)));
    }

    private boolean emptied(Kind<?> kind, Scope scope, Left left) {
        if (isKnownEmpty(kind, scope)) {
            return false;
        }
        Optional<ApiException> refused = deleteAll(client, kind, scope);
        boolean[] some = {false};
        client.of(kind).each(scope, object -> {
            some[0] = true;
            left.count(kind, object);
        });
        if (some[0]) {
            refused.ifPresent(failure -> {
                throw failure;
            });
        }
        return some[0];
    }

    /// Objects that cannot be listed may be there: those of a tenant's own kind that are stored in another version than they are asked for need its
    /// conversion webhook, which may have run in the very namespace that is emptied. What is deleted need not be converted.
    private boolean isKnownEmpty(Kind<?> kind, Scope scope) {
        try {
            return client.of(kind).isEmpty(scope);
        } catch (ApiException unread) {
            if (unread.isUnreachable() || unread.isNotFound()) {
                throw unread;
            }
            return false;
        }
    }

    /// Deletes all objects of a kind. What they own goes as they do, whatever the kind has otherwise: the garbage collector need not let go of it first.
    ///
    /// @return why that was refused, which says nothing if nothing is left: the answer, of what was there, is converted
    static Optional<ApiException> deleteAll(Client client, Kind<?> kind, Scope scope) {
        try {
            client.of(kind).deleteAll(scope, Deletion.Propagation.BACKGROUND);
            return Optional.empty();
        } catch (ApiException refused) {
            if (refused.isUnreachable() || refused.isNotFound()) {
                throw refused;
            }
            return Optional.of(refused);
        }
    }

    /// The namespaced kinds of the tenant's own definitions, each in a version that is served.
    private List<Kind<?>> customKinds(String tenant) {
        List<Kind<?>> custom = new ArrayList<>();
        LeanDefinition.list(client, Scope.tenant(tenant), definition -> servedKind(definition, "Namespaced").ifPresent(custom::add));
        return custom;
    }

    /// The kind that an established definition of this scope makes, in a version that is served: the stored one where it is, since what is
    /// stored in it is had without the tenant's webhooks. What was stored before it became that one is not.
    static Optional<Kind<?>> servedKind(CustomResourceDefinition definition, String scope) {
        boolean established = definition.getStatus() != null && definition.getStatus().getConditions() != null
                && definition.getStatus().getConditions().stream().anyMatch(condition ->
                        "Established".equals(condition.getType()) && "True".equals(condition.getStatus()));
        if (!established || !scope.equals(definition.getSpec().getScope())) {
            return Optional.empty();
        }
        return definition.getSpec().getVersions().stream()
                .filter(version -> Boolean.TRUE.equals(version.getServed()))
                .max(Comparator.comparing(version -> Boolean.TRUE.equals(version.getStorage())))
                .map(version -> Kind.generic(
                        definition.getSpec().getGroup(), version.getName(), definition.getSpec().getNames().getPlural(),
                        definition.getSpec().getNames().getKind(), scope.equals("Namespaced")));
    }
}
