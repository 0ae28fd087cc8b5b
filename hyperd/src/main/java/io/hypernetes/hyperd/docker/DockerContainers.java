package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.images.Image;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// All Docker containers, by id and by name. Safe for use by many threads.
final class DockerContainers {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]+");
    private static final List<String> QUALITIES = List.of(
            "amber", "brisk", "calm", "clear", "crisp", "early", "fleet", "gentle", "hidden", "keen", "level", "light", "mellow",
            "noble", "open", "patient", "quiet", "rapid", "silver", "steady", "tidy", "vivid", "warm", "wide");
    private static final List<String> THINGS = List.of(
            "anchor", "basin", "beacon", "bridge", "brook", "canal", "cedar", "comet", "delta", "fjord", "garden", "harbour", "island",
            "juniper", "lantern", "meadow", "orchard", "pebble", "quarry", "river", "summit", "tundra", "valley", "willow");

    private static final JsonMapper JSON = new JsonMapper();

    private final DockerHouse house;
    // Changed under this, read by anybody: who holds the lock of the networks looks here, and who makes a container here asks them.
    private final Map<String, DockerContainer> containers = new ConcurrentHashMap<>();
    private final SecureRandom random = new SecureRandom();

    /// Takes up what an earlier process left.
    DockerContainers(DockerHouse house) {
        this.house = house;
        Map<String, Sandbox> sandboxes = new HashMap<>();
        house.sandboxes().ofDocker().forEach(sandbox -> sandboxes.put(sandbox.record().identity().name(), sandbox));
        for (DockerRecord record : house.journal().all()) {
            containers.put(record.id(), new DockerContainer(record, house, this::forget));
            house.volumes().named(record.id(), record.mounts());
        }
        sandboxes.forEach((id, sandbox) -> {
            if (!containers.containsKey(id)) {
                house.sandboxes().remove(sandbox);
            }
        });
        // A creation that was cut off has a lease and no record.
        for (String holder : house.images().holders()) {
            DockerHouse.held(holder).filter(id -> !containers.containsKey(id)).ifPresent(id -> house.images().release(holder));
        }
        List.copyOf(containers.values()).forEach(container -> container.recover(sandboxes.get(container.id())));
    }

    private synchronized void forget(DockerContainer container) {
        containers.remove(container.id());
    }

    /// Newest first.
    List<DockerContainer> list() {
        List<DockerContainer> list = new ArrayList<>(containers.values());
        list.sort(Comparator.comparingLong((DockerContainer container) -> container.record().createdNanos()).reversed());
        return list;
    }

    /// By id, name, or a beginning of the id that no other has.
    DockerContainer get(String reference) {
        String name = reference.startsWith("/") ? reference.substring(1) : reference;
        List<DockerContainer> all = list();
        for (DockerContainer container : all) {
            if (container.id().equals(name) || container.record().name().equals(name)) {
                return container;
            }
        }
        List<DockerContainer> found = name.isEmpty() ? List.of() : all.stream().filter(container -> container.id().startsWith(name)).toList();
        if (found.size() != 1) {
            throw new DockerFailure(found.isEmpty() ? 404 : 400, (found.isEmpty() ? "No such container: " : "Several containers' ids begin so, say more of it: ") + reference);
        }
        return found.getFirst();
    }

    /// @param asked its name; empty for one of the engine's choice
    /// @param platform on which it shall run; empty for any
    synchronized DockerContainer create(String asked, String platform, JsonNode request) {
        JsonNode host = request.path("HostConfig");
        Platforms.refuseForeign(platform);
        Unanswered.refuse(request);
        ExtraHosts.of(host);
        MemoryMounts.of(host);
        Limits.check(host);
        Limits.checkHost(host);
        RestartPolicy policy = RestartPolicy.of(host);
        if (host.path("AutoRemove").asBoolean(false) && !policy.name().equals("no")) {
            throw new DockerFailure(400, "can't create 'AutoRemove' container with restart policy");
        }
        String reference = request.path("Image").asString("");
        Image image = house.images().find(reference).orElseThrow(() -> new DockerFailure(404, "No such image: " + reference));
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        String id = HexFormat.of().formatHex(bytes);
        String name = asked.isEmpty() ? freeName() : checked(asked);
        List<VolumeWishes.Asked> volumes = VolumeWishes.of(request, image.config(), this::mountsOf);
        List<DockerRecord.Endpoint> networks = house.networks().asked(request);
        ObjectNode config = Wish.complete(request, image.config(), id);
        JsonNode said = JSON.readTree(house.images().configuration(image.id())).path("config");
        if (config.path("Shell").isEmpty() && said.path("Shell").isArray()) {
            config.set("Shell", said.path("Shell"));
        }
        JsonNode check = HealthCheck.merged(request.path("Healthcheck"), said.path("Healthcheck"));
        config.remove("Healthcheck");
        if (!check.isEmpty()) {
            config.set("Healthcheck", check);
        }
        house.images().lease(image.id(), DockerHouse.holder(id));
        DockerVolumes.Taken taken = DockerVolumes.Taken.NOTHING;
        boolean made = false;
        try {
            taken = house.volumes().taken(id, volumes);
            DockerRecord record = new DockerRecord(
                    id, name, house.now(), reference, image.id(), config, host.isObject() ? host : JsonNodeFactory.instance.objectNode(),
                    taken.mounts(), networks, DockerRecord.State.NEW);
            DockerContainer container = new DockerContainer(record, house, this::forget);
            house.networks().holding(networks, () -> {
                house.journal().write(record);
                containers.put(id, container);
            });
            made = true;
            container.tell("create", Map.of());
            return container;
        } finally {
            // As when one of its networks has gone meanwhile.
            if (!made) {
                house.volumes().givenBack(id, taken);
                house.images().release(DockerHouse.holder(id));
            }
        }
    }

    // To a client 404 of a creation means that there is no such image, which it pulls then.
    private List<VolumeMount> mountsOf(String reference) {
        try {
            return get(reference).record().mounts();
        } catch (DockerFailure none) {
            throw new DockerFailure(400, "--volumes-from " + reference + ": " + none.getMessage());
        }
    }

    synchronized void rename(DockerContainer container, String name) {
        container.rename(checked(name));
    }

    private String checked(String asked) {
        String name = asked.startsWith("/") ? asked.substring(1) : asked;
        if (!NAME.matcher(name).matches()) {
            throw new DockerFailure(400, "Invalid container name (" + asked + "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at least two of them");
        }
        for (DockerContainer other : containers.values()) {
            if (other.record().name().equals(name)) {
                throw new DockerFailure(409, "Conflict. The container name \"/" + name + "\" is already in use by container \"" + other.id()
                        + "\". You have to remove (or rename) that container to be able to reuse that name.");
            }
        }
        return name;
    }

    private String freeName() {
        while (true) {
            String name = QUALITIES.get(random.nextInt(QUALITIES.size())) + "_" + THINGS.get(random.nextInt(THINGS.size()));
            String tried = containers.size() < 100 ? name : name + random.nextInt(10_000);
            if (containers.values().stream().noneMatch(other -> other.record().name().equals(tried))) {
                return tried;
            }
        }
    }
}
