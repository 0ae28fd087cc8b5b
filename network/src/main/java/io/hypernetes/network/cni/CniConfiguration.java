package io.hypernetes.network.cni;

import io.hypernetes.network.NetworkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A network's configuration: a list of plugins. A file with one plugin is a list of one.
///
/// @param name of the network
/// @param version of the specification that it is written for, the highest that both sides know
/// @param check whether CHECK is allowed
/// @param collect whether GC is allowed
/// @param plugins in order
record CniConfiguration(String name, Version version, boolean check, boolean collect, List<ObjectNode> plugins) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long MOST_BYTES = 1 << 20;

    CniConfiguration {
        plugins = List.copyOf(plugins);
    }

    /// Versions of the specification.
    enum Version {
        V030("0.3.0"),
        V031("0.3.1"),
        V040("0.4.0"),
        V100("1.0.0"),
        V110("1.1.0");

        final String text;

        Version(String text) {
            this.text = text;
        }

        boolean atLeast(Version other) {
            return compareTo(other) >= 0;
        }
    }

    /// The configuration that is in force: the first file by name.
    ///
    /// @throws NetworkException when there is none, or it cannot be used
    static CniConfiguration load(Path folder) {
        Path file = first(folder);
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new NetworkException("the CNI configuration " + file + " is larger than " + MOST_BYTES + " bytes");
            }
            return parse(Files.readString(file), file.toString());
        } catch (IOException failure) {
            throw new NetworkException("the CNI configuration " + file + " cannot be read: " + failure.getMessage(), failure);
        }
    }

    private static Path first(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().matches(".*\\.(conflist|conf|json)"))
                    .sorted()
                    .findFirst()
                    .orElseThrow(() -> new NetworkException(
                            "there is no CNI configuration in " + folder + ": a network plugin puts a .conflist file there when it is ready"));
        } catch (IOException failure) {
            throw new NetworkException("the folder of the CNI configuration, " + folder + ", cannot be read; install a network plugin", failure);
        }
    }

    /// @param where for messages
    static CniConfiguration parse(String text, String where) {
        JsonNode tree;
        try {
            tree = JSON.readTree(text);
        } catch (JacksonException wrong) {
            throw new NetworkException("the CNI configuration " + where + " is no JSON: " + wrong.getOriginalMessage(), wrong);
        }
        List<ObjectNode> plugins = new ArrayList<>();
        List<JsonNode> given = new ArrayList<>();
        tree.path("plugins").forEach(given::add);
        if (!tree.has("plugins")) {
            given.add(tree);
        }
        for (JsonNode plugin : given) {
            String type = plugin.path("type").asString("");
            if (!(plugin instanceof ObjectNode object) || !type.matches("[A-Za-z0-9_.-]+") || type.startsWith(".")) {
                throw new NetworkException("the CNI configuration " + where + " has a plugin without a proper `type`");
            }
            plugins.add(object);
        }
        String name = tree.path("name").asString("");
        if (name.isEmpty() || plugins.isEmpty()) {
            throw new NetworkException("the CNI configuration " + where + " has no `name` or no plugins");
        }
        return new CniConfiguration(
                name, version(tree, where), !tree.path("disableCheck").asBoolean(false), !tree.path("disableGC").asBoolean(false), plugins);
    }

    private static Version version(JsonNode tree, String where) {
        List<String> offered = new ArrayList<>(List.of(tree.path("cniVersion").asString("")));
        tree.path("cniVersions").forEach(version -> offered.add(version.asString("")));
        Version best = null;
        for (Version known : Version.values()) {
            if (offered.contains(known.text)) {
                best = known;
            }
        }
        if (best == null) {
            throw new NetworkException("the CNI configuration " + where + " is for version " + String.join(", ", offered)
                    + "; supported are 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
        }
        return best;
    }

    /// The same as text, for the journal: what was added is deleted by the configuration it was added with.
    String text() {
        ObjectNode list = JSON.createObjectNode();
        list.put("cniVersion", version.text).put("name", name).put("disableCheck", !check).put("disableGC", !collect);
        var array = list.putArray("plugins");
        plugins.forEach(array::add);
        return JSON.writeValueAsString(list);
    }
}
