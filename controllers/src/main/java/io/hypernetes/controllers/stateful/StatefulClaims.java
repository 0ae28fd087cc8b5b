package io.hypernetes.controllers.stateful;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.PodControl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The claims of one StatefulSet's pods, which outlive them, and the set too, unless its retention policy says otherwise: then they belong to who is to take them
/// along. A policy that changes counts for the claims that are there (`updateClaimOwnerRefForSetAndPod` in upstream's
/// pkg/controller/statefulset/stateful_set_utils.go).
///
/// @param known the claims as cached
record StatefulClaims(Client client, Informer<PersistentVolumeClaim> known, EventRecorder events, ObjectKey key, StatefulSet set) {

    static List<PersistentVolumeClaim> templates(StatefulSet set) {
        List<PersistentVolumeClaim> templates = set.getSpec().getVolumeClaimTemplates();
        return templates == null ? List.of() : templates;
    }

    static String name(StatefulSet set, PersistentVolumeClaim template, int ordinal) {
        return template.getMetadata().getName() + "-" + StatefulPods.name(set, ordinal);
    }

    /// Whether a claim of that name is, or was, that of some pod of a set.
    static boolean isOf(StatefulSet set, String claim) {
        return templates(set).stream()
                .map(template -> template.getMetadata().getName() + "-" + set.getMetadata().getName() + "-")
                .anyMatch(start -> claim.startsWith(start) && claim.length() > start.length()
                        && claim.chars().skip(start.length()).allMatch(digit -> digit >= '0' && digit <= '9'));
    }

    private ObjectKey key(PersistentVolumeClaim template, int ordinal) {
        return new ObjectKey(key.tenant(), key.namespace(), name(set, template, ordinal));
    }

    /// Whether a claim still belongs to a former pod of the name, with which it goes: a pod that is made now would lose it. What is kept when pods go is there
    /// to be used again (`PodClaimIsStale` in upstream's pkg/controller/statefulset/stateful_pod_control.go).
    boolean areStale(int ordinal) {
        return goesWithPod() && templates(set).stream().anyMatch(template -> known.get(key(template, ordinal)).stream()
                .flatMap(claim -> owners(claim).stream())
                .anyMatch(owner -> owner.getApiVersion().equals("v1") && owner.getKind().equals("Pod") && owner.getName().equals(StatefulPods.name(set, ordinal))));
    }

    /// Makes those that are missing.
    ///
    /// @throws ApiException when one is refused
    void make(int ordinal) {
        for (PersistentVolumeClaim template : templates(set)) {
            ObjectKey claimKey = key(template, ordinal);
            String what = "create Claim " + claimKey.name() + " Pod " + StatefulPods.name(set, ordinal) + " in StatefulSet " + key.name();
            if (client.of(Kind.PERSISTENT_VOLUME_CLAIM).find(claimKey).isPresent()) {
                continue;
            }
            try {
                client.of(Kind.PERSISTENT_VOLUME_CLAIM).create(key.tenant(), wanted(template, ordinal));
                events.record(key.tenant(), set, Type.NORMAL, "SuccessfulCreate", what + " success");
            } catch (ApiException refused) {
                if (!refused.isAlreadyExists()) {
                    events.record(key.tenant(), set, Type.WARNING, "FailedCreate", what + " failed error: " + PodControl.reason(refused));
                    throw refused;
                }
            }
        }
    }

    private PersistentVolumeClaim wanted(PersistentVolumeClaim template, int ordinal) {
        Map<String, String> labels = new LinkedHashMap<>(
                template.getMetadata().getLabels() == null ? Map.of() : template.getMetadata().getLabels());
        if (set.getSpec().getSelector().getMatchLabels() != null) {
            labels.putAll(set.getSpec().getSelector().getMatchLabels());
        }
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name(set, template, ordinal))
                .withNamespace(set.getMetadata().getNamespace())
                .withLabels(labels)
                .withAnnotations(template.getMetadata().getAnnotations())
                .withOwnerReferences(goesWithSet() ? List.of(Claims.reference(Kind.STATEFUL_SET, set)) : List.of())
                .endMetadata()
                .withSpec(template.getSpec())
                .build();
    }

    /// Has the claims of a pod belong to who takes them along by the policy as it is now.
    ///
    /// @param scaledAway whether the set is too small for the pod
    void settle(Pod pod, boolean scaledAway) {
        int ordinal = StatefulPods.ordinal(set, pod).orElseThrow();
        for (PersistentVolumeClaim template : templates(set)) {
            ObjectKey claimKey = key(template, ordinal);
            PersistentVolumeClaim cached = known.get(claimKey).orElse(null);
            if (cached == null || owners(cached).equals(wantedOwners(cached, pod, scaledAway))) {
                continue;
            }
            if (isOthers(cached, pod)) {
                events.record(key.tenant(), set, Type.WARNING, "ConflictingController", "PersistentVolumeClaim " + claimKey.name()
                        + " has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim");
            }
            client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(claimKey, null, claim -> {
                List<OwnerReference> owners = wantedOwners(claim, pod, scaledAway);
                if (owners.equals(owners(claim))) {
                    return null;
                }
                claim.getMetadata().setOwnerReferences(owners);
                return claim;
            });
        }
    }

    private List<OwnerReference> wantedOwners(PersistentVolumeClaim claim, Pod pod, boolean scaledAway) {
        if (isOfFormer(claim, pod)) {
            return owners(claim);
        }
        HasMetadata owner = scaledAway && goesWithPod() ? pod : goesWithSet() ? set : null;
        OwnerReference wanted = owner == null || isOthers(claim, pod) ? null : Claims.reference(owner == pod ? Kind.POD : Kind.STATEFUL_SET, owner);
        List<OwnerReference> owners = new ArrayList<>(owners(claim));
        // One that is right stays where it is.
        owners.removeIf(each -> (names(each, "apps/v1", "StatefulSet", set) || names(each, "v1", "Pod", pod)) && !each.equals(wanted));
        if (wanted != null && !owners.contains(wanted)) {
            owners.add(wanted);
        }
        return owners;
    }

    /// Whether a claim was left to a former set or pod of the name, to go with it: it is not touched, or data that were to go would live on in this set
    /// (`isClaimOwnerUpToDate`).
    private boolean isOfFormer(PersistentVolumeClaim claim, Pod pod) {
        return owners(claim).stream().anyMatch(owner -> names(owner, "apps/v1", "StatefulSet", set) && !owner.getUid().equals(set.getMetadata().getUid())
                || names(owner, "v1", "Pod", pod) && !owner.getUid().equals(pod.getMetadata().getUid()));
    }

    /// Whether somebody else is in charge of a claim: then the policy has no say, unless all is kept anyway.
    private boolean isOthers(PersistentVolumeClaim claim, Pod pod) {
        return (goesWithSet() || goesWithPod()) && owners(claim).stream().anyMatch(owner -> Boolean.TRUE.equals(owner.getController())
                && !names(owner, "apps/v1", "StatefulSet", set) && !names(owner, "v1", "Pod", pod));
    }

    private static boolean names(OwnerReference owner, String apiVersion, String kind, HasMetadata object) {
        return owner.getApiVersion().equals(apiVersion) && owner.getKind().equals(kind) && owner.getName().equals(object.getMetadata().getName());
    }

    static List<OwnerReference> owners(PersistentVolumeClaim claim) {
        List<OwnerReference> owners = claim.getMetadata().getOwnerReferences();
        return owners == null ? List.of() : owners;
    }

    private boolean goesWithSet() {
        var policy = set.getSpec().getPersistentVolumeClaimRetentionPolicy();
        return policy != null && "Delete".equals(policy.getWhenDeleted());
    }

    private boolean goesWithPod() {
        var policy = set.getSpec().getPersistentVolumeClaimRetentionPolicy();
        return policy != null && "Delete".equals(policy.getWhenScaled());
    }
}
