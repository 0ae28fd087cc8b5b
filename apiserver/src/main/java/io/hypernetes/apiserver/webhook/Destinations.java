package io.hypernetes.apiserver.webhook;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Where tenants may make the operator's machines connect to. Immutable.
///
/// Loopback, link-local, multicast and unspecified addresses are denied always, unless the operator allows a range by name; then the
/// operator's own ranges. What is not denied is allowed.
public final class Destinations {
    /// The private ranges: an operator's machines usually live there.
    public static final List<String> PRIVATE =
            List.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

    private static final List<String> NEVER =
            List.of("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "fec0::/10", "ff00::/8",
                    "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16");

    /// No limits: for what the operator says.
    public static final Destinations EVERYWHERE = new Destinations(List.of(), List.of("0.0.0.0/0", "::/0"));

    private final List<AddressBlock> denied;
    private final List<AddressBlock> allowed;
    private final Predicate<InetAddress> also;

    /// @param denied ranges that belong to the operator
    /// @param allowed ranges that may be reached although they are denied
    /// @throws IllegalArgumentException when one is no range of addresses
    public Destinations(List<String> denied, List<String> allowed) {
        this(blocks(denied), allowed.stream().map(AddressBlock::parse).toList(), _ -> false);
    }

    private Destinations(List<AddressBlock> denied, List<AddressBlock> allowed, Predicate<InetAddress> also) {
        this.denied = denied;
        this.allowed = allowed;
        this.also = also;
    }

    private static List<AddressBlock> blocks(List<String> denied) {
        var all = new ArrayList<AddressBlock>();
        NEVER.stream().map(AddressBlock::parse).forEach(all::add);
        denied.stream().map(AddressBlock::parse).forEach(all::add);
        return List.copyOf(all);
    }

    /// The same, with more addresses denied: those that are the operator's at the time.
    public Destinations without(Predicate<InetAddress> more) {
        return new Destinations(denied, allowed, also.or(more));
    }

    /// Whether an address may be connected to.
    public boolean permits(InetAddress address) {
        return allowed.stream().anyMatch(block -> block.contains(address))
                || (denied.stream().noneMatch(block -> block.contains(address)) && !also.test(address));
    }

    /// What is not [#permits].
    public Predicate<InetAddress> denied() {
        return address -> !permits(address);
    }

    /// The address to connect to for a host: its first, when all of them are permitted. One that names several, some of them denied,
    /// is playing games.
    ///
    /// @throws DeniedException when it may not be reached
    InetAddress resolve(String host) throws UnknownHostException, DeniedException {
        var addresses = InetAddress.getAllByName(host);
        for (var address : addresses) {
            if (!permits(address)) {
                throw new DeniedException(host + " is at " + address.getHostAddress() + ", which tenants may not reach from here");
            }
        }
        return addresses[0];
    }

    /// A destination is denied.
    static final class DeniedException extends java.io.IOException {
        private static final long serialVersionUID = 1;

        DeniedException(String message) {
            super(message);
        }
    }
}
