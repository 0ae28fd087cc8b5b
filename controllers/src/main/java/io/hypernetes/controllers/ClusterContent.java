package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a tenant holds outside of namespaces and somebody still has to do something about: objects with finalizers. They are deleted and waited for; all
/// others go with the tenant itself, in one commit.
final class ClusterContent {
    private static final Set<String> BASE = Set.of("default", "kube-node-lease", "kube-public", "kube-system");

    /// What may refuse that anything is deleted.
    private static final List<Kind<GenericKubernetesResource>> JUDGES = List.of(
            judge("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
            judge("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
            judge("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
            judge("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"));

    private final Client client;
    private final List<Kind<?>> kinds = new ArrayList<>();

    ClusterContent(Client client) {
        this.client = client;
        for (ResourceType type : Kinds.types()) {
            if (!type.namespaced() && type.isStored() && !type.rootOnly() && type.verbs().containsAll(List.of("list", "delete"))) {
                kinds.add(Kind.generic(type.group(), type.version(), type.resource(), type.kind(), false));
            }
        }
    }

    private static Kind<GenericKubernetesResource> judge(String plural, String kind) {
        return Kind.generic("admissionregistration.k8s.io", "v1", plural, kind, false);
    }

    /// Deletes the webhooks and bindings of policies that a tenant has set over its own objects, whatever finalizers they have: one whose
    /// server is gone, or that was made to refuse, would keep the tenant for ever.
    void dismissJudges(String tenant) {
        for (Kind<GenericKubernetesResource> kind : JUDGES) {
            for (HasMetadata object : client.of(kind).list(Scope.tenant(tenant), Selection.everything()).items()) {
                ObjectKey key = new ObjectKey(tenant, "", object.getMetadata().getName());
                client.of(kind).change(key, null, current -> {
                    if (current.getMetadata().getFinalizers() == null || current.getMetadata().getFinalizers().isEmpty()) {
                        return null;
                    }
                    current.getMetadata().setFinalizers(List.of());
                    return current;
                });
                client.of(kind).delete(key, Deletion.ordinary());
            }
        }
    }

    /// Deletes what has finalizers, and adds what is still there to `left`.
    void empty(String tenant, NamespaceContent.Left left) {
        kinds.forEach(kind -> empty(kind, tenant, left));
        customKinds(tenant).forEach(kind -> empty(kind, tenant, left));
    }

    private void empty(Kind<?> kind, String tenant, NamespaceContent.Left left) {
        for (HasMetadata object : client.of(kind).list(Scope.tenant(tenant), Selection.everything()).items()) {
            List<String> finalizers = object.getMetadata().getFinalizers();
            String name = object.getMetadata().getName();
            // The namespaces that every tenant has go with it, and cannot be deleted before.
            if (finalizers == null || finalizers.isEmpty() || kind.plural().equals("namespaces") && kind.group().isEmpty() && BASE.contains(name)) {
                continue;
            }
            ObjectKey key = new ObjectKey(tenant, "", name);
            if (object.getMetadata().getDeletionTimestamp() == null) {
                client.of(kind).delete(key, Deletion.ordinary());
            }
            if (client.of(kind).find(key).isPresent()) {
                left.resources().merge(kind.plural() + "." + kind.group(), 1, Integer::sum);
                finalizers.forEach(finalizer -> left.finalizers().merge(finalizer, 1, Integer::sum));
            }
        }
    }

    private List<Kind<?>> customKinds(String tenant) {
        List<Kind<?>> custom = new ArrayList<>();
        for (CustomResourceDefinition definition : client.of(Kind.CUSTOM_RESOURCE_DEFINITION).list(Scope.tenant(tenant), Selection.everything()).items()) {
            NamespaceContent.servedKind(definition, "Cluster").ifPresent(custom::add);
        }
        return custom;
    }
}
