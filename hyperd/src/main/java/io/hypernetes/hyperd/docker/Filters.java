package io.hypernetes.hyperd.docker;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Filters of lists: `{"name":{"web":true}}`, or the older `{"name":["web"]}`. Values of one name are alternatives, save for labels.
record Filters(Map<String, List<String>> wanted) {
    private static final JsonMapper JSON = new JsonMapper();

    static Filters parse(String text) {
        Map<String, List<String>> wanted = new LinkedHashMap<>();
        if (!text.isEmpty()) {
            JSON.readTree(text).properties().forEach(entry -> {
                List<String> values = new ArrayList<>();
                JsonNode value = entry.getValue();
                if (value.isArray()) {
                    values.addAll(Wish.texts(value));
                } else {
                    values.addAll(value.propertyNames());
                }
                wanted.put(entry.getKey(), values);
            });
        }
        return new Filters(wanted);
    }

    boolean has(String name) {
        return wanted.containsKey(name);
    }

    private boolean any(String name, Predicate<String> matches) {
        return !has(name) || wanted.getOrDefault(name, List.of()).stream().anyMatch(matches);
    }

    private static boolean label(String wanted, Map<String, String> labels) {
        String[] parts = wanted.split("=", 2);
        return labels.containsKey(parts[0]) && (parts.length == 1 || parts[1].equals(labels.get(parts[0])));
    }

    /// @throws DockerFailure 400 for a filter that is not known
    boolean container(DockerRecord of) {
        return container(of, false, null);
    }

    /// @param health null when it has no checks, or does not run
    /// @throws DockerFailure 400 for a filter that is not known
    boolean container(DockerRecord of, boolean paused, @Nullable Health health) {
        known("name", "id", "status", "exited", "label", "ancestor", "volume", "health", "network");
        Map<String, String> labels = new LinkedHashMap<>();
        of.config().path("Labels").properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
        return any("name", name -> ("/" + of.name()).contains(name) || name.equals("^/?" + of.name() + "$") || name.equals("^" + of.name() + "$"))
                && any("id", id -> of.id().startsWith(id))
                && any("status", status -> (paused ? "paused" : ContainerJson.phase(of)).equals(status))
                && any("health", wish -> wish.equals(health == null ? "none" : health.status().word()))
                && any("exited", code -> of.state().phase() == DockerRecord.Phase.EXITED && code.equals(Integer.toString(of.state().exitCode())))
                && any("volume", wish -> of.mounts().stream().anyMatch(mount -> mount.volume().equals(wish) || mount.destination().equals(wish)))
                && any("network", wish -> of.networks().stream().anyMatch(endpoint -> endpoint.name().equals(wish) || endpoint.network().startsWith(wish)))
                && any("ancestor", image -> of.image().equals(image) || of.imageId().contains(image))
                && wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, labels));
    }

    /// @param dangling whether no container names it
    /// @throws DockerFailure 400 for a filter that is not known
    boolean volume(VolumeRecord volume, boolean dangling) {
        known("name", "driver", "label", "dangling");
        return any("name", volume.name()::contains) && any("driver", "local"::equals)
                && any("dangling", wish -> dangling == (wish.equals("true") || wish.equals("1")))
                && wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, volume.labels()));
    }

    /// @throws DockerFailure 400 for a filter that is not known
    boolean prunedVolume(VolumeRecord volume) {
        known("all", "label", "label!");
        return pruned(volume.labels());
    }

    /// @throws DockerFailure 400 for a filter that is not known
    boolean prunedNetwork(NetworkRecord network) {
        known("label", "label!");
        return pruned(network.labels());
    }

    /// Whether what has these labels is meant to go.
    boolean pruned(Map<String, String> labels) {
        return wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, labels))
                && wanted.getOrDefault("label!", List.of()).stream().noneMatch(wish -> label(wish, labels));
    }

    private void known(String... names) {
        for (String name : wanted.keySet()) {
            if (!List.of(names).contains(name)) {
                throw new DockerFailure(400, "invalid filter '" + name + "'");
            }
        }
    }

    /// @param dangling whether no container names it
    /// @throws DockerFailure 400 for a filter that is not known
    boolean network(NetworkRecord network, boolean dangling) {
        known("name", "id", "driver", "scope", "type", "label", "dangling");
        return any("name", network.name()::contains) && any("id", network.id()::startsWith) && any("driver", "bridge"::equals) && any("scope", "local"::equals)
                && any("type", (network.isBridge() ? "builtin" : "custom")::equals)
                && any("dangling", wish -> dangling == (wish.equals("true") || wish.equals("1")))
                && wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, network.labels()));
    }

    boolean event(DockerEvents.Event event) {
        return any("type", event.type()::equals)
                && any("event", action -> event.action().equals(action) || event.action().startsWith(action + ":"))
                && any("container", name -> event.id().startsWith(name) || name.equals(event.attributes().get("name")))
                && any("volume", name -> event.type().equals("volume") && event.id().equals(name))
                && any("network", name -> event.type().equals("network") && (event.id().startsWith(name) || name.equals(event.attributes().get("name"))))
                && any("image", image -> image.equals(event.attributes().get("image")))
                && wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, event.attributes()));
    }
}
