package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Endpoints, the older form of EndpointSlices.
final class EndpointsRules implements KindRules {
    private static final int MOST_SHOWN = 3;
    private static final Layout LAYOUT =
            Layout.named().cell("Endpoints", "The addresses and ports that are ready.", EndpointsRules::endpoints).age();

    @Override
    public void defaults(ObjectNode endpoints) {
        for (ObjectNode subset : Json.objects(endpoints, "subsets")) {
            Json.objects(subset, "ports").forEach(port -> Json.setDefault(port, "protocol", "TCP"));
        }
    }

    @Override
    public void validate(ObjectNode endpoints, Errors errors) {
        List<ObjectNode> subsets = Json.objects(endpoints, "subsets");
        for (int i = 0; i < subsets.size(); i++) {
            ObjectNode subset = subsets.get(i);
            String at = "subsets[" + i + "]";
            if (subset.path("addresses").isEmpty() && subset.path("notReadyAddresses").isEmpty()) {
                errors.required(at, "must specify `addresses` or `notReadyAddresses`");
            }
            for (String list : List.of("addresses", "notReadyAddresses")) {
                List<ObjectNode> addresses = Json.objects(subset, list);
                for (int j = 0; j < addresses.size(); j++) {
                    address(addresses.get(j), at + "." + list + "[" + j + "]", errors);
                }
            }
            List<ObjectNode> ports = Json.objects(subset, "ports");
            for (int j = 0; j < ports.size(); j++) {
                port(ports.get(j), at + ".ports[" + j + "]", ports.size() > 1, errors);
            }
        }
    }

    private static void address(ObjectNode address, String at, Errors errors) {
        String ip = Json.string(address, "ip");
        errors.invalid(at + ".ip", ip, Addresses.address(ip));
        String host = Json.string(address, "hostname");
        if (!host.isEmpty()) {
            errors.invalid(at + ".hostname", host, Names.label(host));
        }
        if (Json.present(address.get("nodeName"))) {
            String node = Json.string(address, "nodeName");
            errors.invalid(at + ".nodeName", node, Names.subdomain(node));
        }
        if (Addresses.isAddress(ip)) {
            elsewhere(ip, at + ".ip", errors);
        } else {
            errors.invalid(at + ".ip", ip, "must be a valid IP address");
        }
    }

    /// An address that leads to another machine than the one that follows it.
    static void reachable(String ip, String at, Errors errors) {
        List<String> wrong = Addresses.address(ip);
        errors.invalid(at, ip, wrong);
        if (wrong.isEmpty()) {
            elsewhere(ip, at, errors);
        }
    }

    /// ValidateNonSpecialIP of upstream's `pkg/apis/core/validation/validation.go`.
    private static void elsewhere(String ip, String at, Errors errors) {
        // One address has many spellings.
        InetAddress address = Addresses.parsed(ip);
        if (address.isAnyLocalAddress()) {
            errors.invalid(at, ip, "may not be unspecified (" + ip + ")");
        } else if (address.isLoopbackAddress()) {
            errors.invalid(at, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        } else if (address.isLinkLocalAddress()) {
            errors.invalid(at, ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        } else if (address.isMCLinkLocal()) {
            errors.invalid(at, ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
        }
    }

    private static void port(ObjectNode port, String at, boolean named, Errors errors) {
        String name = Json.string(port, "name");
        if (named && name.isEmpty()) {
            errors.required(at + ".name", "");
        } else if (!name.isEmpty()) {
            errors.invalid(at + ".name", name, Names.label(name));
        }
        long number = Json.number(port, 0, "port");
        if (number < 1 || number > 65535) {
            errors.invalid(at + ".port", number, "must be between 1 and 65535, inclusive");
        }
        errors.oneOf(at + ".protocol", Json.string(port, "protocol"), List.of("SCTP", "TCP", "UDP"));
        if (Json.present(port.get("appProtocol"))) {
            errors.invalid(at + ".appProtocol", Json.string(port, "appProtocol"), Names.qualified(Json.string(port, "appProtocol")));
        }
    }

    private static String endpoints(ObjectNode endpoints) {
        List<String> shown = new ArrayList<>();
        int count = 0;
        for (ObjectNode subset : Json.objects(endpoints, "subsets")) {
            List<ObjectNode> ports = Json.objects(subset, "ports");
            for (ObjectNode address : Json.objects(subset, "addresses")) {
                String ip = Json.string(address, "ip");
                String host = ip.contains(":") && !ports.isEmpty() ? "[" + ip + "]" : ip;
                for (int i = 0; i < Math.max(1, ports.size()); i++) {
                    count++;
                    if (shown.size() < MOST_SHOWN) {
                        shown.add(ports.isEmpty() ? host : host + ":" + Json.number(ports.get(i), 0, "port"));
                    }
                }
            }
        }
        String text = Layout.none(String.join(",", shown));
        return count > MOST_SHOWN ? text + " + " + (count - MOST_SHOWN) + " more..." : text;
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
