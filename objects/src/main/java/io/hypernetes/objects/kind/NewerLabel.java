package io.hypernetes.objects.kind;

import java.util.Map;

/// The label of a node that stands for one that upstream has given up.
///
/// @param name of the newer one
/// @param since the version that gave the older one up: `v1.14`
public record NewerLabel(String name, String since) {
    /// By the older names.
    public static final Map<String, NewerLabel> OF = Map.of(
            "beta.kubernetes.io/arch", new NewerLabel("kubernetes.io/arch", "v1.14"),
            "beta.kubernetes.io/os", new NewerLabel("kubernetes.io/os", "v1.14"),
            "failure-domain.beta.kubernetes.io/region", new NewerLabel("topology.kubernetes.io/region", "v1.17"),
            "failure-domain.beta.kubernetes.io/zone", new NewerLabel("topology.kubernetes.io/zone", "v1.17"),
            "beta.kubernetes.io/instance-type", new NewerLabel("node.kubernetes.io/instance-type", "v1.17"));
}
