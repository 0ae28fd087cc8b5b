package io.hypernetes.kubelet.pod;

/// How a pod that a node has noted counts for those that come to it.
enum Standing {
    /// It has its place.
    STAYS,
    /// The API gives its place to others, or may, while its machine may still run: whoever fits only without it waits.
    LEAVES,
    /// Nothing of it runs any more.
    LEFT
}
