package io.hypernetes.network.local;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/// How a node's local networks look on the host.
///
/// @param bridge name of the bridge, 1 to 9 of `a-z 0-9 -`, beginning with a letter; the names of taps, namespaces, the nftables tables
///     and the keys in the store begin with it too, so clusters side by side on one host need different ones
/// @param podCidr addresses of this node's pods, in each tenant, as `10.88.0.0/24`; its first address is the gateway
/// @param mtu bytes
/// @param uplinkCidr addresses of the wires from the host to the tenants' gateways, two for each; nothing else on the host's networks may
///     have them
/// @param deniedCidrs addresses of the operator that pods of tenants do not reach, beside the host's own, the other nodes' and link-local ones
/// @param vxlanPort UDP port on which nodes send each other the packets of their tenants; clusters side by side on one host need different ones
/// @param idleSegment for how long a tenant without pods here keeps its segment
public record LocalSettings(String bridge, String podCidr, int mtu, String uplinkCidr, List<String> deniedCidrs, int vxlanPort, Duration idleSegment) {
    /// Where wires have their addresses unless told otherwise: in the range that is for such things between a provider and its customers.
    public static final String UPLINK_CIDR = "100.126.0.0/16";

    /// VXLAN's own.
    public static final int VXLAN_PORT = 4789;

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,8}");
    private static final Duration IDLE_SEGMENT = Duration.ofMinutes(10);

    public LocalSettings {
        deniedCidrs = List.copyOf(deniedCidrs);
        if (!NAME.matcher(bridge).matches()) {
            throw new IllegalArgumentException("bridge name '" + bridge + "' must be 1 to 9 of a-z, 0-9 and -, beginning with a letter");
        }
        Cidr.parse(podCidr);
        Cidr.parse(uplinkCidr);
        if (mtu < 576 || mtu > 65535) {
            throw new IllegalArgumentException("mtu " + mtu + " is not between 576 and 65535");
        }
    }

    /// With everything else as usual.
    public LocalSettings(String bridge, String podCidr, int mtu) {
        this(bridge, podCidr, mtu, UPLINK_CIDR, List.of(), VXLAN_PORT, IDLE_SEGMENT);
    }

    LocalSettings withIdleSegment(Duration limit) {
        return new LocalSettings(bridge, podCidr, mtu, uplinkCidr, deniedCidrs, vxlanPort, limit);
    }
}
