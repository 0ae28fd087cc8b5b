package io.hypernetes.hyperd.docker;

import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The one network that Docker containers have, as the API shows it.
final class NetworkCalls {
    static final String NAME = "bridge";
    /// Networks have ids of this form; there is one network, and it never changes.
    static final String ID = "0".repeat(63) + "1";

    private NetworkCalls() {}

    /// `network create|rm|connect|disconnect`.
    ///
    /// @throws DockerFailure always
    static DockerFailure later(String call) {
        return DockerFailure.later("hyperd does not answer " + call + " yet: every container is in the one network `bridge`, where containers reach each other by address");
    }

    static ArrayNode list(Filters filters, List<DockerContainer> containers) {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        if (filters.network(NAME, ID)) {
            all.add(show(containers));
        }
        return all;
    }

    /// @throws DockerFailure 404 when it is not that one
    static ObjectNode one(String reference, List<DockerContainer> containers) {
        if (!reference.equals(NAME) && !(reference.length() >= 12 && ID.startsWith(reference))) {
            throw new DockerFailure(404, "network " + reference + " not found: there is only `bridge`");
        }
        return show(containers);
    }

    private static ObjectNode show(List<DockerContainer> containers) {
        ObjectNode network = JsonNodeFactory.instance.objectNode().put("Name", NAME).put("Id", ID).put("Created", "0001-01-01T00:00:00Z")
                .put("Scope", "local").put("Driver", "bridge").put("EnableIPv4", true).put("EnableIPv6", false).put("Internal", false)
                .put("Attachable", false).put("Ingress", false).put("ConfigOnly", false);
        network.putObject("IPAM").put("Driver", "default").putArray("Config");
        ObjectNode members = network.putObject("Containers");
        for (DockerContainer container : containers) {
            DockerRecord record = container.record();
            if (record.isRunning()) {
                members.putObject(record.id()).put("Name", record.name()).put("EndpointID", record.id()).put("MacAddress", "")
                        .put("IPv4Address", record.state().address()).put("IPv6Address", "");
            }
        }
        network.putObject("Options");
        network.putObject("Labels");
        return network;
    }
}
