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

    /// @param known the names that there are
    /// @throws DockerFailure 400 for one that is not known: what it was to keep out would be shown, or removed
    static Filters parse(String text, String... known) {
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
        for (String name : wanted.keySet()) {
            if (!List.of(known).contains(name)) {
                throw new DockerFailure(400, "invalid filter '" + name + "': there are " + String.join(", ", known));
            }
        }
        return new Filters(wanted);
    }

    boolean has(String name) {
        return wanted.containsKey(name);
    }

    private boolean any(String name, Predicate<String> matches) {
        return !has(name) || wanted.getOrDefault(name, List.of()).stream().anyMatch(matches);
    }

    /// Whether it has all labels that are wanted.
    boolean labels(Map<String, String> labels) {
        return wanted.getOrDefault("label", List.of()).stream().allMatch(wish -> label(wish, labels));
    }

    private static boolean label(String wanted, Map<String, String> labels) {
        String[] parts = wanted.split("=", 2);
        return labels.containsKey(parts[0]) && (parts.length == 1 || parts[1].equals(labels.get(parts[0])));
    }

    /// @param health null when it has no checks, or does not run
    boolean container(DockerRecord of, boolean paused, @Nullable Health health) {
        return any("name", name -> ("/" + of.name()).contains(name) || name.equals("^/?" + of.name() + "$") || name.equals("^" + of.name() + "$"))
                && any("id", id -> of.id().startsWith(id))
                && any("status", status -> (paused ? "paused" : ContainerJson.phase(of)).equals(status))
                && any("health", wish -> wish.equals(health == null ? "none" : health.status().word()))
                && any("exited", code -> of.state().phase() == DockerRecord.Phase.EXITED && code.equals(Integer.toString(of.state().exitCode())))
                && any("volume", wish -> of.mounts().stream().anyMatch(mount -> mount.volume().equals(wish) || mount.destination().equals(wish)))
                && any("network", wish -> of.networks().stream().anyMatch(endpoint -> endpoint.name().equals(wish) || endpoint.network().startsWith(wish)))
                && any("ancestor", image -> of.image().equals(image) || of.imageId().contains(image))
                && labels(VolumeWishes.texts(of.config().path("Labels")));
    }

    /// @param dangling whether no container names it
    boolean volume(VolumeRecord volume, boolean dangling) {
        return any("name", volume.name()::contains) && any("driver", "local"::equals)
                && any("dangling", wish -> dangling == (wish.equals("true") || wish.equals("1")))
                && labels(volume.labels());
    }

    /// Whether it has all of the labels for which it is to be left, as moby has it.
    boolean spares(Map<String, String> labels) {
        return has("label!") && wanted.getOrDefault("label!", List.of()).stream().allMatch(wish -> label(wish, labels));
    }

    /// @param dangling whether no container names it
    boolean network(NetworkRecord network, boolean dangling) {
        return any("name", network.name()::contains) && any("id", network.id()::startsWith) && any("driver", "bridge"::equals) && any("scope", "local"::equals)
                && any("type", (network.isBridge() ? "builtin" : "custom")::equals)
                && any("dangling", wish -> dangling == (wish.equals("true") || wish.equals("1")))
                && labels(network.labels());
    }

    boolean event(DockerEvents.Event event) {
        return any("type", event.type()::equals)
                && any("event", action -> event.action().equals(action) || event.action().startsWith(action + ":"))
                && any("container", name -> event.id().startsWith(name) || name.equals(event.attributes().get("name")))
                && any("volume", name -> event.type().equals("volume") && event.id().equals(name))
                && any("network", name -> event.type().equals("network") && (event.id().startsWith(name) || name.equals(event.attributes().get("name"))))
                && any("image", image -> image.equals(event.attributes().get("image")))
                && labels(event.attributes());
    }
}
