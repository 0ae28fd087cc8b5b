package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a changed service keeps of what it was given, though its writer does not mention it, and what goes with the type that needed it. One use each.
///
/// A field is only dropped when its writer has not changed it at the same time: then he means it, and is told why it cannot be.
final class ServiceChange {
    private final ObjectNode service;
    private final ObjectNode spec;
    private final JsonNode before;

    ServiceChange(ObjectNode service, ObjectNode old) {
        this.service = service;
        this.spec = Json.child(service, "spec");
        this.before = old.path("spec");
    }

    void prepare() {
        keepAllocated();
        followAddress();
        dropAddresses();
        dropPorts();
        dropBalancing();
    }

    /// patchAllocatedValues of upstream's pkg/registry/core/service/storage/storage.go; families and their policy are reckoned anew there, to the same.
    private void keepAllocated() {
        if (addressed(before) && addressed(spec)) {
            if (Json.string(spec, "clusterIP").isEmpty()) {
                spec.remove("clusterIP");
            }
            keep("clusterIP");
            if (spec.path("clusterIPs").isEmpty()) {
                spec.remove("clusterIPs");
            }
            keep("clusterIPs");
            keep("ipFamilies");
            keep("ipFamilyPolicy");
        }
        if (ported(before) && ported(spec)) {
            keepNodePorts();
        }
        if (checked(before) && checked(spec) && Json.number(spec, 0, "healthCheckNodePort") == 0) {
            spec.remove("healthCheckNodePort");
            keep("healthCheckNodePort");
        }
    }

    private void keep(String name) {
        JsonNode value = before.get(name);
        if (!Json.present(spec.get(name)) && value != null) {
            spec.set(name, value.deepCopy());
        }
    }

    /// A port whose number on the nodes is not said keeps that of the port of its name, whatever else has changed in it, unless another one has taken it.
    private void keepNodePorts() {
        Map<String, Long> known = new HashMap<>();
        Set<Long> taken = nodePorts(spec);
        Json.objects(before, "ports").forEach(port -> known.put(Json.string(port, "name"), Json.number(port, 0, "nodePort")));
        for (ObjectNode port : Json.objects(spec, "ports")) {
            long number = known.getOrDefault(Json.string(port, "name"), 0L);
            if (Json.number(port, 0, "nodePort") == 0 && number != 0 && !taken.contains(number)) {
                port.put("nodePort", number);
            }
        }
    }

    /// Who changes or takes away the one address and leaves the list as it was means both, and who knows of no list has not cleared it:
    /// normalizeClusterIPs there.
    private void followAddress() {
        String address = Json.string(spec, "clusterIP");
        if (address.equals(Json.string(before, "clusterIP"))) {
            if (spec.path("clusterIPs").isEmpty()) {
                spec.remove("clusterIPs");
                keep("clusterIPs");
            }
        } else if (same("clusterIPs")) {
            if (address.isEmpty()) {
                spec.remove("clusterIPs");
            } else {
                spec.putArray("clusterIPs").add(address);
            }
        }
    }

    /// This and what follows: dropTypeDependentFields of pkg/registry/core/service/strategy.go.
    private void dropAddresses() {
        if (!addressed(before) || addressed(spec)) {
            return;
        }
        if (Json.string(spec, "clusterIP").equals(Json.string(before, "clusterIP")) && same("clusterIPs")) {
            spec.remove(List.of("clusterIP", "clusterIPs"));
        }
        for (String name : List.of("ipFamilies", "ipFamilyPolicy")) {
            if (same(name)) {
                spec.remove(name);
            }
        }
    }

    private void dropPorts() {
        if (ported(before) && !ported(spec) && nodePorts(before).containsAll(nodePorts(spec))) {
            Json.objects(spec, "ports").forEach(port -> port.remove("nodePort"));
        }
        if (checked(before) && !checked(spec) && same("healthCheckNodePort")) {
            spec.remove("healthCheckNodePort");
        }
    }

    private void dropBalancing() {
        boolean balanced = Json.string(spec, "type").equals("LoadBalancer");
        if (!balanced && Json.string(before, "type").equals("LoadBalancer")) {
            for (String name : List.of("allocateLoadBalancerNodePorts", "loadBalancerClass")) {
                if (same(name)) {
                    spec.remove(name);
                }
            }
        }
        if (ServiceRules.isReachedFromOutside(before) && !ServiceRules.isReachedFromOutside(spec) && same("externalTrafficPolicy")) {
            // It was most often a default.
            spec.remove("externalTrafficPolicy");
        }
        if (!balanced && !service.path("status").path("loadBalancer").isEmpty()) {
            // How the balancer's own end comes is nothing that its users must wait for.
            Json.child(service, "status").putObject("loadBalancer");
        }
    }

    private boolean same(String name) {
        JsonNode now = spec.path(name);
        JsonNode then = before.path(name);
        boolean none = !Json.present(now) && !Json.present(then);
        return none || now.equals(then) || (now.isContainer() || then.isContainer()) && now.isEmpty() && then.isEmpty();
    }

    private static boolean addressed(JsonNode spec) {
        return !Json.string(spec, "type").equals("ExternalName");
    }

    private static boolean ported(JsonNode spec) {
        return List.of("NodePort", "LoadBalancer").contains(Json.string(spec, "type"));
    }

    /// Whether balancers look at a port whether a node has a backend.
    static boolean checked(JsonNode spec) {
        return Json.string(spec, "type").equals("LoadBalancer") && Json.string(spec, "externalTrafficPolicy").equals("Local");
    }

    private static Set<Long> nodePorts(JsonNode spec) {
        Set<Long> numbers = new HashSet<>();
        Json.objects(spec, "ports").forEach(port -> numbers.add(Json.number(port, 0, "nodePort")));
        numbers.remove(0L);
        return numbers;
    }
}
