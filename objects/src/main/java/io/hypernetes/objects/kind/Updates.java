package io.hypernetes.objects.kind;

import java.util.Set;

/// What a PUT may do with objects of a kind beyond changing what its client has seen, as the strategies of upstream's `pkg/registry` say by `AllowCreateOnUpdate` and
/// `AllowUnconditionalUpdate`.
final class Updates {
    /// Each as [ResourceType#qualifiedResource] has it.
    private static final Set<String> CREATING = Set.of(
            "endpoints",
            "events",
            "events.events.k8s.io",
            "limitranges",
            "services",
            "leases.coordination.k8s.io",
            "leasecandidates.coordination.k8s.io",
            "runtimeclasses.node.k8s.io",
            "clusterrolebindings.rbac.authorization.k8s.io",
            "clusterroles.rbac.authorization.k8s.io",
            "rolebindings.rbac.authorization.k8s.io",
            "roles.rbac.authorization.k8s.io");

    private static final Set<String> CONDITIONAL = Set.of(
            "mutatingadmissionpolicies.admissionregistration.k8s.io",
            "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
            "mutatingwebhookconfigurations.admissionregistration.k8s.io",
            "validatingadmissionpolicies.admissionregistration.k8s.io",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            "validatingwebhookconfigurations.admissionregistration.k8s.io",
            "customresourcedefinitions.apiextensions.k8s.io",
            "apiservices.apiregistration.k8s.io",
            "clustertrustbundles.certificates.k8s.io",
            "podcertificaterequests.certificates.k8s.io",
            "leases.coordination.k8s.io",
            "leasecandidates.coordination.k8s.io",
            "storageversions.internal.apiserver.k8s.io",
            "runtimeclasses.node.k8s.io",
            "poddisruptionbudgets.policy",
            "resourcepoolstatusrequests.resource.k8s.io",
            "csidrivers.storage.k8s.io",
            "csinodes.storage.k8s.io",
            "csistoragecapacities.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "storageversionmigrations.storagemigration.k8s.io");

    private Updates() {}

    /// Whether a PUT makes an object that is missing.
    static boolean create(ResourceType type) {
        return CREATING.contains(type.qualifiedResource());
    }

    /// Whether a PUT may leave open which state of the object its client has seen.
    static boolean areUnconditional(ResourceType type) {
        return !CONDITIONAL.contains(type.qualifiedResource());
    }
}
