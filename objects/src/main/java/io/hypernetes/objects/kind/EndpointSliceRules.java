package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// EndpointSlices.
final class EndpointSliceRules implements KindRules {
    private static final int MAX_ENDPOINTS = 1000;
    private static final int MAX_HINTS = 8;
    private static final int MAX_PORTS = 20_000;
    private static final int MAX_TOPOLOGY = 16;
    private static final int MAX_ADDRESSES = 100;
    private static final int MOST_SHOWN = 3;
    private static final Layout LAYOUT = Layout.named()
            .text("AddressType", "Of what kind its addresses are.", "addressType")
            .cell("Ports", "Its ports.", EndpointSliceRules::ports)
            .cell("Endpoints", "Its addresses.", EndpointSliceRules::endpoints)
            .age();

    @Override
    public void defaults(ObjectNode slice) {
        for (ObjectNode port : Json.objects(slice, "ports")) {
            if (!Json.present(port.get("name"))) {
                port.put("name", "");
            }
            Json.setDefault(port, "protocol", "TCP");
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode slice, Errors errors) {
        String type = Json.string(slice, "addressType");
        if (type.isEmpty()) {
            errors.required("addressType", "");
        } else {
            errors.oneOf("addressType", type, List.of("FQDN", "IPv4", "IPv6"));
        }
        List<ObjectNode> endpoints = Json.objects(slice, "endpoints");
        if (endpoints.size() > MAX_ENDPOINTS) {
            errors.add(FieldError.tooMany("endpoints", endpoints.size(), MAX_ENDPOINTS));
        } else {
            for (int i = 0; i < endpoints.size(); i++) {
                endpoint(endpoints.get(i), "endpoints[" + i + "]", type, errors);
            }
        }
        List<ObjectNode> ports = Json.objects(slice, "ports");
        if (ports.size() > MAX_PORTS) {
            errors.add(FieldError.tooMany("ports", ports.size(), MAX_PORTS));
            return;
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < ports.size(); i++) {
            String at = "ports[" + i + "]";
            String name = Json.string(ports.get(i), "name");
            if (!name.isEmpty()) {
                errors.invalid(at + ".name", name, Names.label(name));
            }
            if (!names.add(name)) {
                errors.duplicate(at + ".name", name);
            }
            errors.oneOf(at + ".protocol", Json.string(ports.get(i), "protocol"), List.of("SCTP", "TCP", "UDP"));
            if (Json.present(ports.get(i).get("appProtocol"))) {
                String spoken = Json.string(ports.get(i), "appProtocol");
                errors.invalid(at + ".appProtocol", spoken, Names.qualified(spoken));
            }
        }
    }

    private static void endpoint(ObjectNode endpoint, String at, String type, Errors errors) {
        JsonNode addresses = endpoint.path("addresses");
        if (addresses.isEmpty()) {
            errors.required(at + ".addresses", "must contain at least 1 address");
        } else if (addresses.size() > MAX_ADDRESSES) {
            errors.add(FieldError.tooMany(at + ".addresses", addresses.size(), MAX_ADDRESSES));
        }
        for (int i = 0; i < addresses.size(); i++) {
            String address = addresses.path(i).asString("");
            String each = at + ".addresses[" + i + "]";
            switch (type) {
                case "IPv4", "IPv6" -> {
                    if (Addresses.address(address).isEmpty() && Addresses.isV6(address) != type.equals("IPv6")) {
                        errors.invalid(each, address, "must be an " + type + " address");
                    } else {
                        EndpointsRules.reachable(address, each, errors);
                    }
                }
                case "FQDN" -> domain(address, each, errors);
                default -> {}
            }
        }
        if (Json.present(endpoint.get("nodeName"))) {
            String node = Json.string(endpoint, "nodeName");
            errors.invalid(at + ".nodeName", node, Names.subdomain(node));
        }
        JsonNode topology = endpoint.path("deprecatedTopology");
        if (topology.size() > MAX_TOPOLOGY) {
            errors.add(FieldError.tooMany(at + ".deprecatedTopology", topology.size(), MAX_TOPOLOGY));
        }
        MetadataValidation.labels(topology, at + ".deprecatedTopology", errors);
        if (Json.present(endpoint.get("hostname"))) {
            String host = Json.string(endpoint, "hostname");
            errors.invalid(at + ".hostname", host, Names.label(host));
        }
        hints(Json.objects(endpoint.path("hints"), "forZones"), at + ".hints.forZones", Names::labelValue, errors);
        hints(Json.objects(endpoint.path("hints"), "forNodes"), at + ".hints.forNodes", Names::subdomain, errors);
    }

    /// A name of at least two parts, which may end in a dot.
    private static void domain(String name, String at, Errors errors) {
        if (name.isEmpty()) {
            errors.required(at, "");
            return;
        }
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        List<String> wrong = Names.subdomain(bare);
        errors.invalid(at, bare, wrong);
        if (wrong.isEmpty() && !bare.contains(".")) {
            errors.invalid(at, bare, "should be a domain with at least two segments separated by dots");
        }
    }

    private static void hints(List<ObjectNode> hints, String at, Function<String, List<String>> check, Errors errors) {
        if (hints.size() > MAX_HINTS) {
            errors.add(FieldError.tooMany(at, hints.size(), MAX_HINTS));
            return;
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < hints.size(); i++) {
            String name = Json.string(hints.get(i), "name");
            if (!names.add(name)) {
                errors.duplicate(at + "[" + i + "].name", name);
            }
            errors.invalid(at + "[" + i + "].name", name, check.apply(name));
        }
    }

    @Override
    public void validateUpdate(ObjectNode slice, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!Json.string(slice, "addressType").equals(Json.string(old, "addressType"))) {
            errors.invalid("addressType", Json.string(slice, "addressType"), WorkloadValidation.IMMUTABLE);
        }
    }

    private static String ports(ObjectNode slice) {
        List<String> all = new ArrayList<>();
        for (ObjectNode port : Json.objects(slice, "ports")) {
            all.add(Json.present(port.get("port")) ? Long.toString(Json.number(port, 0, "port")) : "*");
        }
        return shortened(all, "<unset>");
    }

    private static String endpoints(ObjectNode slice) {
        List<String> all = new ArrayList<>();
        for (ObjectNode endpoint : Json.objects(slice, "endpoints")) {
            endpoint.path("addresses").forEach(address -> all.add(address.asString("")));
        }
        return shortened(all, "<unset>");
    }

    static String shortened(List<String> all, String nothing) {
        if (all.isEmpty()) {
            return nothing;
        }
        String text = String.join(",", all.subList(0, Math.min(MOST_SHOWN, all.size())));
        return all.size() > MOST_SHOWN ? text + " + " + (all.size() - MOST_SHOWN) + " more..." : text;
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
