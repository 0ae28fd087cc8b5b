package io.hypernetes.kubelet.pod;

import io.hypernetes.kubelet.probe.HostLookups;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/// Where the registry of an image is. Whoever names an image makes this node speak to its registry, so tenants name none on the node itself or on its wire,
/// such as a cloud's metadata service, and none at the operator's own addresses. It is asked for a good reason to be told before anything is tried: what a name stands for when the
/// pull connects, and where a registry sends on to, is judged by who pulls.
final class RegistryPlace {
    static final String DEFAULT = "docker.io";

    private RegistryPlace() {}

    /// Why pods of tenants may not have an image pulled; empty when they may. A name that is not known is for the pull to tell.
    ///
    /// @param operators the operator's own addresses
    /// @throws IOException when it was not told within `patience` where the registry is: it may be anywhere
    static Optional<String> refusal(String tenant, String image, HostLookups hosts, Duration patience, Predicate<InetAddress> operators) throws IOException {
        String registry = registry(image);
        String host = host(registry);
        try {
            for (InetAddress address : hosts.all(tenant, host, patience)) {
                if (address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress() || address.isMulticastAddress()) {
                    return Optional.of("registry " + registry + " is at " + address.getHostAddress()
                            + ", an address of the node itself or of its wire, from where pods of tenants get no images; use a registry with another address, or ask the operator to load the image");
                }
                if (operators.test(address)) {
                    return Optional.of("registry " + registry + " is at " + address.getHostAddress()
                            + ", an address of the operator's own as far as this node knows, from where pods of tenants get no images; use a registry with another address, or ask the operator to allow this one (registry-cidrs)");
                }
            }
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /// What stands before the first slash, if that can be a host and not a part of a name, as whoever pulls reads it: parts of names have no capitals.
    static String registry(String image) {
        int slash = image.indexOf('/');
        String first = slash < 0 ? "" : image.substring(0, slash);
        boolean host = first.contains(".") || first.contains(":") || first.equals("localhost") || !first.equals(first.toLowerCase(Locale.ROOT));
        return host ? first : DEFAULT;
    }

    private static String host(String registry) {
        if (registry.startsWith("[")) {
            int end = registry.indexOf(']');
            return end < 0 ? registry : registry.substring(1, end);
        }
        int colon = registry.lastIndexOf(':');
        return colon < 0 ? registry : registry.substring(0, colon);
    }
}
