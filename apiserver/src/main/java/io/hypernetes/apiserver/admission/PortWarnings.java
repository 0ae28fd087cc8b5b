package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// Ports of a pod's containers that are said twice, or under one name: told in upstream's words. One use for each pod.
final class PortWarnings {
    /// Of ports with one number so many are compared with each other.
    private static final int MOST_ALIKE = 100;

    private final Told told;
    private final Map<String, List<Port>> byNumber = new HashMap<>();
    private final Map<String, String> byName = new HashMap<>();

    PortWarnings(Told told) {
        this.told = told;
    }

    private record Port(String at, long host, String address) {}

    /// @param path of the container
    void look(ObjectNode container, Supplier<String> path) {
        List<ObjectNode> ports = Json.objects(container, "ports");
        for (int i = 0; i < ports.size(); i++) {
            number(ports.get(i), path.get() + ".ports[" + i + "]");
        }
    }

    /// As [#look], once the numbers of all containers are told.
    void names(ObjectNode container, Supplier<String> path) {
        List<ObjectNode> ports = Json.objects(container, "ports");
        for (int i = 0; i < ports.size(); i++) {
            String name = Json.string(ports.get(i), "name");
            if (name.isEmpty()) {
                continue;
            }
            String at = path.get() + ".ports[" + i + "]";
            String first = byName.putIfAbsent(name, at);
            if (first != null) {
                told.say(at + ": duplicate port name \"" + name + "\" with " + first + ", services and probes that select ports by name will use " + first);
            }
        }
    }

    private void number(ObjectNode port, String at) {
        String said = Json.string(port, "protocol");
        String protocol = said.isEmpty() ? "TCP" : said;
        Port mine = new Port(at, Json.number(port, 0, "hostPort"), Json.string(port, "hostIP"));
        long number = Json.number(port, 0, "containerPort");
        if (!mine.address.isEmpty() && mine.host == 0) {
            told.say(at + ": hostIP set without hostPort: {Name:" + Json.string(port, "name") + " HostPort:0 ContainerPort:" + number + " Protocol:" + protocol
                    + " HostIP:" + mine.address + "}");
        }
        List<Port> others = byNumber.computeIfAbsent(number + "/" + protocol, fresh -> new ArrayList<>(1));
        others.forEach(other -> compare(mine, other));
        if (others.size() < MOST_ALIKE) {
            others.add(mine);
        }
    }

    private void compare(Port mine, Port other) {
        if (mine.host == other.host && mine.address.equals(other.address)) {
            told.say(mine.at + ": duplicate port definition with " + other.at);
        } else if (mine.host == 0 || other.host == 0) {
            told.say(mine.at + ": overlapping port definition with " + other.at);
        } else if (mine.host == other.host && mine.address.isEmpty() != other.address.isEmpty()) {
            told.say(mine.at + ": dangerously ambiguous port definition with " + other.at);
        }
    }
}
