package io.hypernetes.guest;

import java.util.List;

/// The guest's interface. Without hardware address and addresses only loopback is brought up.
///
/// @param mac as `0a:58:0a:58:00:05`; empty to leave it
/// @param interfaceName at most 15 bytes; empty for `eth0`
/// @param mtu 576 to 65,535 bytes; 0 to leave it
/// @param addresses with prefix length, as `10.88.0.5/24`
/// @param routes the interface's routes
public record NetworkConfig(String mac, String interfaceName, int mtu, List<String> addresses, List<Route> routes) {

    public NetworkConfig {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /// @param destination as `0.0.0.0/0`
    /// @param gateway empty for a destination on the link
    public record Route(String destination, String gateway) {}
}
