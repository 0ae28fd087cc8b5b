package io.hypernetes.network.cni;

import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.Commands;
import io.hypernetes.network.NetworkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A network namespace a pod, in which plugins put the pod's interface. The pod's machine is not in it: its tap is, and every frame that
/// comes to the one goes out by the other. So the guest has the interface's hardware address and addresses, and the interface keeps them
/// too, which is what plugins check; the namespace itself neither sees nor answers anything.
final class PodNamespaces {
    private static final Path FOLDER = Path.of("/run/netns");
    private static final String TAP = "tap0";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final String prefix;

    PodNamespaces(String mark) {
        this.prefix = mark + "-";
    }

    Path path(String sandbox) {
        return FOLDER.resolve(prefix + sandbox);
    }

    /// Takes away what is no namespace: whoever made it died between its file and the mount that makes a namespace of that. Plugins would neither add nor delete there.
    void dropHalfMade(String sandbox) {
        Path file = path(sandbox);
        try {
            if (Files.isRegularFile(file) && !Files.getFileStore(file).type().equals("nsfs")) {
                Files.delete(file);
            }
        } catch (NoSuchFileException gone) {
            // As it should be.
        } catch (IOException failure) {
            throw new NetworkException("looking at the network namespace " + file + ": " + failure.getMessage(), failure);
        }
    }

    /// Makes an empty one; one that is there already is used again.
    void make(String sandbox) {
        dropHalfMade(sandbox);
        String name = prefix + sandbox;
        if (!Files.exists(path(sandbox))) {
            Commands.run(List.of("ip", "netns", "add", name), "");
        }
        Commands.run(List.of("ip", "-n", name, "link", "set", "lo", "up"), "");
    }

    void remove(String sandbox) {
        if (Files.exists(path(sandbox))) {
            Commands.run(List.of("ip", "netns", "del", prefix + sandbox), "");
        }
    }

    /// The sandboxes that have one.
    Set<String> present() {
        if (!Files.isDirectory(FOLDER)) {
            return Set.of();
        }
        try (Stream<Path> entries = Files.list(FOLDER)) {
            Set<String> found = new TreeSet<>();
            entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .forEach(name -> found.add(name.substring(prefix.length())));
            return found;
        } catch (IOException failure) {
            throw new NetworkException("listing the network namespaces in " + FOLDER, failure);
        }
    }

    /// What the plugins made, as the kernel tells it: results leave out what every plugin sees to in its own way.
    Attachment attachment(String sandbox, List<String> nameservers, List<String> searches) {
        String name = prefix + sandbox;
        JsonNode link = first(json("ip", "-j", "-n", name, "addr", "show", "dev", CniChain.INTERFACE));
        List<Attachment.Route> routes = new ArrayList<>();
        Set<String> direct = new TreeSet<>();
        for (String family : List.of("-4", "-6")) {
            for (JsonNode route : json("ip", "-j", family, "-n", name, "route", "show", "dev", CniChain.INTERFACE)) {
                String to = route.path("dst").asString("");
                if (to.startsWith("fe80:") || to.startsWith("ff00:")) {
                    continue;
                }
                if (route.path("protocol").asString("").equals("kernel")) {
                    direct.add(to);
                } else {
                    routes.add(new Attachment.Route(destination(to, family), route.path("gateway").asString("")));
                }
            }
        }
        List<String> addresses = new ArrayList<>();
        for (JsonNode address : link.path("addr_info")) {
            if (!address.path("scope").asString("").equals("link")) {
                addresses.add(address(address.path("local").asString(), address.path("prefixlen").asInt(), direct));
            }
        }
        // What is reached directly must be there before what is reached by it.
        routes.sort((a, b) -> Boolean.compare(!a.gateway().isEmpty(), !b.gateway().isEmpty()));
        String gateway = routes.stream()
                .filter(route -> route.destination().equals("0.0.0.0/0"))
                .map(Attachment.Route::gateway)
                .findFirst()
                .orElse("");
        return new Attachment(
                sandbox, link.path("address").asString(), addresses, gateway, link.path("mtu").asInt(1500), nameservers, searches, routes);
    }

    // Some plugins take the route away that an address implies, as on a point-to-point link nobody answers there.
    private static String address(String local, int length, Set<String> direct) {
        boolean implied = !direct.isEmpty() && direct.stream().anyMatch(network -> network.endsWith("/" + length));
        return local + "/" + (implied ? length : local.contains(":") ? 128 : 32);
    }

    private static String destination(String shown, String family) {
        if (shown.equals("default")) {
            return family.equals("-4") ? "0.0.0.0/0" : "::/0";
        }
        return shown.contains("/") ? shown : shown + (family.equals("-4") ? "/32" : "/128");
    }

    /// Opens the tap and joins it to the plugins' interface.
    ///
    /// @return its descriptor
    int openTap(String sandbox, int mtu) {
        String name = prefix + sandbox;
        int descriptor = NetworkDevices.inNamespace(path(sandbox), () -> NetworkDevices.openTap(TAP));
        try {
            Commands.run(List.of("ip", "-n", name, "link", "set", TAP, "mtu", Integer.toString(mtu), "addrgenmode", "none", "up"), "");
            Commands.run(List.of("sh", "-c", "tc -n " + name + " qdisc del dev " + CniChain.INTERFACE + " ingress 2>/dev/null || true"), "");
            for (List<String> pair : List.of(List.of(CniChain.INTERFACE, TAP), List.of(TAP, CniChain.INTERFACE))) {
                Commands.run(List.of("tc", "-n", name, "qdisc", "add", "dev", pair.getFirst(), "ingress"), "");
                Commands.run(
                        List.of(
                                "tc", "-n", name, "filter", "add", "dev", pair.getFirst(), "parent", "ffff:", "protocol", "all", "u32", "match",
                                "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", pair.getLast()),
                        "");
            }
            return descriptor;
        } catch (RuntimeException failure) {
            io.hypernetes.linux.Descriptors.close(descriptor);
            throw failure;
        }
    }

    private static JsonNode json(String... command) {
        String printed = Commands.run(List.of(command), "");
        return JSON.readTree(printed.isEmpty() ? "[]" : printed);
    }

    private static JsonNode first(JsonNode list) {
        if (list.isEmpty()) {
            throw new NetworkException("the CNI plugins made no interface " + CniChain.INTERFACE);
        }
        return list.get(0);
    }
}
