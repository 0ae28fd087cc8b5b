package io.hypernetes.hyperd.docker;

import io.hypernetes.images.ImageConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// The volumes that a client, and its image, ask for: `-v`, `--mount type=volume`, `--volumes-from` and VOLUME of an image. What is said
/// later, or more closely, wins over what is said of the same place before.
final class VolumeWishes {
    static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}");
    private static final String HOST_FOLDER = " cannot be mounted: the container is a virtual machine and has no file system of the host. Use a volume"
            + " (-v NAME:/path), and `docker cp` to bring files into it";
    // There are no labels of a security module in a guest to be changed, and nothing is cached on the way.
    private static final Set<String> HARMLESS = Set.of("rw", "z", "Z", "consistent", "cached", "delegated", "volume-driver=local");

    private VolumeWishes() {}

    /// A volume that `--mount` describes, beyond where it is mounted.
    record Asked(VolumeMount mount, Map<String, String> labels, Map<String, String> options) {
        Asked(VolumeMount mount) {
            this(mount, Map.of(), Map.of());
        }
    }

    /// @param request the body of a container's creation
    /// @param mountsOf what another container mounts, for `--volumes-from`
    /// @throws DockerFailure 400 for what is no mount, 501 for what a machine cannot have
    static List<Asked> of(JsonNode request, ImageConfig image, Function<String, List<VolumeMount>> mountsOf) {
        JsonNode host = request.path("HostConfig");
        String driver = host.path("VolumeDriver").asString("");
        refuseDriver(driver);
        Map<String, Asked> wishes = new LinkedHashMap<>();
        for (String from : Wish.texts(host.path("VolumesFrom"))) {
            String[] parts = from.split(":", 2);
            boolean readOnly = parts.length > 1 && parts[1].equals("ro");
            for (VolumeMount mount : mountsOf.apply(parts[0])) {
                wishes.put(mount.destination(), new Asked(new VolumeMount(mount.volume(), mount.destination(), readOnly || mount.readOnly(), false)));
            }
        }
        List<Asked> named = new ArrayList<>();
        Wish.texts(host.path("Binds")).forEach(bind -> named.add(new Asked(bind(bind))));
        host.path("Mounts").forEach(mount -> {
            if (!mount.path("Type").asString("").equals("tmpfs")) {
                named.add(mount(mount));
            }
        });
        List<String> twice = named.stream().map(wish -> wish.mount().destination()).collect(Collectors.toCollection(ArrayList::new));
        Set.copyOf(twice).forEach(twice::remove);
        if (!twice.isEmpty()) {
            throw new DockerFailure(400, "Duplicate mount point: " + twice.getFirst());
        }
        named.forEach(wish -> wishes.put(wish.mount().destination(), wish));
        Set<String> inMemory = MemoryMounts.of(host).stream().map(mount -> mount.destination()).collect(Collectors.toSet());
        List<String> anonymous = new ArrayList<>(request.path("Volumes").propertyNames());
        anonymous.addAll(image.volumes());
        for (String place : anonymous) {
            String destination = place(place);
            if (!inMemory.contains(destination)) {
                wishes.putIfAbsent(destination, new Asked(new VolumeMount("", destination, false, true)));
            }
        }
        return List.copyOf(wishes.values());
    }

    // NAME:/path[:options], or /path alone.
    private static VolumeMount bind(String bind) {
        String[] parts = bind.split(":", -1);
        if (parts.length > 3) {
            throw new DockerFailure(400, "invalid volume specification: '" + bind + "': it is NAME:/path, with :ro, :rw or :nocopy behind it, or /path alone");
        }
        if (parts.length == 1) {
            return new VolumeMount("", place(parts[0]), false, true);
        }
        if (parts[0].contains("/") || parts[0].startsWith(".") || parts[0].startsWith("~")) {
            throw DockerFailure.later("the folder " + parts[0] + " of the host" + HOST_FOLDER);
        }
        boolean readOnly = false;
        boolean copy = true;
        for (String option : parts.length == 3 ? parts[2].split(",") : new String[0]) {
            switch (option) {
                case "ro" -> readOnly = true;
                case "nocopy" -> copy = false;
                default -> {
                    if (!HARMLESS.contains(option)) {
                        throw DockerFailure.later("-v " + bind + " cannot have the option " + option + "; there are ro, rw and nocopy");
                    }
                }
            }
        }
        return new VolumeMount(checked(parts[0]), place(parts[1]), readOnly, copy);
    }

    private static Asked mount(JsonNode mount) {
        String type = mount.path("Type").asString("");
        String source = mount.path("Source").asString("");
        switch (type) {
            case "volume" -> {}
            case "bind" -> throw DockerFailure.later("the folder " + source + " of the host" + HOST_FOLDER);
            default -> throw DockerFailure.later("--mount type=" + type + " cannot be had; there are type=volume and type=tmpfs");
        }
        JsonNode options = mount.path("VolumeOptions");
        refuseDriver(options.path("DriverConfig").path("Name").asString(""));
        if (!options.path("Subpath").asString("").isEmpty()) {
            throw DockerFailure.later("--mount volume-subpath cannot be had: a volume is mounted as a whole");
        }
        return new Asked(
                new VolumeMount(
                        source.isEmpty() ? "" : checked(source), place(mount.path("Target").asString("")), mount.path("ReadOnly").asBoolean(false),
                        !options.path("NoCopy").asBoolean(false)),
                texts(options.path("Labels")), texts(options.path("DriverConfig").path("Options")));
    }

    static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new LinkedHashMap<>();
        object.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asString("")));
        return texts;
    }

    /// @throws DockerFailure 501 for a driver that there is not
    static void refuseDriver(String driver) {
        if (!driver.isEmpty() && !driver.equals("local")) {
            throw DockerFailure.later("volume driver " + driver + " cannot be had; there is `local`");
        }
    }

    /// @throws DockerFailure 400 for what is no name
    static String checked(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new DockerFailure(400, "create " + name + ": \"" + name + "\" includes invalid characters for a local volume name, only"
                    + " \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed, 2 to 128 of them");
        }
        return name;
    }

    private static String place(String at) {
        String place = at.length() > 1 ? at.replaceFirst("/+$", "") : at;
        return MemoryMounts.place(place);
    }
}
