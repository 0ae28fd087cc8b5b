package io.hypernetes.network;

import java.util.Locale;
import java.util.regex.Pattern;

/// A port of the host that leads to a port of a pod.
///
/// @param hostAddress IPv4 address of the host on which it is reached; empty for all of them, loopback included
/// @param hostPort 1 to 65535
/// @param podPort 1 to 65535
public record PortMapping(Protocol protocol, String hostAddress, int hostPort, int podPort) {
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    /// @throws NetworkException when the address is none of IPv4 or a port is out of range
    public PortMapping {
        hostAddress = hostAddress.equals("0.0.0.0") || hostAddress.equals("::") ? "" : hostAddress;
        if (!hostAddress.isEmpty() && !IPV4.matcher(hostAddress).matches()) {
            throw new NetworkException("a pod's port cannot be published on " + hostAddress + ": only IPv4 addresses of the host are possible");
        }
        if (hostPort < 1 || hostPort > 65535 || podPort < 1 || podPort > 65535) {
            throw new NetworkException("port " + podPort + " of a pod cannot be published as port " + hostPort + " of the host: ports are 1 to 65535");
        }
    }

    /// What is carried to the port.
    public enum Protocol {
        TCP,
        UDP,
        SCTP;

        /// As tools of the host write it.
        public String lowerCase() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Whether both want the same port of the host.
    public boolean collidesWith(PortMapping other) {
        return protocol == other.protocol
                && hostPort == other.hostPort
                && (hostAddress.isEmpty() || other.hostAddress.isEmpty() || hostAddress.equals(other.hostAddress));
    }

    /// As `tcp 127.0.0.1:8080 to 80`.
    @Override
    public String toString() {
        return protocol.lowerCase() + " " + (hostAddress.isEmpty() ? "*" : hostAddress) + ":" + hostPort + " to " + podPort;
    }
}
