package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of a service. One use each.
final class ServiceValidation {
    private static final List<String> TYPES = List.of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    private static final long DAY_SECONDS = 86_400;

    private final ObjectNode spec;
    private final String type;
    private final Errors errors;

    ServiceValidation(ObjectNode spec, Errors errors) {
        this.spec = spec;
        this.type = Json.string(spec, "type");
        this.errors = errors;
    }

    void run() {
        boolean headless = Json.string(spec, "clusterIP").equals("None");
        if (spec.path("ports").isEmpty() && !headless && !type.equals("ExternalName")) {
            errors.required("spec.ports", "");
        }
        switch (type) {
            case "LoadBalancer", "NodePort" -> {
                if (headless) {
                    errors.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for " + type + " services");
                }
            }
            case "ExternalName" -> externalName();
            default -> {}
        }
        ports();
        for (var label : spec.path("selector").properties()) {
            errors.invalid("spec.selector", label.getKey(), Names.qualified(label.getKey()));
            errors.invalid("spec.selector", label.getValue().asString(""), Names.labelValue(label.getValue().asString("")));
        }
        errors.oneOf("spec.sessionAffinity", Json.string(spec, "sessionAffinity"), List.of("ClientIP", "None"));
        long affinity = Json.number(spec, 1, "sessionAffinityConfig", "clientIP", "timeoutSeconds");
        if (affinity <= 0 || affinity > DAY_SECONDS) {
            errors.invalid(
                    "spec.sessionAffinityConfig.clientIP.timeoutSeconds", affinity, "must be greater than 0 and less than 86400");
        }
        addresses();
        if (!TYPES.contains(type)) {
            errors.oneOf("spec.type", type, TYPES);
        }
        policies();
    }

    private void externalName() {
        if (!spec.path("clusterIPs").isEmpty()) {
            errors.forbidden("spec.clusterIPs", "may not be set for ExternalName services");
        }
        String name = Json.string(spec, "externalName");
        if (name.isEmpty()) {
            errors.required("spec.externalName", "");
        } else {
            String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
            errors.invalid("spec.externalName", name, Names.subdomain(bare));
        }
    }

    private void ports() {
        List<ObjectNode> ports = Json.objects(spec, "ports");
        Set<String> names = new HashSet<>();
        Set<String> numbers = new HashSet<>();
        Set<String> nodePorts = new HashSet<>();
        boolean exposed = type.equals("NodePort") || type.equals("LoadBalancer");
        for (int i = 0; i < ports.size(); i++) {
            ObjectNode port = ports.get(i);
            String at = "spec.ports[" + i + "]";
            String name = Json.string(port, "name");
            if (name.isEmpty()) {
                if (ports.size() > 1) {
                    errors.required(at + ".name", "");
                }
            } else {
                errors.invalid(at + ".name", name, Names.label(name));
                if (!names.add(name)) {
                    errors.duplicate(at + ".name", name);
                }
            }
            range(Json.number(port, 0, "port"), at + ".port");
            String protocol = Json.string(port, "protocol");
            errors.oneOf(at + ".protocol", protocol, List.of("SCTP", "TCP", "UDP"));
            target(port.path("targetPort"), at + ".targetPort");
            long nodePort = Json.number(port, 0, "nodePort");
            if (nodePort != 0) {
                if (!exposed) {
                    errors.forbidden(at + ".nodePort", "may not be used when `type` is '" + type + "'");
                } else if (!nodePorts.add(protocol + nodePort)) {
                    errors.duplicate(at + ".nodePort", Long.toString(nodePort));
                }
            }
            if (!numbers.add(protocol + Json.number(port, 0, "port"))) {
                errors.add(new FieldError(at, FieldError.Reason.DUPLICATE, "Duplicate value: " + Json.print(port)));
            }
            String application = Json.string(port, "appProtocol");
            if (!application.isEmpty()) {
                errors.invalid(at + ".appProtocol", application, Names.qualified(application));
            }
        }
    }

    private void target(JsonNode target, String at) {
        if (target.isIntegralNumber()) {
            range(target.longValue(), at);
        } else if (target.isString()) {
            errors.invalid(at, target.stringValue(), Names.portName(target.stringValue()));
        }
    }

    private void range(long port, String at) {
        if (port < 1 || port > 65535) {
            errors.invalid(at, port, "must be between 1 and 65535, inclusive");
        }
    }

    private void addresses() {
        String first = Json.string(spec, "clusterIP");
        JsonNode all = spec.path("clusterIPs");
        if (!first.isEmpty() && !all.isEmpty() && !all.path(0).asString("").equals(first)) {
            errors.invalid("spec.clusterIPs", all, "first value must match `clusterIP`");
        }
        for (int i = 0; i < all.size(); i++) {
            String address = all.path(i).asString("");
            if (!address.equals("None")) {
                errors.invalid("spec.clusterIPs[" + i + "]", address, Addresses.address(address));
            }
        }
        if (!first.isEmpty() && all.isEmpty() && !first.equals("None")) {
            errors.invalid("spec.clusterIPs[0]", first, Addresses.address(first));
        }
        JsonNode external = spec.path("externalIPs");
        for (int i = 0; i < external.size(); i++) {
            String address = external.path(i).asString("");
            EndpointsRules.reachable(address, "spec.externalIPs[" + i + "]", errors);
        }
        JsonNode ranges = spec.path("loadBalancerSourceRanges");
        if (!ranges.isEmpty() && !type.equals("LoadBalancer")) {
            errors.forbidden("spec.loadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'");
        }
        for (int i = 0; i < ranges.size(); i++) {
            String range = ranges.path(i).asString("").strip();
            errors.invalid("spec.loadBalancerSourceRanges[" + i + "]", range, Addresses.range(range));
        }
    }

    private void policies() {
        boolean exposed = type.equals("NodePort") || type.equals("LoadBalancer");
        String external = Json.string(spec, "externalTrafficPolicy");
        if (!external.isEmpty()) {
            if (!ServiceRules.isReachedFromOutside(spec)) {
                errors.invalid(
                        "spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
            } else {
                errors.oneOf("spec.externalTrafficPolicy", external, List.of("Cluster", "Local"));
            }
        }
        String internal = Json.string(spec, "internalTrafficPolicy");
        if (!internal.isEmpty()) {
            errors.oneOf("spec.internalTrafficPolicy", internal, List.of("Cluster", "Local"));
        }
        if (!type.equals("LoadBalancer")) {
            if (Json.present(spec.get("allocateLoadBalancerNodePorts"))) {
                errors.forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'");
            }
            if (!Json.string(spec, "loadBalancerClass").isEmpty()) {
                errors.forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'");
            }
        }
        JsonNode families = spec.path("ipFamilies");
        for (int i = 0; i < families.size(); i++) {
            errors.oneOf("spec.ipFamilies[" + i + "]", families.path(i).asString(""), List.of("IPv4", "IPv6"));
        }
        String policy = Json.string(spec, "ipFamilyPolicy");
        if (!policy.isEmpty()) {
            errors.oneOf("spec.ipFamilyPolicy", policy, List.of("PreferDualStack", "RequireDualStack", "SingleStack"));
        }
        String distribution = Json.string(spec, "trafficDistribution");
        if (!distribution.isEmpty()) {
            errors.oneOf("spec.trafficDistribution", distribution, List.of("PreferClose", "PreferSameNode", "PreferSameZone"));
        }
    }

    /// An address that was given once stays.
    static void update(ObjectNode spec, ObjectNode old, Errors errors) {
        String type = Json.string(spec, "type");
        if (type.equals("ExternalName") || Json.string(old, "type").equals("ExternalName")) {
            return;
        }
        JsonNode before = old.path("clusterIPs").path(0);
        JsonNode now = spec.path("clusterIPs").path(0);
        if (before.isString() && !before.equals(now)) {
            errors.invalid("spec.clusterIPs[0]", spec.path("clusterIPs"), now.isString() ? "may not change once set" : "primary clusterIP can not be unset");
        }
        JsonNode family = old.path("ipFamilies").path(0);
        if (family.isString() && !family.equals(spec.path("ipFamilies").path(0))) {
            errors.invalid("spec.ipFamilies[0]", spec.path("ipFamilies").path(0).asString(""), "may not change once set");
        }
    }
}
