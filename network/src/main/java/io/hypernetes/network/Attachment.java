package io.hypernetes.network;

import java.util.List;

/// A pod's place on its network; plain data that is kept in journals and told to the guest.
///
/// @param sandboxId whose it is
/// @param mac hardware address, as `0a:58:0a:58:00:05`
/// @param addresses the pod's own addresses with their prefix lengths, as `10.88.0.5/24`; the first is the primary
/// @param gateway where the default route goes; empty for none
/// @param mtu bytes
/// @param nameservers for the pod's resolv.conf unless the pod says otherwise
/// @param searches likewise
/// @param routes all routes of the pod besides those that its addresses imply, on-link ones first; empty for the default route by `gateway`
public record Attachment(
        String sandboxId,
        String mac,
        List<String> addresses,
        String gateway,
        int mtu,
        List<String> nameservers,
        List<String> searches,
        List<Route> routes) {

    public Attachment {
        addresses = List.copyOf(addresses);
        nameservers = List.copyOf(nameservers);
        searches = List.copyOf(searches);
        routes = List.copyOf(routes);
    }

    /// With no other route than the default one.
    public Attachment(
            String sandboxId,
            String mac,
            List<String> addresses,
            String gateway,
            int mtu,
            List<String> nameservers,
            List<String> searches) {
        this(sandboxId, mac, addresses, gateway, mtu, nameservers, searches, List.of());
    }

    /// @param destination as `0.0.0.0/0`
    /// @param gateway empty for what is reached directly
    public record Route(String destination, String gateway) {}
}
