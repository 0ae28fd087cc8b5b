package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// Ingresses.
final class IngressRules implements KindRules {
    private static final String CLASS = "kubernetes.io/ingress.class";
    private static final List<String> TYPES = List.of("Exact", "ImplementationSpecific", "Prefix");
    private static final List<String> NOT_IN_PATHS = List.of("//", "/./", "/../", "%2f", "%2F");
    private static final List<String> NOT_AT_THE_END = List.of("/..", "/.");
    private static final String WILDCARD = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters,"
            + " '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is"
            + " '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private static final Layout LAYOUT = Layout.named()
            .orNone("Class", "The class of controllers that serves it.", "spec", "ingressClassName")
            .cell("Hosts", "The host names it is for.", IngressRules::hosts)
            .cell("Address", "Where it is reached.", ServiceRules::balancerAddresses)
            .cell("Ports", "The ports that are open.", i -> Json.at(i, "spec", "tls").isEmpty() ? "80" : "80, 443")
            .age();

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode ingress, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(ingress);
        List<ObjectNode> rules = Json.objects(spec, "rules");
        if (rules.isEmpty() && !spec.path("defaultBackend").isObject()) {
            errors.invalid("spec", NullNode.getInstance(), "either `defaultBackend` or `rules` must be specified");
        }
        if (spec.path("defaultBackend").isObject()) {
            backend(spec.path("defaultBackend"), "spec.defaultBackend", errors);
        }
        for (int i = 0; i < rules.size(); i++) {
            rule(rules.get(i), "spec.rules[" + i + "]", errors);
        }
        List<ObjectNode> tls = Json.objects(spec, "tls");
        for (int i = 0; i < tls.size(); i++) {
            JsonNode hosts = tls.get(i).path("hosts");
            for (int j = 0; j < hosts.size(); j++) {
                host(hosts.path(j).asString(""), "spec.tls[" + i + "].hosts[" + j + "]", errors);
            }
            String secret = Json.string(tls.get(i), "secretName");
            if (!secret.isEmpty()) {
                errors.invalid("spec.tls[" + i + "].secretName", secret, Names.subdomain(secret));
            }
        }
        if (spec.has("ingressClassName")) {
            String name = Json.string(spec, "ingressClassName");
            errors.invalid("spec.ingressClassName", name, Names.subdomain(name));
        }
    }

    /// The old way to say the class is for Ingresses that were made with it.
    @Override
    public void validateNew(ObjectNode ingress, Errors errors) {
        JsonNode annotation = ingress.path("metadata").path("annotations").path(CLASS);
        if (annotation.isString() && ingress.path("spec").has("ingressClassName")
                && !annotation.equals(ingress.path("spec").path("ingressClassName"))) {
            errors.invalid("annotations." + CLASS, annotation.stringValue(), "must match `ingressClassName` when both are specified");
        }
    }

    private static void rule(ObjectNode rule, String at, Errors errors) {
        String host = Json.string(rule, "host");
        if (!host.isEmpty()) {
            if (Addresses.isAddress(host)) {
                errors.invalid(at + ".host", host, "must be a DNS name, not an IP address");
            }
            host(host, at + ".host", errors);
        }
        if (!rule.path("http").isObject()) {
            return;
        }
        List<ObjectNode> paths = Json.objects(rule.path("http"), "paths");
        if (paths.isEmpty()) {
            errors.required(at + ".http.paths", "");
        }
        for (int i = 0; i < paths.size(); i++) {
            String each = at + ".http.paths[" + i + "]";
            ObjectNode path = paths.get(i);
            String type = Json.string(path, "pathType");
            String text = Json.string(path, "path");
            if (!Json.present(path.get("pathType"))) {
                errors.required(each + ".pathType", "pathType must be specified");
                continue;
            }
            errors.oneOf(each + ".pathType", type, TYPES);
            boolean literal = type.equals("Exact") || type.equals("Prefix");
            if (TYPES.contains(type) && (literal || !text.isEmpty()) && !text.startsWith("/")) {
                errors.invalid(each + ".path", text, "must be an absolute path");
            }
            if (literal) {
                NOT_IN_PATHS.stream().filter(text::contains).forEach(odd -> errors.invalid(each + ".path", text, "must not contain '" + odd + "'"));
                NOT_AT_THE_END.stream().filter(text::endsWith).forEach(odd -> errors.invalid(each + ".path", text, "cannot end with '" + odd + "'"));
            }
            backend(path.path("backend"), each + ".backend", errors);
        }
    }

    private static void host(String host, String at, Errors errors) {
        if (host.contains("*")) {
            if (!host.startsWith("*.") || !Names.subdomain(host.substring(2)).isEmpty()) {
                errors.invalid(at, host, WILDCARD);
            }
        } else {
            errors.invalid(at, host, Names.subdomain(host));
        }
    }

    /// The group, kind and name of an object.
    static void reference(JsonNode reference, String at, Errors errors) {
        if (Json.present(reference.get("apiGroup"))) {
            String group = Json.string(reference, "apiGroup");
            errors.invalid(at + ".apiGroup", group, Names.subdomain(group));
        }
        for (String field : List.of("kind", "name")) {
            String value = Json.string(reference, field);
            if (value.isEmpty()) {
                errors.required(at + "." + field, field + " is required");
            }
            errors.invalid(at + "." + field, value, RoleRules.pathSegment(value));
        }
    }

    private static void backend(JsonNode backend, String at, Errors errors) {
        boolean service = backend.path("service").isObject();
        boolean resource = backend.path("resource").isObject();
        if (service && resource) {
            errors.invalid(at, "", "cannot set both resource and service backends");
        } else if (resource) {
            reference(backend.path("resource"), at + ".resource", errors);
        } else if (service) {
            String name = Json.string(backend, "service", "name");
            if (name.isEmpty()) {
                errors.required(at + ".service.name", "");
            } else {
                errors.invalid(at + ".service.name", name, Names.label(name));
            }
            String port = Json.string(backend, "service", "port", "name");
            long number = Json.number(backend, 0, "service", "port", "number");
            if (!port.isEmpty() && number != 0) {
                errors.invalid(at, "", "cannot set both port name & port number");
            } else if (!port.isEmpty()) {
                errors.invalid(at + ".service.port.name", port, Names.portName(port));
            } else if (number == 0) {
                errors.required(at, "port name or number is required");
            } else if (number < 1 || number > 65535) {
                errors.invalid(at + ".service.port.number", number, "must be between 1 and 65535, inclusive");
            }
        } else {
            errors.invalid(at, "", "resource or service backend is required");
        }
    }

    private static String hosts(ObjectNode ingress) {
        List<String> hosts = new ArrayList<>();
        for (ObjectNode rule : Json.objects(ingress.path("spec"), "rules")) {
            if (!Json.string(rule, "host").isEmpty()) {
                hosts.add(Json.string(rule, "host"));
            }
        }
        return EndpointSliceRules.shortened(hosts, "*");
    }

    @Override
    public void validateStatus(ObjectNode ingress, ObjectNode old, Errors errors) {
        StatusValidation.balancer(ingress, false, errors);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
