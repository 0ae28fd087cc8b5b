package io.hypernetes.cli;

import io.hypernetes.apiserver.webhook.Destinations;
import java.util.ArrayList;
import java.util.List;

/// The operator's own addresses, to which no tenant makes master or node connect: those that settings name, the ranges of pods, services and
/// uplinks, and this machine's, those of later too.
final class OperatorRanges {
    private OperatorRanges() {}

    /// For webhooks and issuers of tenants: private addresses are denied too, but for `webhook-cidrs`.
    static Destinations webhooks(Settings settings) {
        List<String> denied = new ArrayList<>(Destinations.PRIVATE);
        denied.addAll(own(settings));
        return destinations(settings, denied, "webhook-cidrs");
    }

    /// For registries of tenants, but for `registry-cidrs`.
    static Destinations registries(Settings settings) {
        return destinations(settings, own(settings), "registry-cidrs");
    }

    private static List<String> own(Settings settings) {
        List<String> own = new ArrayList<>(settings.list("denied-cidrs"));
        for (String range : List.of("cluster-cidr", "service-cidr", "uplink-cidr")) {
            own.add(settings.text(range));
        }
        String advertised = settings.text("advertise-address");
        if (!advertised.isEmpty()) {
            own.add(advertised);
        }
        return own;
    }

    private static Destinations destinations(Settings settings, List<String> denied, String allowed) {
        try {
            return new Destinations(denied, settings.list(allowed)).without(HostAddresses::isHere);
        } catch (IllegalArgumentException e) {
            throw new UsageException("denied-cidrs, " + allowed + ", cluster-cidr, service-cidr and uplink-cidr hold ranges such as 192.0.2.0/24, comma-separated, advertise-address an address: " + e.getMessage());
        }
    }
}
