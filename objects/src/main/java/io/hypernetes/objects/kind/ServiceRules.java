package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Services. Addresses and node ports are given by admission, before validation.
final class ServiceRules implements KindRules {
    private static final long AFFINITY_SECONDS = 10_800;
    private static final Layout LAYOUT = Layout.named()
            .text("Type", "How it is reached.", "spec", "type")
            .orNone("Cluster-IP", "Its address inside the cluster.", "spec", "clusterIP")
            .cell("External-IP", "Its addresses outside the cluster.", ServiceRules::externalAddresses)
            .cell("Port(s)", "Its ports.", ServiceRules::ports)
            .age()
            .wide("Selector", "Which pods it leads to.", s -> Layout.selectorText(Json.at(s, "spec", "selector")));

    /// It may begin with a digit, as upstream lets it since 1.36 (`RelaxedServiceNameValidation`).
    @Override
    public List<String> checkName(String name) {
        return Names.label(name);
    }

    @Override
    public void defaults(ObjectNode service) {
        ObjectNode spec = Json.child(service, "spec");
        Json.setDefault(spec, "sessionAffinity", "None");
        if (Json.string(spec, "sessionAffinity").equals("None")) {
            spec.remove("sessionAffinityConfig");
        } else if (Json.string(spec, "sessionAffinity").equals("ClientIP")) {
            Json.setDefault(Json.child(Json.child(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", AFFINITY_SECONDS);
        }
        Json.setDefault(spec, "type", "ClusterIP");
        for (ObjectNode port : Json.objects(spec, "ports")) {
            Json.setDefault(port, "protocol", "TCP");
            JsonNode target = port.get("targetPort");
            boolean unsaid = !Json.present(target)
                    || (target.isIntegralNumber() && target.longValue() == 0)
                    || (target.isString() && target.stringValue().isEmpty());
            if (unsaid) {
                port.set("targetPort", Json.integer(Json.number(port, 0, "port")));
            }
        }
        String type = Json.string(spec, "type");
        boolean balanced = type.equals("LoadBalancer");
        if (isReachedFromOutside(spec)) {
            Json.setDefault(spec, "externalTrafficPolicy", "Cluster");
        }
        if (balanced || type.equals("NodePort") || type.equals("ClusterIP")) {
            Json.setDefault(spec, "internalTrafficPolicy", "Cluster");
        }
        if (balanced) {
            Json.setDefault(spec, "allocateLoadBalancerNodePorts", true);
            for (ObjectNode ingress : Json.objects(service.path("status").path("loadBalancer"), "ingress")) {
                if (!Json.string(ingress, "ip").isEmpty()) {
                    Json.setDefault(ingress, "ipMode", "VIP");
                }
            }
        }
    }

    /// What was allocated stays with the service whose writer does not mention it, and goes with the type that needed it.
    @Override
    public void prepareUpdate(ObjectNode service, ObjectNode old, @Nullable String subresource) {
        if (subresource != null) {
            return;
        }
        ObjectNode spec = Json.child(service, "spec");
        JsonNode before = old.path("spec");
        String type = Json.string(spec, "type");
        if (type.equals("ExternalName")) {
            if (!Json.string(before, "type").equals("ExternalName")
                    && Json.string(spec, "clusterIP").equals(Json.string(before, "clusterIP"))) {
                spec.remove(List.of("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"));
            }
        } else {
            followAddress(spec, before);
            if (!Json.string(before, "type").equals("ExternalName") && Json.string(spec, "clusterIP").isEmpty()
                    && spec.path("clusterIPs").isEmpty()) {
                for (String kept : List.of("clusterIP", "clusterIPs")) {
                    keep(spec, before, kept);
                }
            }
        }
        if (!type.equals("ExternalName")) {
            if (!Json.string(spec, "clusterIP").isEmpty() && spec.path("clusterIPs").isEmpty()) {
                keep(spec, before, "clusterIPs");
            }
            keep(spec, before, "ipFamilies");
            keep(spec, before, "ipFamilyPolicy");
        }
        boolean ports = type.equals("NodePort") || type.equals("LoadBalancer");
        boolean had = List.of("NodePort", "LoadBalancer").contains(Json.string(before, "type"));
        if (ports && had) {
            keepNodePorts(spec, before);
        } else if (!ports && had) {
            // Their numbers were the allocator's; a number that the client set anew is refused by validation.
            for (ObjectNode port : Json.objects(spec, "ports")) {
                long number = Json.number(port, 0, "nodePort");
                if (Json.objects(before, "ports").stream().anyMatch(p -> Json.number(p, 0, "nodePort") == number)) {
                    port.remove("nodePort");
                }
            }
        }
        if (isReachedFromOutside(before) && !isReachedFromOutside(spec)
                && Json.string(spec, "externalTrafficPolicy").equals(Json.string(before, "externalTrafficPolicy"))) {
            // It was most often a default.
            spec.remove("externalTrafficPolicy");
        }
        if (!type.equals("LoadBalancer") && Json.string(before, "type").equals("LoadBalancer")) {
            spec.remove(List.of("allocateLoadBalancerNodePorts", "loadBalancerClass"));
        }
        boolean healthCheck = type.equals("LoadBalancer") && Json.string(spec, "externalTrafficPolicy").equals("Local");
        if (healthCheck) {
            keep(spec, before, "healthCheckNodePort");
        } else if (Json.number(spec, 0, "healthCheckNodePort") == Json.number(before, 0, "healthCheckNodePort")) {
            spec.remove("healthCheckNodePort");
        }
    }

    private static void keep(ObjectNode spec, JsonNode before, String name) {
        JsonNode value = before.get(name);
        if (!Json.present(spec.get(name)) && value != null) {
            spec.set(name, value.deepCopy());
        }
    }

    /// Who changes or takes away the one address and leaves the list as it was means both: normalizeClusterIPs of
    /// pkg/registry/core/service/storage/alloc.go.
    private static void followAddress(ObjectNode spec, JsonNode before) {
        String address = Json.string(spec, "clusterIP");
        JsonNode all = spec.path("clusterIPs");
        if (all.isEmpty() || address.equals(Json.string(before, "clusterIP")) || !all.equals(before.path("clusterIPs"))) {
            return;
        }
        if (address.isEmpty()) {
            spec.remove("clusterIPs");
        } else {
            spec.putArray("clusterIPs").add(address);
        }
    }

    /// A port whose number on the nodes is not said keeps that of the port of its name, whatever else has changed in it, unless
    /// another one has taken it: patchAllocatedValues of pkg/registry/core/service/storage/alloc.go.
    private static void keepNodePorts(ObjectNode spec, JsonNode before) {
        Map<String, Long> known = new HashMap<>();
        Set<Long> taken = new HashSet<>();
        Json.objects(spec, "ports").forEach(port -> taken.add(Json.number(port, 0, "nodePort")));
        Json.objects(before, "ports").forEach(port -> known.put(Json.string(port, "name"), Json.number(port, 0, "nodePort")));
        for (ObjectNode port : Json.objects(spec, "ports")) {
            long number = known.getOrDefault(Json.string(port, "name"), 0L);
            if (Json.number(port, 0, "nodePort") == 0 && number != 0 && !taken.contains(number)) {
                port.put("nodePort", number);
            }
        }
    }

    @Override
    public void validate(ObjectNode service, Errors errors) {
        new ServiceValidation(WorkloadValidation.spec(service), errors).run();
    }

    @Override
    public void validateUpdate(ObjectNode service, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null) {
            ServiceValidation.update(WorkloadValidation.spec(service), WorkloadValidation.spec(old), errors);
        }
    }

    @Override
    public void validateStatus(ObjectNode service, ObjectNode old, Errors errors) {
        if (!Json.string(service, "spec", "type").equals("LoadBalancer") && !Json.at(service, "status", "loadBalancer", "ingress").isEmpty()) {
            errors.forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'");
        } else {
            StatusValidation.balancer(service, true, errors);
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode service) {
        return Map.of(
                "spec.clusterIP", Json.string(service, "spec", "clusterIP"), "spec.type", Json.string(service, "spec", "type"));
    }

    static boolean isReachedFromOutside(JsonNode spec) {
        return switch (Json.string(spec, "type")) {
            case "LoadBalancer", "NodePort" -> true;
            case "ClusterIP" -> !spec.path("externalIPs").isEmpty();
            default -> false;
        };
    }

    private static String externalAddresses(ObjectNode service) {
        String listed = Layout.list(Json.at(service, "spec", "externalIPs"));
        return switch (Json.string(service, "spec", "type")) {
            case "LoadBalancer" -> {
                String given = balancerAddresses(service);
                boolean own = !listed.equals("<none>");
                yield given.isEmpty() ? (own ? listed : "<pending>") : own ? given + "," + listed : given;
            }
            case "ExternalName" -> Json.string(service, "spec", "externalName");
            default -> listed;
        };
    }

    /// The addresses and names in a load balancer's status, in order, with commas.
    static String balancerAddresses(ObjectNode object) {
        TreeSet<String> addresses = new TreeSet<>();
        for (ObjectNode ingress : Json.objects(Json.at(object, "status", "loadBalancer"), "ingress")) {
            String ip = Json.string(ingress, "ip");
            addresses.add(ip.isEmpty() ? Json.string(ingress, "hostname") : ip);
        }
        return String.join(",", addresses);
    }

    private static String ports(ObjectNode service) {
        List<String> ports = new ArrayList<>();
        for (ObjectNode port : Json.objects(service.path("spec"), "ports")) {
            long node = Json.number(port, 0, "nodePort");
            ports.add(Json.number(port, 0, "port") + (node > 0 ? ":" + node : "") + "/" + Json.string(port, "protocol"));
        }
        return Layout.none(String.join(",", ports));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
