package io.hypernetes.apiserver.node;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import tools.jackson.databind.node.ObjectNode;

/// Where a node's kubelet listens.
///
/// @param node the node's name, which its certificate must bear
/// @param host an IP address or a host name
public record NodeAddress(String node, String host, int port) {
    private static final int DEFAULT_KUBELET_PORT = 10250;

    /// As the Node object says.
    ///
    /// @throws io.hypernetes.objects.ApiException when it tells no address
    public static NodeAddress of(ObjectNode node) {
        var name = Json.string(node, "metadata", "name");
        for (var address : Json.objects(node.path("status"), "addresses")) {
            if (Json.string(address, "type").equals("InternalIP")) {
                int port = (int) Json.number(
                        node, DEFAULT_KUBELET_PORT, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
                return new NodeAddress(name, Json.string(address, "address"), port);
            }
        }
        if (Json.string(node, "metadata", "labels", "hypernetes.io/simulated").equals("true")) {
            throw ApiStatus.internal("node " + name + " is simulated (hypernetes simulate nodes): it runs nothing, so there are no logs of its pods and nothing can be run in them").asException();
        }
        throw ApiStatus.internal("node " + name + " has told no InternalIP address: is its kubelet running?")
                .asException();
    }

    @Override
    public String toString() {
        return node + " (" + host + ":" + port + ")";
    }
}
