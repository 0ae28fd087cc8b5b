package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// NetworkPolicies.
final class NetworkPolicyRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .cell("Pod-Selector", "Which pods it is about.", p -> Layout.selectorText(Json.at(p, "spec", "podSelector")))
            .age();

    /// Whoever uses the kind that has no effect is told each time.
    @Override
    public String deprecation() {
        return "NetworkPolicies are stored, but nothing enforces them yet: pods of one tenant reach each other, those of other tenants never do";
    }

    @Override
    public void defaults(ObjectNode policy) {
        ObjectNode spec = Json.child(policy, "spec");
        Json.child(spec, "podSelector");
        for (String direction : List.of("ingress", "egress")) {
            for (ObjectNode rule : Json.objects(spec, direction)) {
                Json.objects(rule, "ports").forEach(port -> Json.setDefault(port, "protocol", "TCP"));
            }
        }
        if (spec.path("policyTypes").isEmpty()) {
            ArrayNode types = spec.putArray("policyTypes").add("Ingress");
            if (!spec.path("egress").isEmpty()) {
                types.add("Egress");
            }
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode policy, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(policy);
        WorkloadValidation.selector(spec.path("podSelector"), "spec.podSelector", errors);
        for (String direction : List.of("ingress", "egress")) {
            String side = direction.equals("ingress") ? "from" : "to";
            List<ObjectNode> rules = Json.objects(spec, direction);
            for (int i = 0; i < rules.size(); i++) {
                String at = "spec." + direction + "[" + i + "]";
                List<ObjectNode> ports = Json.objects(rules.get(i), "ports");
                for (int j = 0; j < ports.size(); j++) {
                    port(ports.get(j), at + ".ports[" + j + "]", errors);
                }
                List<ObjectNode> peers = Json.objects(rules.get(i), side);
                for (int j = 0; j < peers.size(); j++) {
                    peer(peers.get(j), at + "." + side + "[" + j + "]", errors);
                }
            }
        }
        JsonNode types = spec.path("policyTypes");
        if (types.size() > 2) {
            errors.invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
            return;
        }
        for (int i = 0; i < types.size(); i++) {
            errors.oneOf("spec.policyTypes[" + i + "]", types.path(i).asString(""), List.of("Egress", "Ingress"));
        }
    }

    private static void port(ObjectNode port, String at, Errors errors) {
        errors.oneOf(at + ".protocol", Json.string(port, "protocol"), List.of("SCTP", "TCP", "UDP"));
        JsonNode number = port.path("port");
        JsonNode end = port.path("endPort");
        if (number.isIntegralNumber()) {
            if (number.longValue() < 1 || number.longValue() > 65535) {
                errors.invalid(at + ".port", number.longValue(), "must be between 1 and 65535, inclusive");
            }
            if (end.isIntegralNumber()) {
                if (end.longValue() < number.longValue()) {
                    errors.invalid(at + ".endPort", number.longValue(), "must be greater than or equal to `port`");
                }
                if (end.longValue() < 1 || end.longValue() > 65535) {
                    errors.invalid(at + ".endPort", end.longValue(), "must be between 1 and 65535, inclusive");
                }
            }
        } else if (number.isString()) {
            if (end.isIntegralNumber()) {
                errors.invalid(at + ".endPort", end.longValue(), "may not be specified when `port` is non-numeric");
            }
            errors.invalid(at + ".port", number.stringValue(), Names.portName(number.stringValue()));
        } else if (end.isIntegralNumber()) {
            errors.invalid(at + ".endPort", end.longValue(), "may not be specified when `port` is not specified");
        }
    }

    private static void peer(ObjectNode peer, String at, Errors errors) {
        boolean selects = false;
        for (String selector : List.of("podSelector", "namespaceSelector")) {
            if (peer.path(selector).isObject()) {
                selects = true;
                WorkloadValidation.selector(peer.path(selector), at + "." + selector, errors);
            }
        }
        JsonNode block = peer.path("ipBlock");
        if (block.isObject()) {
            block(block, at + ".ipBlock", errors);
        }
        if (!selects && !block.isObject()) {
            errors.required(at, "must specify a peer");
        } else if (selects && block.isObject()) {
            errors.forbidden(at, "may not specify both ipBlock and another peer");
        }
    }

    private static void block(JsonNode block, String at, Errors errors) {
        String range = Json.string(block, "cidr");
        if (range.isEmpty()) {
            errors.required(at + ".cidr", "");
            return;
        }
        List<String> wrong = Addresses.range(range);
        errors.invalid(at + ".cidr", range, wrong);
        if (!wrong.isEmpty()) {
            return;
        }
        for (int i = 0; i < block.path("except").size(); i++) {
            String except = block.path("except").path(i).asString("");
            List<String> odd = Addresses.range(except);
            errors.invalid(at + ".except[" + i + "]", except, odd);
            if (odd.isEmpty() && !Addresses.isPart(except, range)) {
                errors.invalid(at + ".except[" + i + "]", except, "must be a strict subset of `cidr`");
            }
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
