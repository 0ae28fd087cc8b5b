package io.hypernetes.images;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.function.Predicate;

/// Where a registry may send us on. It must not make this host speak to itself or to its neighbours on the wire, such as a cloud's metadata
/// service: whoever names an image chooses the registry, and so what that answers.
final class Destinations {
    private Destinations() {}

    /// @param next where a redirect or a token service is
    /// @param home where the registry itself is: what is local to it may be spoken to
    /// @param operators the operator's own addresses
    /// @throws ImageException when it may not be spoken to
    /// @throws IOException when its name is not known
    static void check(URI next, URI home, Predicate<InetAddress> operators) throws IOException {
        refuse(next, home, "of this host itself", address -> address.isLoopbackAddress() || address.isAnyLocalAddress());
        refuse(next, home, "of this host's own network segment", InetAddress::isLinkLocalAddress);
        refuse(next, home, "of a group of hosts", InetAddress::isMulticastAddress);
        refuse(next, home, "of the operator's own machines", operators);
    }

    private static void refuse(URI next, URI home, String what, Predicate<InetAddress> local) throws IOException {
        for (InetAddress address : addresses(next)) {
            if (local.test(address)) {
                for (InetAddress own : addresses(home)) {
                    if (local.test(own)) {
                        return;
                    }
                }
                throw new ImageException(ImageException.Reason.UNREACHABLE, "registry " + home.getRawAuthority() + " sends us on to " + Text.shortened(next.getHost()) + ", which is an address " + what + " (" + address.getHostAddress()
                        + "); such addresses are not followed");
            }
        }
    }

    // Both looks, and the connection itself, get the same answer: Java keeps it for a while.
    private static InetAddress[] addresses(URI of) throws IOException {
        String host = of.getHost();
        if (host == null) {
            throw new IOException("an address without a host: " + Text.shortened(of.toString()));
        }
        return InetAddress.getAllByName(host);
    }
}
