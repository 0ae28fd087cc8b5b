package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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
        Left(Map<String, Integer> resources, Map<String, Integer> finalizers) {
            this(resources, finalizers, new ArrayList<>());
        }

        boolean isEmpty() {
            return resources.isEmpty() && failures.isEmpty();
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
        Scope scope = Scope.namespace(tenant, namespace);
        Left left = new Left(new TreeMap<>(), new TreeMap<>());
        for (Map.Entry<Kind<?>, Boolean> entry : kinds.entrySet()) {
            if (entry.getValue() && !tenant.equals(ObjectKey.ROOT)) {
                continue;
            }
            boolean held = empty(entry.getKey(), scope, left);
            if (held && entry.getKey() == Kind.POD) {
                return left;
            }
        }
        customKinds(tenant).forEach(kind -> empty(kind, scope, left));
        return left;
    }

    /// One kind that cannot be emptied holds back the namespace, not the other kinds.
    private boolean empty(Kind<?> kind, Scope scope, Left left) {
        try {
            return emptied(kind, scope, left);
        } catch (ApiException refused) {
            if (refused.code() == 0) {
                throw refused;
            }
            // A kind that is not there any more has nothing there.
            if (!refused.isNotFound()) {
                left.failures.add(refused);
            }
            return !refused.isNotFound();
        }
    }

    private boolean emptied(Kind<?> kind, Scope scope, Left left) {
        List<? extends HasMetadata> objects = client.of(kind).list(scope, Selection.everything()).items();
        if (!objects.isEmpty()) {
            client.of(kind).deleteAll(scope);
            objects = client.of(kind).list(scope, Selection.everything()).items();
        }
        if (objects.isEmpty()) {
            return false;
        }
        left.resources.put(kind.plural() + "." + kind.group(), objects.size());
        for (HasMetadata object : objects) {
            if (object.getMetadata().getFinalizers() != null) {
                object.getMetadata().getFinalizers().forEach(finalizer -> left.finalizers.merge(finalizer, 1, Integer::sum));
            }
        }
        return true;
    }

    /// The namespaced kinds of the tenant's own definitions, each in a version that is served.
    private List<Kind<?>> customKinds(String tenant) {
        List<Kind<?>> custom = new ArrayList<>();
        for (CustomResourceDefinition definition : client.of(Kind.CUSTOM_RESOURCE_DEFINITION).list(Scope.tenant(tenant), Selection.everything()).items()) {
            servedKind(definition, "Namespaced").ifPresent(custom::add);
        }
        return custom;
    }

    /// The kind that an established definition of this scope makes, in a version that is served: the stored one where it is, since that is
    /// had without the tenant's webhooks.
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
