package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Reads [ImageSettings] from a YAML file; `docs/images.md` describes it. What it does not say keeps its default; what is unknown is
/// refused with the name that was probably meant.
public final class ImageSettingsFile {
    private static final Set<String> REGISTRY = Set.of("mirrors", "mirrors-only", "plain-http", "skip-verify", "ca-file");

    private final Path file;
    private final Map<String, Object> values;
    private final Set<String> asked = new TreeSet<>(Set.of("registries", "credentials-file"));

    private ImageSettingsFile(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    /// @throws ImageException INVALID_REFERENCE naming the file, the setting and what it may be
    public static ImageSettings read(Path file) {
        Object document;
        try {
            document = new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(Files.readString(file));
        } catch (IOException | YamlEngineException e) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE, "settings of images in " + file + " cannot be read: " + e.getMessage(), e);
        }
        return new ImageSettingsFile(file, document == null ? Map.of() : map(file, "the file", document)).settings();
    }

    private ImageSettings settings() {
        ImageSettings d = ImageSettings.defaults();
        ImageSettings settings = d.withTransfers(new ImageSettings.Transfers(
                        seconds("connect-timeout-seconds", d.transfers().connectTimeout(), 600),
                        seconds("stall-timeout-seconds", d.transfers().stallTimeout(), 3600),
                        seconds("layer-timeout-seconds", d.transfers().layerTimeout(), 86_400),
                        (int) number("attempts", d.transfers().attempts(), 1, 100),
                        seconds("longest-pause-seconds", d.transfers().longestPause(), 600),
                        (int) number("parallel-downloads", d.transfers().parallelDownloads(), 1, 64),
                        (int) number("parallel-conversions", d.transfers().parallelConversions(), 1, 64)))
                .withLimits(new ImageSettings.Limits(
                        number("layer-mib", d.limits().layerBytes() >> 20, 1, 1 << 20) << 20,
                        number("unpacked-mib", d.limits().unpackedBytes() >> 20, 1, 1 << 20) << 20,
                        (int) number("unpacked-ratio", d.limits().ratio(), 2, 1_000_000),
                        (int) number("files", d.limits().entries(), 1, 10_000_000),
                        number("names-mib", d.limits().pathBytes() >> 20, 1, 4096) << 20,
                        seconds("conversion-timeout-seconds", d.limits().conversionTimeout(), 86_400)))
                .withDisk(new ImageSettings.Disk(
                        number("reserved-mib", d.disk().reservedBytes() >> 20, 0, 1 << 20) << 20,
                        (int) number("disk-high-percent", d.disk().highPercent(), 1, 100),
                        (int) number("disk-low-percent", d.disk().lowPercent(), 0, 100),
                        seconds("youngest-removed-seconds", d.disk().youngestRemoved(), 31_536_000),
                        flag(values, "", "keep-blobs", d.disk().keepBlobs()),
                        seconds("incoming-kept-seconds", d.disk().incomingAge(), 31_536_000)));
        asked.add("keep-blobs");
        if (settings.disk().lowPercent() > settings.disk().highPercent()) {
            throw refused("disk-low-percent", "must not be above disk-high-percent");
        }
        requireKnown(values.keySet(), asked, "");
        Path credentials = path(values, "", "credentials-file");
        settings = settings.withRegistries(registries());
        return credentials == null ? settings : settings.withCredentialsFile(credentials);
    }

    private Map<String, ImageSettings.Registry> registries() {
        Map<String, ImageSettings.Registry> registries = new HashMap<>();
        Object section = values.get("registries");
        if (section == null) {
            return registries;
        }
        map(file, "registries", section).forEach((host, value) -> {
            String where = "registries." + host + ".";
            Map<String, Object> registry = value == null ? Map.of() : map(file, "registries." + host, value);
            requireKnown(registry.keySet(), REGISTRY, where);
            if (!host.equals(ImageReference.parse(host + "/a/b").host()) || host.contains("/")) {
                throw refused("registries." + host, "must be host or host:port, as in the names of images");
            }
            registries.put(host, new ImageSettings.Registry(mirrors(registry, where), flag(registry, where, "mirrors-only", false),
                    flag(registry, where, "plain-http", false), flag(registry, where, "skip-verify", false), path(registry, where, "ca-file")));
        });
        return registries;
    }

    private List<String> mirrors(Map<String, Object> registry, String where) {
        Object value = registry.getOrDefault("mirrors", List.of());
        if (!(value instanceof List<?> list)) {
            throw refused(where + "mirrors", "must be a list");
        }
        List<String> mirrors = list.stream().map(String::valueOf).toList();
        for (String mirror : mirrors) {
            if (!mirror.matches("(https?://)?[A-Za-z0-9.\\-]+(:[0-9]{1,5})?(/[a-z0-9._/\\-]*)?")) {
                throw refused(where + "mirrors", "has '" + Text.shortened(mirror) + "'; write [http://]host[:port][/path]");
            }
        }
        return mirrors;
    }

    private long number(String name, long otherwise, long least, long most) {
        asked.add(name);
        Object value = values.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number && !(value instanceof Double) && number.longValue() >= least && number.longValue() <= most) {
            return number.longValue();
        }
        throw refused(name, "is '" + Text.shortened(value.toString()) + "'; it must be a whole number from " + least + " to " + most);
    }

    private Duration seconds(String name, Duration otherwise, long most) {
        return Duration.ofSeconds(number(name, otherwise.toSeconds(), name.startsWith("youngest") ? 0 : 1, most));
    }

    private boolean flag(Map<String, Object> map, String where, String name, boolean otherwise) {
        Object value = map.get(name);
        if (value == null || value instanceof Boolean) {
            return value == null ? otherwise : (Boolean) value;
        }
        throw refused(where + name, "must be true or false");
    }

    private @Nullable Path path(Map<String, Object> map, String where, String name) {
        Object value = map.get(name);
        if (value == null) {
            return null;
        }
        if (!value.toString().startsWith("/")) {
            throw refused(where + name, "must be an absolute path");
        }
        return Path.of(value.toString());
    }

    private void requireKnown(Set<String> names, Set<String> known, String where) {
        for (String name : names) {
            if (!known.contains(name)) {
                throw refused(where + name, "is no setting; known are " + String.join(", ", new TreeSet<>(known)));
            }
        }
    }

    private ImageException refused(String name, String why) {
        return new ImageException(ImageException.Reason.INVALID_REFERENCE, "settings of images in " + file + ": " + Text.shortened(name) + " " + why);
    }

    private static Map<String, Object> map(Path file, String what, Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE,
                    "settings of images in " + file + ": " + Text.shortened(what) + " must hold lines `name: value`");
        }
        Map<String, Object> named = new LinkedHashMap<>();
        map.forEach((name, each) -> named.put(String.valueOf(name), each));
        return named;
    }
}
