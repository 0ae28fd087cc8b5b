package io.hypernetes.kubelet.eviction;

import io.hypernetes.client.ObjectKey;

/// A resource of which too little is left.
///
/// @param resource as the API calls it
/// @param threshold the least that should be left, as text
/// @param availableBytes what is left
record Shortage(String resource, String threshold, long availableBytes) {
    /// Upstream's words (pkg/kubelet/eviction/helpers.go), for a tenant without what is left, which tells of what others use.
    ///
    /// @param tenant who will read it
    String sentence(String tenant) {
        return "The node was low on resource: " + resource + ". Threshold quantity: " + threshold
                + (tenant.equals(ObjectKey.ROOT) ? ", available: " + availableBytes / 1024 + "Ki" : "") + ". ";
    }
}
