package io.hypernetes.apiserver.node;

/// Where a node's kubelet listens.
///
/// @param node the node's name, which its certificate must bear
/// @param host an IP address or a host name
public record NodeAddress(String node, String host, int port) {
    @Override
    public String toString() {
        return node + " (" + host + ":" + port + ")";
    }
}
