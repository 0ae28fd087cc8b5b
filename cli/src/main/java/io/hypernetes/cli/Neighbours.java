package io.hypernetes.cli;

import io.hypernetes.apiserver.service.AddressRange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/// What a new installation must choose otherwise than usual because of what this machine has already, another installation mostly.
final class Neighbours {
    private static final List<String> PORTS = List.of("api-port", "kubelet-port", "master-metrics-port", "node-metrics-port");
    private static final int STEP = 100, LAST_PORT = 65535;
    private static final int FIRST_NETWORK = 88, LAST_NETWORK = 150, FIRST_UPLINK = 126;

    private final IntPredicate free;
    private final Predicate<String> unused;

    Neighbours() {
        this(Neighbours::isFree, prefix -> HostAddresses.all().stream().noneMatch(address -> address.startsWith(prefix)));
    }

    /// @param free whether nobody listens on a port
    /// @param unused whether this machine has no address that begins so
    Neighbours(IntPredicate free, Predicate<String> unused) {
        this.free = free;
        this.unused = unused;
    }

    /// Settings that nobody has given and whose defaults are taken, each `name=value`: the next port in hundreds, the next network `10.N.0.0/16`, and wires to tenants as far from the usual ones as that.
    List<String> avoided(Settings settings) {
        List<String> chosen = new ArrayList<>();
        for (String name : PORTS) {
            int usual = settings.port(name);
            if (!settings.isGiven(name) && !free.test(usual)) {
                int port = usual + STEP;
                while (port <= LAST_PORT && !free.test(port)) {
                    port += STEP;
                }
                if (port <= LAST_PORT) {
                    chosen.add(name + "=" + port);
                }
            }
        }
        String usual = "10." + FIRST_NETWORK + ".";
        if (!settings.isGiven("cluster-cidr") && settings.text("network").equals("local") && settings.text("cluster-cidr").startsWith(usual) && !unused.test(usual)) {
            AddressRange services = MasterProcess.serviceRange(settings, List.of());
            for (int network = FIRST_NETWORK + 1; network <= LAST_NETWORK; network++) {
                if (unused.test("10." + network + ".") && !services.overlaps("10." + network + ".0.0/16")) {
                    chosen.add("cluster-cidr=10." + network + ".0.0/16");
                    if (!settings.isGiven("uplink-cidr")) {
                        // A neighbour without tenants has none yet, so that it is there must do.
                        chosen.add("uplink-cidr=100." + (FIRST_UPLINK - (network - FIRST_NETWORK)) + ".0.0/16");
                    }
                    break;
                }
            }
        }
        return chosen;
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.ofLiteral("0.0.0.0"))) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
