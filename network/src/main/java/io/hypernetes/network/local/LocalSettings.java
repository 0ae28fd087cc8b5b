package io.hypernetes.network.local;

import java.util.regex.Pattern;

/// How a node's local network looks on the host.
///
/// @param bridge name of the bridge, 1 to 9 of `a-z 0-9 -`, beginning with a letter; the names of taps, the nftables tables and the keys
///     in the store begin with it too, so clusters side by side on one host need different ones
/// @param podCidr addresses of this node's pods, as `10.88.0.0/24`; its first address is the gateway, on the bridge
/// @param mtu bytes
public record LocalSettings(String bridge, String podCidr, int mtu) {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,8}");

    public LocalSettings {
        if (!NAME.matcher(bridge).matches()) {
            throw new IllegalArgumentException("bridge name '" + bridge + "' must be 1 to 9 of a-z, 0-9 and -, beginning with a letter");
        }
        Cidr.parse(podCidr);
        if (mtu < 576 || mtu > 65535) {
            throw new IllegalArgumentException("mtu " + mtu + " is not between 576 and 65535");
        }
    }
}
