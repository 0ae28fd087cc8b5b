package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of a service, in the order of upstream's ValidateService (`pkg/apis/core/validation/validation.go`). One use each.
final class ServiceValidation {
    private static final List<String> TYPES = List.of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    private static final String SOURCES = "service.beta.kubernetes.io/load-balancer-source-ranges";
    private static final String HINTS = "service.kubernetes.io/topology-aware-hints";
    private static final String MODE = "service.kubernetes.io/topology-mode";
    private static final String BALANCED_ONLY = "may only be used when `type` is 'LoadBalancer'";
    private static final String ONCE = "may not change once set";
    private static final long DAY_SECONDS = 86_400;

    private final ObjectNode spec;
    private final JsonNode annotations;
    private final String type;
    private final Errors errors;

    ServiceValidation(ObjectNode service, Errors errors) {
        this.spec = WorkloadValidation.spec(service);
        this.annotations = Json.at(service, "metadata", "annotations");
        this.type = Json.string(spec, "type");
        this.errors = errors;
    }

    void run() {
        if (annotations.has(MODE) && annotations.has(HINTS) && !annotations.path(MODE).equals(annotations.path(HINTS))) {
            errors.invalid(
                    "metadata.annotations[" + MODE + "]", annotations.path(MODE).asString(""), "must match annotations[" + HINTS + "] when both are specified");
        }
        boolean headless = ServiceAddresses.isHeadless(spec);
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
        MetadataValidation.labels(spec.path("selector"), "spec.selector", errors);
        affinity();
        ServiceAddresses.validate(spec, errors);
        JsonNode external = spec.path("externalIPs");
        for (int i = 0; i < external.size() && !errors.isFull(); i++) {
            EndpointsRules.reachable(external.path(i).asString(""), "spec.externalIPs[" + i + "]", errors);
        }
        errors.oneOf("spec.type", type, TYPES);
        numbers();
        sources();
        balancing();
        policies();
    }

    private void externalName() {
        for (String name : List.of("clusterIPs", "ipFamilies")) {
            if (!spec.path(name).isEmpty()) {
                errors.forbidden("spec." + name, "may not be set for ExternalName services");
            }
        }
        if (Json.present(spec.get("ipFamilyPolicy"))) {
            errors.forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services");
        }
        String name = Json.string(spec, "externalName");
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        if (bare.isEmpty()) {
            errors.required("spec.externalName", "");
        } else {
            errors.invalid("spec.externalName", bare, Names.subdomain(bare));
        }
    }

    private void ports() {
        List<ObjectNode> ports = Json.objects(spec, "ports");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < ports.size() && !errors.isFull(); i++) {
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
            errors.oneOf(at + ".protocol", Json.string(port, "protocol"), List.of("SCTP", "TCP", "UDP"));
            target(port.path("targetPort"), at + ".targetPort");
            if (Json.present(port.get("appProtocol"))) {
                String application = Json.string(port, "appProtocol");
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

    private void affinity() {
        String affinity = Json.string(spec, "sessionAffinity");
        errors.oneOf("spec.sessionAffinity", affinity, List.of("ClientIP", "None"));
        long seconds = Json.number(spec, 1, "sessionAffinityConfig", "clientIP", "timeoutSeconds");
        if (affinity.equals("ClientIP") && (seconds <= 0 || seconds > DAY_SECONDS)) {
            errors.invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, "must be greater than 0 and less than 86400");
        }
    }

    /// What tells ports apart.
    private void numbers() {
        List<ObjectNode> ports = Json.objects(spec, "ports");
        if (type.equals("ClusterIP")) {
            for (int i = 0; i < ports.size(); i++) {
                if (Json.number(ports.get(i), 0, "nodePort") != 0) {
                    errors.forbidden("spec.ports[" + i + "].nodePort", "may not be used when `type` is 'ClusterIP'");
                }
            }
        }
        Set<String> onNodes = new HashSet<>();
        for (int i = 0; i < ports.size(); i++) {
            long number = Json.number(ports.get(i), 0, "nodePort");
            if (number != 0 && !onNodes.add(Json.string(ports.get(i), "protocol") + number)) {
                errors.add(FieldError.duplicate("spec.ports[" + i + "].nodePort", Json.integer(number)));
            }
        }
        Set<String> numbers = new HashSet<>();
        for (int i = 0; i < ports.size(); i++) {
            String protocol = Json.string(ports.get(i), "protocol");
            long number = Json.number(ports.get(i), 0, "port");
            if (!numbers.add(protocol + number)) {
                errors.add(FieldError.duplicate("spec.ports[" + i + "]", key(protocol, number)));
            }
        }
    }

    /// As upstream shows it: its own form of a port, with what tells them apart.
    private static ObjectNode key(String protocol, long number) {
        ObjectNode key = Json.object().put("Name", "").put("Protocol", protocol);
        key.putNull("AppProtocol");
        key.set("Port", Json.integer(number));
        key.put("TargetPort", 0).put("NodePort", 0);
        return key;
    }

    /// The path begins with a capital, as upstream's.
    private void sources() {
        JsonNode ranges = spec.path("loadBalancerSourceRanges");
        boolean balanced = type.equals("LoadBalancer");
        if (!ranges.isEmpty()) {
            String at = "spec.LoadBalancerSourceRanges";
            if (!balanced) {
                errors.forbidden(at, BALANCED_ONLY);
            }
            for (int i = 0; i < ranges.size() && !errors.isFull(); i++) {
                String range = ranges.path(i).asString("").strip();
                errors.invalid(at + "[" + i + "]", range, Addresses.range(range));
            }
        } else if (annotations.has(SOURCES)) {
            String at = "metadata.annotations[" + SOURCES + "]";
            if (!balanced) {
                errors.forbidden(at, BALANCED_ONLY);
            }
            String listed = annotations.path(SOURCES).asString("").strip();
            for (String range : listed.isEmpty() ? new String[0] : listed.split(",", -1)) {
                if (errors.isFull()) {
                    break;
                }
                errors.invalid(at, range.strip(), Addresses.range(range.strip()));
            }
        }
    }

    private void balancing() {
        boolean balanced = type.equals("LoadBalancer");
        if (!balanced && Json.present(spec.get("allocateLoadBalancerNodePorts"))) {
            errors.forbidden("spec.allocateLoadBalancerNodePorts", BALANCED_ONLY);
        }
        if (Json.present(spec.get("loadBalancerClass"))) {
            String name = Json.string(spec, "loadBalancerClass");
            if (balanced) {
                errors.invalid("spec.loadBalancerClass", name, Names.qualified(name));
            } else {
                errors.forbidden("spec.loadBalancerClass", BALANCED_ONLY);
            }
        }
    }

    private void policies() {
        String external = Json.string(spec, "externalTrafficPolicy");
        if (ServiceRules.isReachedFromOutside(spec)) {
            errors.oneOf("spec.externalTrafficPolicy", external, List.of("Cluster", "Local"));
        } else if (!external.isEmpty()) {
            errors.invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
        }
        long check = Json.number(spec, 0, "healthCheckNodePort");
        if (!ServiceChange.checked(spec)) {
            if (check != 0) {
                errors.invalid(
                        "spec.healthCheckNodePort", check, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            }
        } else if (check == 0) {
            errors.required("spec.healthCheckNodePort", "");
        } else {
            range(check, "spec.healthCheckNodePort");
        }
        if (Json.present(spec.get("internalTrafficPolicy"))) {
            errors.oneOf("spec.internalTrafficPolicy", Json.string(spec, "internalTrafficPolicy"), List.of("Cluster", "Local"));
        }
        if (Json.present(spec.get("trafficDistribution"))) {
            errors.oneOf("spec.trafficDistribution", Json.string(spec, "trafficDistribution"), List.of("PreferClose", "PreferSameNode", "PreferSameZone"));
        }
    }

    /// What was given once stays.
    static void update(ObjectNode spec, ObjectNode old, Errors errors) {
        String type = Json.string(spec, "type");
        if (!type.equals("ExternalName") && !Json.string(old, "type").equals("ExternalName")) {
            addresses(spec, old, errors);
            families(spec, old, errors);
        }
        JsonNode balancer = spec.path("loadBalancerClass");
        JsonNode before = old.path("loadBalancerClass");
        boolean balanced = type.equals("LoadBalancer") && Json.string(old, "type").equals("LoadBalancer");
        boolean same = Json.present(balancer) == Json.present(before)
                && Json.string(spec, "loadBalancerClass").equals(Json.string(old, "loadBalancerClass"));
        if (balanced && !same) {
            errors.invalid("spec.loadBalancerClass", Json.present(balancer) ? balancer : NullNode.getInstance(), ONCE);
        }
        if (ServiceChange.checked(spec) && ServiceChange.checked(old)
                && Json.number(spec, 0, "healthCheckNodePort") != Json.number(old, 0, "healthCheckNodePort")) {
            errors.forbidden("spec.healthCheckNodePort", WorkloadValidation.IMMUTABLE);
        }
    }

    private static void addresses(ObjectNode spec, ObjectNode old, Errors errors) {
        JsonNode now = spec.path("clusterIPs");
        JsonNode before = old.path("clusterIPs");
        if (ServiceAddresses.isHeadless(spec) && ServiceAddresses.isHeadless(old)) {
            return;
        }
        if (now.isEmpty() && !before.isEmpty()) {
            errors.invalid("spec.clusterIPs[0]", Json.array(), "primary clusterIP can not be unset");
        }
        for (int i = 0; i < Math.min(now.size(), before.size()) && !errors.isFull(); i++) {
            if (!now.path(i).equals(before.path(i)) && (i == 0 || now.size() == before.size())) {
                errors.invalid("spec.clusterIPs[" + i + "]", now, ONCE);
            }
        }
        if (before.size() > 1 && now.size() == 1) {
            released(spec, "clusterIP", errors);
        }
    }

    private static void families(ObjectNode spec, ObjectNode old, Errors errors) {
        JsonNode now = spec.path("ipFamilies");
        JsonNode before = old.path("ipFamilies");
        if (ServiceAddresses.isHeadless(spec) || ServiceAddresses.isHeadless(old)) {
            return;
        }
        for (int i = 0; i < Math.min(now.size(), before.size()) && !errors.isFull(); i++) {
            if (!now.path(i).equals(before.path(i)) && (i == 0 || now.size() == before.size())) {
                errors.invalid("spec.ipFamilies[0]", now.size() == before.size() ? now : spec.path("clusterIPs"), ONCE);
            }
        }
        if (before.size() > 1 && now.size() == 1) {
            released(spec, "ipFamily", errors);
        }
    }

    private static void released(ObjectNode spec, String what, Errors errors) {
        String policy = Json.string(spec, "ipFamilyPolicy");
        if (!policy.equals("SingleStack")) {
            errors.invalid("spec.ipFamilyPolicy", policy, "must be set to 'SingleStack' when releasing the secondary " + what);
        }
    }
}
