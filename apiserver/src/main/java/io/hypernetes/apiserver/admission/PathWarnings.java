package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Files of one volume that lie in each other's way: told in upstream's words.
final class PathWarnings {
    /// How deep below the volume others are looked for.
    private static final int MOST_LEVELS = 64;

    private PathWarnings() {}

    /// @param source what of a projected volume has the path, such as `ConfigMap`; empty in other volumes
    /// @param name of that source; null when it has none
    private record Place(String path, String source, @Nullable String name) {
        @Override
        public String toString() {
            return "\"" + path + "\"" + (source.isEmpty() ? "" : " (" + source + (name == null ? "" : " \"" + name + "\"") + ")");
        }
    }

    static void tell(JsonNode spec, Told told) {
        for (ObjectNode volume : Json.objects(spec, "volumes")) {
            JsonNode map = volume.path("configMap");
            JsonNode secret = volume.path("secret");
            overlaps(items(map), () -> named(volume) + "ConfigMap \"" + Json.string(map, "name") + "\")", told);
            overlaps(items(secret), () -> named(volume) + "Secret \"" + Json.string(secret, "secretName") + "\")", told);
            overlaps(items(volume.path("downwardAPI")), () -> named(volume) + "DownwardAPI)", told);
            List<Place> places = new ArrayList<>();
            for (ObjectNode source : Json.objects(volume.path("projected"), "sources")) {
                if (source.isEmpty()) {
                    told.say(named(volume) + "Projected) has no sources provided");
                }
                projected(source, places);
            }
            overlaps(places, () -> named(volume) + "Projected)", told);
        }
    }

    private static String named(ObjectNode volume) {
        return "volume \"" + Json.string(volume, "name") + "\" (";
    }

    private static void projected(ObjectNode source, List<Place> places) {
        JsonNode map = source.path("configMap");
        JsonNode secret = source.path("secret");
        JsonNode bundle = source.path("clusterTrustBundle");
        JsonNode certificate = source.path("podCertificate");
        items(map, "ConfigMap", Json.string(map, "name"), places);
        items(secret, "Secret", Json.string(secret, "name"), places);
        items(source.path("downwardAPI"), "DownwardAPI", null, places);
        place(Json.string(source, "serviceAccountToken", "path"), "ServiceAccountToken", null, places);
        String bundled = Json.string(bundle, "name").isEmpty() ? Json.string(bundle, "signerName") : Json.string(bundle, "name");
        place(Json.string(bundle, "path"), "ClusterTrustBundle", bundled, places);
        place(Json.string(certificate, "certificateChainPath"), "PodCertificate chain", null, places);
        place(Json.string(certificate, "keyPath"), "PodCertificate key", null, places);
        place(Json.string(certificate, "credentialBundlePath"), "PodCertificate credential bundle", null, places);
    }

    private static List<Place> items(JsonNode holder) {
        List<Place> places = new ArrayList<>();
        items(holder, "", null, places);
        return places;
    }

    private static void items(JsonNode holder, String source, @Nullable String name, List<Place> places) {
        for (ObjectNode item : Json.objects(holder, "items")) {
            place(Json.string(item, "path"), source, name, places);
        }
    }

    private static void place(String path, String source, @Nullable String name, List<Place> places) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        if (end > 0) {
            places.add(new Place(path.substring(0, end), source, name));
        }
    }

    /// Looks for those above and below each path by its name, since a volume may have tens of thousands.
    private static void overlaps(List<Place> places, Supplier<String> volume, Told told) {
        if (places.size() < 2) {
            return;
        }
        NavigableMap<String, List<Place>> before = new TreeMap<>();
        for (Place place : places) {
            if (told.isEnough()) {
                return;
            }
            String path = place.path;
            int slash = path.indexOf('/');
            for (int level = 0; slash >= 0 && level < MOST_LEVELS; slash = path.indexOf('/', slash + 1), level++) {
                overlap(place, before.getOrDefault(path.substring(0, slash), List.of()), volume, told);
            }
            overlap(place, before.getOrDefault(path, List.of()), volume, told);
            String inside = path + "/";
            for (Map.Entry<String, List<Place>> below : before.tailMap(inside, true).entrySet()) {
                if (!below.getKey().startsWith(inside)) {
                    break;
                }
                overlap(place, below.getValue(), volume, told);
            }
            before.computeIfAbsent(path, fresh -> new ArrayList<>(1)).add(place);
        }
    }

    private static void overlap(Place place, List<Place> others, Supplier<String> volume, Told told) {
        others.forEach(other -> told.say(volume.get() + ": overlapping paths: " + place + " with " + other));
    }
}
