package io.hypernetes.controllers;

import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Everything a namespace can hold, whatever kinds the API has: pods first, so that nothing is taken from under a running one.
final class NamespaceContent {
    private final Client client;
    /// Of each kind whether only the operator's own cluster has it.
    private final Map<Kind<?>, Boolean> kinds = new LinkedHashMap<>();

    NamespaceContent(Client client) {
        this.client = client;
        kinds.put(Kind.POD, false);
        for (io.hypernetes.objects.kind.Kind kind : Kinds.load().all()) {
            ResourceType type = kind.type();
            if (type.namespaced() && type.isStored() && !type.resource().equals("pods") && type.verbs().contains("deletecollection")) {
                kinds.put(Kind.generic(type.group(), type.version(), type.resource(), type.kind(), true), type.rootOnly());
            }
        }
    }

    /// Deletes what is there and tells what is still left, by kind; pods that end gracefully are left for a while, and hold back the rest.
    Map<String, Integer> empty(String tenant, String namespace) {
        Scope scope = Scope.namespace(tenant, namespace);
        Map<String, Integer> left = new TreeMap<>();
        List<Kind<?>> all = new ArrayList<>();
        kinds.forEach((kind, rootOnly) -> {
            if (!rootOnly || tenant.equals(ObjectKey.ROOT)) {
                all.add(kind);
            }
        });
        all.addAll(defined(tenant));
        for (Kind<?> kind : all) {
            int count = client.of(kind).list(scope, Selection.everything()).items().size();
            if (count > 0) {
                client.of(kind).deleteAll(scope);
                count = client.of(kind).list(scope, Selection.everything()).items().size();
            }
            if (count > 0) {
                left.put(kind.plural(), count);
                if (kind == Kind.POD) {
                    return left;
                }
            }
        }
        return left;
    }

    /// The kinds that the tenant has defined itself, each in one of its versions.
    private List<Kind<?>> defined(String tenant) {
        List<Kind<?>> defined = new ArrayList<>();
        for (var definition : client.of(Kind.CUSTOM_RESOURCE_DEFINITION).list(Scope.tenant(tenant), Selection.everything()).items()) {
            var spec = definition.getSpec();
            if (!spec.getScope().equals("Namespaced")) {
                continue;
            }
            spec.getVersions().stream()
                    .filter(version -> Boolean.TRUE.equals(version.getServed()))
                    .findFirst()
                    .ifPresent(version -> defined.add(Kind.generic(
                            spec.getGroup(), version.getName(), spec.getNames().getPlural(), spec.getNames().getKind(), true)));
        }
        return defined;
    }
}
