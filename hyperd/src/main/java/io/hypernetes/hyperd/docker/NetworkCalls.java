package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.http.HttpExchange;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker network`. Safe for use by many threads.
final class NetworkCalls {
    private static final Pattern ONE = Pattern.compile("(GET|DELETE) /networks/([^/]+)");
    private static final Pattern MEMBER = Pattern.compile("POST /networks/([^/]+)/(connect|disconnect)");
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final DockerNetworks networks;
    private final DockerContainers containers;

    NetworkCalls(DockerNetworks networks, DockerContainers containers) {
        this.networks = networks;
        this.containers = containers;
    }

    /// False when it is none of its calls.
    ///
    /// @param body of the request, empty when it has none
    boolean handle(String call, HttpExchange exchange, JsonNode body) throws IOException {
        switch (call) {
            case "GET /networks" -> {
                Filters filters = Filters.parse(exchange.query("filters"), "name", "id", "driver", "scope", "type", "label", "dangling");
                Set<String> named = named();
                ArrayNode all = NODES.arrayNode();
                networks.list().stream().filter(network -> filters.network(network, !named.contains(network.id()))).forEach(network -> all.add(show(network)));
                json(exchange, 200, all);
            }
            case "POST /networks/create" -> json(exchange, 201, NODES.objectNode().put("Id", networks.create(body).id()).put("Warning", ""));
            case "POST /networks/prune" -> {
                ObjectNode answer = NODES.objectNode();
                networks.prune(exchange.query("filters"), this::named).forEach(answer.putArray("NetworksDeleted")::add);
                json(exchange, 200, answer);
            }
            default -> {
                Matcher one = ONE.matcher(call);
                Matcher member = MEMBER.matcher(call);
                if (one.matches() && one.group(1).equals("GET")) {
                    json(exchange, 200, show(networks.get(one.group(2))));
                } else if (one.matches()) {
                    networks.remove(networks.get(one.group(2)));
                    exchange.answer(204, "application/json", new byte[0]);
                } else if (member.matches()) {
                    DockerContainer container = containers.get(body.path("Container").asString(""));
                    if (member.group(2).equals("connect")) {
                        NetworkRecord network = networks.get(member.group(1));
                        Unanswered.endpoint(body.path("EndpointConfig"));
                        container.join(network, DockerNetworks.endpoint(network, body.path("EndpointConfig")));
                    } else {
                        container.leave(left(member.group(1), container.record()));
                    }
                    exchange.answer(200, "application/json", new byte[0]);
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    /// A network that is gone can still be left, by who does not run.
    private NetworkRecord left(String reference, DockerRecord container) {
        try {
            return networks.get(reference);
        } catch (DockerFailure none) {
            return container.networks().stream().filter(endpoint -> endpoint.name().equals(reference) || endpoint.network().equals(reference)).findFirst()
                    .map(endpoint -> new NetworkRecord(endpoint.network(), endpoint.name(), 0, Map.of(), false, false))
                    .orElseThrow(() -> none);
        }
    }

    /// The networks that any container names, running or not.
    private Set<String> named() {
        return containers.list().stream().flatMap(container -> container.record().networks().stream()).map(DockerRecord.Endpoint::network).collect(Collectors.toSet());
    }

    private ObjectNode show(NetworkRecord network) {
        ObjectNode shown = NODES.objectNode().put("Name", network.name()).put("Id", network.id())
                .put("Created", network.createdNanos() == 0 ? "0001-01-01T00:00:00Z" : Instant.ofEpochSecond(0, network.createdNanos()).toString())
                .put("Scope", "local").put("Driver", "bridge").put("EnableIPv4", true).put("EnableIPv6", false).put("Internal", network.internal())
                .put("Attachable", network.attachable()).put("Ingress", false).put("ConfigOnly", false);
        ObjectNode ipam = shown.putObject("IPAM").put("Driver", "default");
        ipam.putNull("Options");
        ipam.putArray("Config");
        shown.putObject("ConfigFrom").put("Network", "");
        ObjectNode members = shown.putObject("Containers");
        for (DockerRecord container : networks.members(network)) {
            members.putObject(container.id()).put("Name", container.name()).put("EndpointID", container.id()).put("MacAddress", "")
                    .put("IPv4Address", container.state().address()).put("IPv6Address", "");
        }
        shown.putObject("Options");
        ObjectNode labels = shown.putObject("Labels");
        network.labels().forEach(labels::put);
        return shown;
    }

    private static void json(HttpExchange exchange, int status, Object tree) throws IOException {
        exchange.answer(status, "application/json", JSON.writeValueAsBytes(tree));
    }

    /// Those of some containers that run or start.
    static List<DockerRecord> up(List<DockerContainer> containers) {
        return containers.stream().map(DockerContainer::record).filter(DockerRecord::isUp).toList();
    }
}
