package io.hypernetes.images;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Whom one registry may make this host speak to: not the host itself, nor its neighbours on the wire, such as a cloud's metadata service, nor the operator's machines, since
/// whoever names an image chooses the registry, and so what that answers and what its name stands for the next time it is looked up. A registry that is at such addresses itself, all of
/// its, may send on to others of the same kind. Safe for use by many threads.
final class Destinations {
    private final URI home;
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
    /// @param operators the operator's own addresses
    Destinations(URI home, OperatorAddresses operators) {
        this(home, operators, HostLookup.SYSTEM);
    }

    Destinations(URI home, OperatorAddresses operators, HostLookup lookup) {
        this.home = home;
        this.lookup = lookup;
        this.kinds = List.of(
                new Kind("of this host itself", address -> address.isLoopbackAddress() || address.isAnyLocalAddress()),
                new Kind("of this host's own network segment", InetAddress::isLinkLocalAddress),
                new Kind("of a group of hosts", InetAddress::isMulticastAddress),
                new Kind("of the operator's own machines", operators.surely(), operators.perhaps()));
    }

    /// Where a registry is may be anywhere that is not known to be forbidden, since whoever named it was asked first; where it sends on to may not.
    /// To be asked before each request, those to the registry itself among them: the connection that follows gets the same answer, which Java keeps for a while.
    ///
    /// @throws ImageException when it may not be spoken to
    /// @throws IOException when its name is not known, or that of the registry is not told in time
    void check(URI next) throws IOException {
        List<Kind> not = forbidden();
        for (InetAddress address : addresses(next)) {
            for (Kind kind : not) {
                boolean member = kind.members.test(address);
                if (member || (!isHome(next) && kind.perhaps.test(address))) {
                    throw new ImageException(ImageException.Reason.UNREACHABLE, "registry " + home.getRawAuthority()
                            + (isHome(next) ? " is at " : " sends us on to " + Text.shortened(next.getHost()) + ", which is ") + "an address " + kind.what + " (" + address.getHostAddress()
                            + ")" + (member ? "" : " for all that is known yet, as the master has not told which there are") + "; such addresses are not followed");
                }
            }
        }
    }

    // Decided once: what a name stood for at first is what was allowed.
    private synchronized List<Kind> forbidden() throws IOException {
        List<Kind> known = forbidden;
        if (known == null) {
            List<InetAddress> own = addresses(home);
            known = kinds.stream().filter(kind -> own.isEmpty() || !own.stream().allMatch(kind.members)).toList();
            if (!own.isEmpty()) {
                forbidden = known;
            }
        }
        return known;
    }

    private boolean isHome(URI address) {
        return home.getRawAuthority().equals(address.getRawAuthority());
    }

    // That the registry itself is not known is for the connection to tell.
    private List<InetAddress> addresses(URI of) throws IOException {
        String host = of.getHost();
        if (host == null) {
            throw new IOException("an address without a host: " + Text.shortened(of.toString()));
        }
        try {
            return lookup.addresses(host);
        } catch (UnknownHostException unknown) {
            if (isHome(of)) {
                return List.of();
            }
            throw unknown;
        }
    }
}
