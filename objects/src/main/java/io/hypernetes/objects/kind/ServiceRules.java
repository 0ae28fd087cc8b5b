package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

    @Override
    public void prepareUpdate(ObjectNode service, ObjectNode old, @Nullable String subresource) {
        if (subresource == null) {
            new ServiceChange(service, old).prepare();
        }
    }

    @Override
    public void validate(ObjectNode service, Errors errors) {
        new ServiceValidation(service, errors).run();
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
