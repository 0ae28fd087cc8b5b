package io.hypernetes.objects;

/// The Kubernetes version that every part of Hypernetes gives when asked: the API server, the nodes, the schema.
///
/// It is what kubectl compares with its own (docs/decisions.md says why this one), followed by the version of Hypernetes.
public final class KubernetesVersion {
    public static final String MAJOR = "1";
    public static final String MINOR = "33";
    /// In the form of `git describe`, as `/version` and `Node.status.nodeInfo` have it.
    public static final String GIT_VERSION = "v" + MAJOR + "." + MINOR + ".0+hypernetes.0.1.0";

    private KubernetesVersion() {}
}
