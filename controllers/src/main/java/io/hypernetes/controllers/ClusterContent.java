package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
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

    private static final int MOST_REFUSALS = 20;

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
            List<String> names = new ArrayList<>();
            client.of(kind).each(Scope.tenant(tenant), object -> names.add(object.getName()));
            for (String name : names) {
                ObjectKey key = new ObjectKey(tenant, "", name);
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
        kinds.forEach(kind -> left.remainsOf(() -> emptied(kind, tenant, left)));
        customKinds(tenant).forEach(kind -> left.remainsOf(() -> emptied(kind, tenant, left)));
    }

    /// What somebody holds.
    ///
    /// @param leaving whether it is marked for deletion
    private record Held(String name, boolean leaving) {}

    /// One object whose deletion is refused holds back no other, up to some: each may take as long as a webhook that does not answer.
    private boolean emptied(Kind<?> kind, String tenant, NamespaceContent.Left left) {
        boolean remains = false;
        List<ApiException> refusals = new ArrayList<>();
        for (Held object : held(kind, tenant)) {
            // The namespaces that every tenant has go with it, and cannot be deleted before.
            if (kind.plural().equals("namespaces") && kind.group().isEmpty() && BASE.contains(object.name)) {
                continue;
            }
            ObjectKey key = new ObjectKey(tenant, "", object.name);
            ObjectMeta remaining = new ObjectMetaBuilder().withName(object.name).build();
            if (refusals.size() < MOST_REFUSALS) {
                try {
                    if (!object.leaving) {
                        client.of(kind).delete(key, Deletion.ordinary());
                    }
                    remaining = client.of(metadata(kind)).find(key).map(HasMetadata::getMetadata).orElse(null);
                } catch (ApiException refused) {
                    if (refused.isUnreachable()) {
                        throw refused;
                    }
                    refusals.add(refused);
                }
            }
            if (remaining != null) {
                left.count(kind, remaining);
                remains = true;
            }
        }
        if (!refusals.isEmpty()) {
            throw refusals.getFirst();
        }
        return remains;
    }

    private static Kind<PartialObjectMetadata> metadata(Kind<?> kind) {
        return Kind.metadata(kind.group(), kind.version(), kind.plural(), kind.kind(), kind.namespaced());
    }

    /// What has finalizers. Objects of a tenant's own kind that nobody can convert any more cannot be listed: they are deleted unread, as they go with the
    /// tenant in any case, so that only those are in the way that somebody holds.
    private List<Held> held(Kind<?> kind, String tenant) {
        try {
            return listed(kind, tenant);
        } catch (ApiException unread) {
            if (unread.isUnreachable() || unread.isNotFound() || kinds.contains(kind)) {
                throw unread;
            }
            NamespaceContent.deleteAll(client, kind, Scope.tenant(tenant));
            return listed(kind, tenant);
        }
    }

    private List<Held> listed(Kind<?> kind, String tenant) {
        List<Held> held = new ArrayList<>();
        client.of(kind).each(Scope.tenant(tenant), object -> {
            if (object.getFinalizers() != null && !object.getFinalizers().isEmpty()) {
                held.add(new Held(object.getName(), object.getDeletionTimestamp() != null));
            }
        });
        return held;
    }

    private List<Kind<?>> customKinds(String tenant) {
        List<Kind<?>> custom = new ArrayList<>();
        LeanDefinition.list(client, Scope.tenant(tenant), definition -> NamespaceContent.servedKind(definition, "Cluster").ifPresent(custom::add));
        return custom;
    }
}
