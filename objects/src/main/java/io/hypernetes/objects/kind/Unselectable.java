package io.hypernetes.objects.kind;

import java.util.Map;
import java.util.Set;

/// What no selector looks at.
final class Unselectable {
    private static final Set<String> METADATA = Set.of("annotations", "managedFields", "ownerReferences", "finalizers");

    /// Of all objects.
    static final Map<String, Set<String>> COMMON = Map.of("metadata", METADATA);

    /// Of pods, which change most often.
    static final Map<String, Set<String>> POD = Map.of(
            "metadata", METADATA,
            "spec", Set.of(
                    "affinity", "containers", "dnsConfig", "ephemeralContainers", "hostAliases", "imagePullSecrets", "initContainers", "nodeSelector",
                    "overhead", "readinessGates", "resourceClaims", "resources", "schedulingGates", "securityContext", "tolerations",
                    "topologySpreadConstraints", "volumes"),
            "status", Set.of(
                    "conditions", "containerStatuses", "ephemeralContainerStatuses", "hostIPs", "initContainerStatuses", "resourceClaimStatuses", "resources"));

    private Unselectable() {}
}
