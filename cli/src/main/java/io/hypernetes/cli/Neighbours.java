package io.hypernetes.cli;

import io.hypernetes.apiserver.service.AddressRange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// What a new installation must choose otherwise than usual because of what this machine has already, another installation mostly.
final class Neighbours {
    private static final List<String> PORTS = List.of("api-port", "kubelet-port", "master-metrics-port", "node-metrics-port");
    private static final int STEP = 100, LAST_PORT = 65535;
    private static final int FIRST_NETWORK = 88, LAST_NETWORK = 150, FIRST_UPLINK = 126;
    private static final String USUAL = "10." + FIRST_NETWORK + ".";
    private static final Pattern RANGE = Pattern.compile("([0-9.]{7,15})/([0-9]+)");
    private static final int NODE_PREFIX = 24;

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
        if (isUsualRangeUsed(settings) && settings.text("network").equals("local")) {
            OptionalInt network = freeNetwork(settings);
            if (network.isPresent()) {
                chosen.add("cluster-cidr=10." + network.getAsInt() + ".0.0/16");
                if (!settings.isGiven("uplink-cidr")) {
                    // A neighbour without tenants has none yet, so that it is there must do.
                    chosen.add("uplink-cidr=100." + (FIRST_UPLINK - (network.getAsInt() - FIRST_NETWORK)) + ".0.0/16");
                }
            }
        }
        return chosen;
    }

    /// The addresses of the pods of an engine that no cluster tells any, as `10.88.0.0/24`.
    ///
    /// @throws UsageException when `cluster-cidr` is no range
    String podRange(Settings settings) {
        OptionalInt network = isUsualRangeUsed(settings) ? freeNetwork(settings) : OptionalInt.empty();
        String range = network.isPresent() ? "10." + network.getAsInt() + ".0.0/16" : settings.text("cluster-cidr");
        Matcher form = RANGE.matcher(range);
        if (!form.matches() || form.group(2).length() > 2) {
            throw new UsageException("setting cluster-cidr is '" + range + "'; it must be an IPv4 range such as 10.88.0.0/16");
        }
        return form.group(1) + "/" + Math.max(NODE_PREFIX, Integer.parseInt(form.group(2)));
    }

    private boolean isUsualRangeUsed(Settings settings) {
        return !settings.isGiven("cluster-cidr") && settings.text("cluster-cidr").startsWith(USUAL) && !unused.test(USUAL);
    }

    private OptionalInt freeNetwork(Settings settings) {
        AddressRange services = MasterProcess.serviceRange(settings, List.of());
        return IntStream.rangeClosed(FIRST_NETWORK + 1, LAST_NETWORK)
                .filter(network -> unused.test("10." + network + ".") && !services.overlaps("10." + network + ".0.0/16"))
                .findFirst();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.ofLiteral("0.0.0.0"))) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
