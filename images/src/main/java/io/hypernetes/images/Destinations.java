package io.hypernetes.images;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Whom one registry may make this host speak to: not the host itself, nor its neighbours on the wire, such as a cloud's metadata service, nor the operator's machines, since
/// whoever names an image chooses the registry, and so what that answers and what its name stands for the next time it is looked up. One that the operator named and that is at such
/// addresses itself, all of its, may send on to others of the same kind. Safe for use by many threads.
final class Destinations {
    private final URI home;
    private final Requester requester;
    private final HostLookup lookup;
    private final List<Kind> kinds;
    private @Nullable List<Kind> forbidden;

    /// @param what completes "an address …"
    /// @param perhaps its members, and what cannot be said yet not to be one
    private record Kind(String what, Predicate<InetAddress> members, Predicate<InetAddress> perhaps) {
        Kind(String what, Predicate<InetAddress> members) {
            this(what, members, members);
        }
    }

    /// @param home where the registry is
    /// @param requester who named it
    /// @param operators the operator's own addresses
    Destinations(URI home, Requester requester, OperatorAddresses operators, HostLookup lookup) {
        this.home = home;
        this.requester = requester;
        this.lookup = lookup;
        this.kinds = List.of(
                new Kind("of this host itself", address -> address.isLoopbackAddress() || address.isAnyLocalAddress()),
                new Kind("of this host's own network segment", InetAddress::isLinkLocalAddress),
                new Kind("of a group of hosts", InetAddress::isMulticastAddress),
                new Kind("of the operator's own machines", operators.surely(), operators.perhaps()));
    }

    /// The addresses of a host, each of which may be spoken to: to be connected to as they are, as its name may stand for others the next time. To be asked for each connection,
    /// those to the registry itself among them. What cannot be said yet not to be the operator's may not, but for a registry that the operator named.
    ///
    /// @throws ImageException when one of them may not be spoken to
    /// @throws IOException when its name is not known, or it is not told in time
    List<InetAddress> permitted(String host, int port) throws IOException {
        List<Kind> not = forbidden();
        boolean isHome = isHome(host, port);
        boolean trusted = isHome && requester.isOperator();
        List<InetAddress> addresses = lookup.addresses(host);
        for (InetAddress address : addresses) {
            for (Kind kind : not) {
                boolean member = kind.members.test(address);
                if (member || (!trusted && kind.perhaps.test(address))) {
                    throw new ImageException(ImageException.Reason.UNREACHABLE, "registry " + home.getRawAuthority()
                            + (isHome ? " is at " : " sends us on to " + Text.shortened(host) + ", which is ") + "an address " + kind.what + " (" + address.getHostAddress()
                            + ")" + (member ? "" : " for all that is known yet, as the master has not told which there are") + "; such addresses are not followed");
                }
            }
        }
        return addresses;
    }

    // Decided once: what a name stood for at first is what was allowed.
    private synchronized List<Kind> forbidden() throws IOException {
        if (!requester.isOperator()) {
            return kinds;
        }
        List<Kind> known = forbidden;
        if (known == null) {
            List<InetAddress> own = lookup.addresses(bare(home.getHost()));
            known = kinds.stream().filter(kind -> !own.stream().allMatch(kind.members)).toList();
            forbidden = known;
        }
        return known;
    }

    private boolean isHome(String host, int port) {
        int own = home.getPort() >= 0 ? home.getPort() : "https".equals(home.getScheme()) ? 443 : 80;
        return port == own && host.equalsIgnoreCase(bare(home.getHost()));
    }

    /// A host of an address without the brackets that IPv6 has there.
    static String bare(String host) {
        return host.replaceAll("[\\[\\]]", "");
    }
}
