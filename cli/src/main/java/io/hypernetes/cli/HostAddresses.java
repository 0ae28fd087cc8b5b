package io.hypernetes.cli;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Under which names and addresses this machine is known.
final class HostAddresses {
    private HostAddresses() {}

    /// The source address of the default route, else loopback. Nothing is sent.
    static String primary() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress("192.0.2.1", 9));
            InetAddress address = socket.getLocalAddress();
            return address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
        } catch (IOException | java.io.UncheckedIOException noRoute) {
            return "127.0.0.1";
        }
    }

    /// Every IPv4 address of this machine, loopback first.
    static List<String> all() {
        List<String> addresses = new ArrayList<>(List.of("127.0.0.1"));
        interfaces().stream()
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .forEach(addresses::add);
        return addresses;
    }

    /// Whether this machine has an address now, which it may have got after everything else was set up: from a lease, or with a network of containers.
    static boolean isHere(InetAddress address) {
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (IOException unknown) {
            return true;
        }
    }

    /// Where a host is; empty when its name is not known now.
    static Set<InetAddress> of(String host) {
        try {
            return Set.copyOf(List.of(InetAddress.getAllByName(host)));
        } catch (UnknownHostException e) {
            return Set.of();
        }
    }

    private static List<InetAddress> interfaces() {
        try {
            return NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).toList();
        } catch (IOException e) {
            throw new UsageException("listing this machine's addresses: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// The machine's name, as Kubernetes wants node names.
    static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).trim().toLowerCase(java.util.Locale.ROOT);
        } catch (IOException e) {
            throw new UsageException("reading this machine's name: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }
}
