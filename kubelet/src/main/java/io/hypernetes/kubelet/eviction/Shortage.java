package io.hypernetes.kubelet.eviction;

/// A resource of which too little is left.
///
/// @param resource as the API calls it
/// @param threshold the least that should be left, as text
/// @param availableBytes what is left
record Shortage(String resource, String threshold, long availableBytes) {
    String sentence() {
        return "The node was low on resource: " + resource + ". Threshold quantity: " + threshold + ", available: " + availableBytes / 1024 + "Ki. ";
    }
}
