package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.network.Groups;
import io.hypernetes.network.Groups.Membership;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.dns.NameServer;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/// The networks of the Docker face. All containers have addresses of one range, whichever networks they are in: a network is a group of containers that
/// reach each other, and know each other's names. So a running container joins and leaves networks without a change in its machine. Safe for use by many
/// threads.
final class DockerNetworks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DockerNetworks.class);
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
    private static final Pattern ALIAS = Pattern.compile("[^\\s/]{1,253}");
    private static final Set<String> PREDEFINED = Set.of("bridge", "host", "none", "default");
    private static final int MOST_NETWORKS = 1024, MOST_ALIASES = 64;

    private final DockerJournal journal;
    private final DockerEvents events;
    private final @Nullable Groups groups;
    private final Clock clock;
    private final Supplier<List<DockerRecord>> up;
    private final SecureRandom random = new SecureRandom();

    // Guarded by this.
    private final Map<String, NetworkRecord> networks = new LinkedHashMap<>();
    private @Nullable NameServer names;
    private boolean closed;

    /// Takes up what an earlier process left.
    ///
    /// @param groups null when the node's network knows none: then there is `bridge` only
    /// @param up the containers that run or start now; not asked before [#open]
    DockerNetworks(DockerJournal journal, DockerEvents events, @Nullable Groups groups, Clock clock, Supplier<List<DockerRecord>> up) {
        this.journal = journal;
        this.events = events;
        this.groups = groups;
        this.clock = clock;
        this.up = up;
        networks.put(NetworkRecord.BRIDGE.id(), NetworkRecord.BRIDGE);
        journal.networks().forEach(network -> networks.put(network.id(), network));
    }

    /// The containers are known: from now on their names are answered.
    synchronized void open() {
        if (networks.size() > 1) {
            answerNames();
        }
    }

    /// Where a machine is put.
    ///
    /// @param nameservers for its resolv.conf; empty for what the client or the node says
    record Place(Membership membership, List<String> nameservers) {
        static final Place OPEN = new Place(Membership.OPEN, List.of());
        static final Place NOWHERE = new Place(new Membership(Set.of(), false, false), List.of());
    }

    /// @param body of `POST /networks/create`
    synchronized NetworkRecord create(JsonNode body) {
        String name = body.path("Name").asString("");
        refuse(body);
        if (groups == null) {
            throw DockerFailure.later("networks cannot be made: the node's network is made by plugins (setting network: cni), and what they make is the one network of all containers");
        }
        if (!NAME.matcher(name).matches()) {
            throw new DockerFailure(400, "invalid network name \"" + name + "\": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        }
        if (PREDEFINED.contains(name)) {
            throw new DockerFailure(403, "operation is not permitted on predefined " + name + " network");
        }
        if (networks.values().stream().anyMatch(network -> network.name().equals(name))) {
            throw new DockerFailure(409, "network with name " + name + " already exists");
        }
        if (networks.size() >= MOST_NETWORKS) {
            throw new DockerFailure(403, "there are " + MOST_NETWORKS + " networks already; remove those that are not used with docker network prune");
        }
        byte[] id = new byte[32];
        random.nextBytes(id);
        NetworkRecord made = new NetworkRecord(
                HexFormat.of().formatHex(id), name, now(), VolumeWishes.texts(body.path("Labels")), body.path("Internal").asBoolean(false),
                body.path("Attachable").asBoolean(false));
        journal.write(made);
        networks.put(made.id(), made);
        answerNames();
        tell("create", made, Map.of());
        return made;
    }

    // An option without effect would be a lie.
    private static void refuse(JsonNode body) {
        String driver = body.path("Driver").asString("");
        if (!driver.isEmpty() && !driver.equals("bridge")) {
            throw DockerFailure.later("network driver " + driver + " cannot be had: there is bridge");
        }
        JsonNode four = body.path("EnableIPv4");
        if (body.path("EnableIPv6").asBoolean(false) || four.isBoolean() && !four.booleanValue()) {
            throw DockerFailure.later("--ipv6 cannot be had: containers have IPv4 addresses so far");
        }
        String ipam = body.path("IPAM").path("Driver").asString("");
        if (!body.path("IPAM").path("Config").isEmpty() || !body.path("IPAM").path("Options").isEmpty() || !ipam.isEmpty() && !ipam.equals("default")) {
            throw DockerFailure.later("--subnet, --gateway, --ip-range and --ipam-driver cannot be had: all networks share the node's range of addresses");
        }
        if (!body.path("Options").isEmpty()) {
            throw DockerFailure.later("--opt " + body.path("Options").propertyNames().iterator().next() + " cannot be had: networks have no options so far");
        }
        if (body.path("Ingress").asBoolean(false) || body.path("ConfigOnly").asBoolean(false) || !body.path("ConfigFrom").path("Network").asString("").isEmpty()) {
            throw DockerFailure.later("networks of a swarm cannot be had");
        }
    }

    synchronized List<NetworkRecord> list() {
        return List.copyOf(networks.values());
    }

    /// By id, name, or a beginning of the id that no other has.
    ///
    /// @throws DockerFailure 404 when there is none
    synchronized NetworkRecord get(String reference) {
        for (NetworkRecord network : networks.values()) {
            if (network.id().equals(reference) || network.name().equals(reference)) {
                return network;
            }
        }
        List<NetworkRecord> found = reference.isEmpty() ? List.of() : networks.values().stream().filter(network -> network.id().startsWith(reference)).toList();
        if (found.size() != 1) {
            throw new DockerFailure(found.isEmpty() ? 404 : 400, found.isEmpty() ? "network " + reference + " not found" : "network " + reference + " is ambiguous: say more of its id");
        }
        return found.getFirst();
    }

    /// Does what needs these networks while none of them can go.
    ///
    /// @throws DockerFailure 404 when one is gone
    synchronized void holding(List<DockerRecord.Endpoint> endpoints, Runnable action) {
        endpoints.forEach(endpoint -> get(endpoint.network()));
        action.run();
    }

    /// Removes a network in which no container runs, or starts. Those that do not run cannot start any more.
    synchronized void remove(NetworkRecord network) {
        if (network.isBridge()) {
            throw new DockerFailure(403, network.name() + " is a pre-defined network and cannot be removed");
        }
        List<DockerRecord> members = up.get().stream().filter(container -> container.endpoint(network.id()).isPresent()).toList();
        if (!members.isEmpty()) {
            throw new DockerFailure(403, "error while removing network: network " + network.name() + " has active endpoints (" + members.stream()
                    .map(member -> "name:\"" + member.name() + "\" id:\"" + member.id().substring(0, 12) + "\"").collect(Collectors.joining(", ")) + "): stop them, or docker network disconnect them, first");
        }
        journal.removeNetwork(network.id());
        networks.remove(network.id());
        tell("destroy", network, Map.of());
    }

    /// The running containers that are in it.
    List<DockerRecord> members(NetworkRecord network) {
        return up.get().stream().filter(container -> container.isRunning() && container.endpoint(network.id()).isPresent()).toList();
    }

    /// The networks that the body of a creation names.
    ///
    /// @throws DockerFailure 400 when one is not there: to a client, 404 of a creation means that there is no such image
    List<DockerRecord.Endpoint> asked(JsonNode request) {
        Map<String, DockerRecord.Endpoint> endpoints = new LinkedHashMap<>();
        String mode = request.path("HostConfig").path("NetworkMode").asString("");
        JsonNode named = request.path("NetworkingConfig").path("EndpointsConfig");
        // Who names networks and says nothing of a mode means those and no other.
        if (named.isEmpty() || !(mode.isEmpty() || mode.equals("default"))) {
            NetworkRecord first = wanted(mode);
            endpoints.put(first.id(), endpoint(first, MissingNode.getInstance()));
        }
        named.properties().forEach(each -> {
            NetworkRecord network = wanted(each.getKey());
            endpoints.put(network.id(), endpoint(network, each.getValue()));
        });
        return List.copyOf(endpoints.values());
    }

    private NetworkRecord wanted(String name) {
        try {
            return name.isEmpty() || name.equals("default") ? NetworkRecord.BRIDGE : get(name);
        } catch (DockerFailure none) {
            throw new DockerFailure(400, String.valueOf(none.getMessage()));
        }
    }

    /// @param config as in `EndpointsConfig`
    static DockerRecord.Endpoint endpoint(NetworkRecord network, JsonNode config) {
        List<String> aliases = Wish.texts(config.path("Aliases")).stream().distinct().toList();
        if (network.isBridge() && !aliases.isEmpty()) {
            throw new DockerFailure(400, "network-scoped aliases are only supported for user-defined networks");
        }
        if (aliases.size() > MOST_ALIASES || aliases.stream().anyMatch(alias -> !ALIAS.matcher(alias).matches())) {
            throw new DockerFailure(400, "a container has at most " + MOST_ALIASES + " aliases, each of 1 to 253 characters: " + aliases);
        }
        return new DockerRecord.Endpoint(network.id(), network.name(), aliases);
    }

    /// Where the machine of a container is put that is about to start.
    ///
    /// @throws DockerFailure 404 when a network is gone
    synchronized Place place(DockerRecord of) {
        of.networks().forEach(endpoint -> {
            if (!networks.containsKey(endpoint.network())) {
                throw new DockerFailure(404, "network " + endpoint.network() + " (" + endpoint.name() + ") not found");
            }
        });
        boolean named = groups != null && of.networks().stream().anyMatch(endpoint -> !endpoint.isBridge());
        if (named) {
            // Tried again when it was refused before, as where no pod had addresses yet.
            answerNames();
        }
        return new Place(membership(of.networks()), named && groups != null ? List.of(groups.gateway().address()) : List.of());
    }

    /// Makes what a running container's machine reaches what its record says; one that has ended reaches nothing.
    synchronized void moved(DockerRecord of, Sandbox machine) {
        try {
            if (groups != null && machine.isReady()) {
                Membership now = membership(of.networks());
                // It was told when it started whom to ask for names, and only who is confined is led there: so it is, to a group of its own and all that is open.
                groups.move(machine.id(), now.isConfined() ? now : new Membership(Set.of(of.id()), true, true));
            }
        } catch (NetworkException refused) {
            if (machine.isReady()) {
                throw refused;
            }
        }
    }

    Membership membership(List<DockerRecord.Endpoint> endpoints) {
        Set<String> ids = endpoints.stream().map(DockerRecord.Endpoint::network).collect(Collectors.toSet());
        boolean open = ids.remove(NetworkRecord.BRIDGE.id());
        return new Membership(ids, open, open || ids.stream().anyMatch(this::leadsOutside));
    }

    private synchronized boolean leadsOutside(List<DockerRecord.Endpoint> endpoints) {
        return membership(endpoints).outside();
    }

    private boolean leadsOutside(String id) {
        NetworkRecord network = networks.get(id);
        return network != null && !network.internal();
    }

    // The caller holds the lock, or is the constructor.
    private void answerNames() {
        if (groups == null || names != null || closed) {
            return;
        }
        try {
            NameServer server = NameServer.open(groups.gateway(), "", asker -> Optional.of(DockerNames.of(asker.getHostAddress(), up.get(), this::leadsOutside)));
            try {
                groups.answerNames(server.udpPort(), server.tcpPort());
            } catch (NetworkException refused) {
                server.close();
                throw refused;
            }
            names = server;
        } catch (IOException | NetworkException refused) {
            LOG.warn("event=docker-names-unanswered error=\"{}\" effect=\"containers in networks of their own find no names, theirs or others'\"", refused.getMessage());
        }
    }

    void tell(String action, NetworkRecord network, Map<String, String> more) {
        Map<String, String> attributes = new HashMap<>(more);
        attributes.put("name", network.name());
        attributes.put("type", "bridge");
        events.publish(new DockerEvents.Event("network", action, network.id(), Map.copyOf(attributes), now()));
    }

    /// Those that no container names and the filters mean, removed.
    ///
    /// @param filters as they came
    /// @param named the networks that any container names, running or not
    synchronized List<String> prune(String filters, Supplier<Set<String>> named) {
        Pruning pruning = Pruning.parse(filters, Instant.now(clock), "label", "label!", "until");
        List<NetworkRecord> meant = list().stream().filter(network -> pruning.means(network.labels(), network.createdNanos())).filter(network -> !network.isBridge()).toList();
        Set<String> kept = named.get();
        List<String> gone = new ArrayList<>();
        for (NetworkRecord network : meant) {
            if (!kept.contains(network.id())) {
                remove(network);
                gone.add(network.name());
            }
        }
        return gone;
    }

    private long now() {
        Instant now = Instant.now(clock);
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (names != null) {
            names.close();
        }
    }
}
