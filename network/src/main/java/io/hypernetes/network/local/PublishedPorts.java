package io.hypernetes.network.local;

import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import io.hypernetes.network.PortTakenException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Which ports of the host lead to which sandbox, durably: a line a port, `tcp 127.0.0.1 8080 80`, in one value a sandbox.
final class PublishedPorts {
    private static final String ALL = "*";

    private final Store store;
    private final String prefix;
    private final Map<String, List<PortMapping>> taken = new HashMap<>();

    /// @param prefix of the keys, ending in a slash
    PublishedPorts(Store store, String prefix) {
        this.store = store;
        this.prefix = prefix;
        for (Entry entry : store.list(prefix, "", 0).entries()) {
            taken.put(entry.key().substring(prefix.length()), parse(new String(entry.value(), StandardCharsets.UTF_8)));
        }
    }

    /// Reserves ports for a sandbox; those that it has stay.
    ///
    /// @throws PortTakenException when another sandbox or a process of the host has one of them
    synchronized void take(String sandbox, List<PortMapping> wanted) {
        if (wanted.isEmpty() || taken.containsKey(sandbox)) {
            return;
        }
        for (PortMapping port : wanted) {
            taken.forEach((other, ports) -> ports.stream().filter(port::collidesWith).findFirst().ifPresent(has -> {
                throw new PortTakenException(port, "port " + port + " is wanted for sandbox " + sandbox + ", and sandbox " + other + " has "
                        + has + "; remove that pod, or choose another port of the host");
            }));
            refuseListened(sandbox, port);
        }
        for (int i = 0; i < wanted.size(); i++) {
            for (PortMapping earlier : wanted.subList(0, i)) {
                if (wanted.get(i).collidesWith(earlier)) {
                    throw new NetworkException("sandbox " + sandbox + " wants one port of the host twice: " + earlier + " and " + wanted.get(i));
                }
            }
        }
        store.commit(List.of(Operation.put(prefix + sandbox, text(wanted).getBytes(StandardCharsets.UTF_8))));
        taken.put(sandbox, List.copyOf(wanted));
    }

    synchronized List<PortMapping> of(String sandbox) {
        return taken.getOrDefault(sandbox, List.of());
    }

    synchronized void giveBack(String sandbox) {
        if (taken.containsKey(sandbox)) {
            store.commit(List.of(Operation.delete(prefix + sandbox)));
            taken.remove(sandbox);
        }
    }

    /// The rules would win over a process that listens, and nobody would know why it is not reached any more.
    private static void refuseListened(String sandbox, PortMapping port) {
        try {
            InetAddress address = port.hostAddress().isEmpty() ? new InetSocketAddress(0).getAddress() : InetAddress.getByName(port.hostAddress());
            switch (port.protocol()) {
                case TCP -> {
                    try (ServerSocket probe = new ServerSocket()) {
                        probe.setReuseAddress(true);
                        probe.bind(new InetSocketAddress(address, port.hostPort()));
                    }
                }
                case UDP -> new DatagramSocket(port.hostPort(), address).close();
                // Java has no socket to ask with.
                case SCTP -> {}
            }
        } catch (IOException refused) {
            if (!isOfHost(port.hostAddress())) {
                throw new NetworkException("port " + port + " is wanted for sandbox " + sandbox + ", but " + port.hostAddress()
                        + " is no address of this host; name one that is, or none for all of them", refused);
            }
            throw new PortTakenException(port, "port " + port + " is wanted for sandbox " + sandbox + ", but the host says: " + refused.getMessage()
                    + "; end what listens there, or choose another port of the host");
        }
    }

    private static boolean isOfHost(String address) {
        try {
            InetAddress named = InetAddress.getByName(address);
            return address.isEmpty() || named.isLoopbackAddress() || NetworkInterface.getByInetAddress(named) != null;
        } catch (IOException unknown) {
            return false;
        }
    }

    private static String text(List<PortMapping> ports) {
        return ports.stream()
                .map(p -> p.protocol() + " " + (p.hostAddress().isEmpty() ? ALL : p.hostAddress()) + " " + p.hostPort() + " " + p.podPort())
                .collect(Collectors.joining("\n"));
    }

    private static List<PortMapping> parse(String text) {
        List<PortMapping> ports = new ArrayList<>();
        text.lines().map(line -> line.split(" ")).forEach(word -> ports.add(new PortMapping(
                PortMapping.Protocol.valueOf(word[0]),
                word[1].equals(ALL) ? "" : word[1],
                Integer.parseInt(word[2]),
                Integer.parseInt(word[3]))));
        return List.copyOf(ports);
    }
}
