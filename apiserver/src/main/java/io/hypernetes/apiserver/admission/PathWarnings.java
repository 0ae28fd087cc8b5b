package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Files of one volume that lie in each other's way: told in upstream's words.
final class PathWarnings {
    /// How deep below the volume others are looked for.
    private static final int MOST_LEVELS = 64;

    private PathWarnings() {}

    private record Place(String path, String source) {
        @Override
        public String toString() {
            return "\"" + path + "\"" + (source.isEmpty() ? "" : " (" + source + ")");
        }
    }

    static void tell(JsonNode spec, Told told) {
        for (ObjectNode volume : Json.objects(spec, "volumes")) {
            String name = "volume \"" + Json.string(volume, "name") + "\" (";
            JsonNode map = volume.path("configMap");
            JsonNode secret = volume.path("secret");
            overlaps(items(map, ""), name + "ConfigMap \"" + Json.string(map, "name") + "\")", told);
            overlaps(items(secret, ""), name + "Secret \"" + Json.string(secret, "secretName") + "\")", told);
            overlaps(items(volume.path("downwardAPI"), ""), name + "DownwardAPI)", told);
            List<Place> places = new ArrayList<>();
            for (ObjectNode source : Json.objects(volume.path("projected"), "sources")) {
                if (source.isEmpty()) {
                    told.say(name + "Projected) has no sources provided");
                }
                projected(source, places);
            }
            overlaps(places, name + "Projected)", told);
        }
    }

    private static void projected(ObjectNode source, List<Place> places) {
        JsonNode map = source.path("configMap");
        JsonNode secret = source.path("secret");
        JsonNode bundle = source.path("clusterTrustBundle");
        JsonNode certificate = source.path("podCertificate");
        places.addAll(items(map, "ConfigMap \"" + Json.string(map, "name") + "\""));
        places.addAll(items(secret, "Secret \"" + Json.string(secret, "name") + "\""));
        places.addAll(items(source.path("downwardAPI"), "DownwardAPI"));
        place(Json.string(source, "serviceAccountToken", "path"), "ServiceAccountToken", places);
        String bundled = Json.string(bundle, "name").isEmpty() ? Json.string(bundle, "signerName") : Json.string(bundle, "name");
        place(Json.string(bundle, "path"), "ClusterTrustBundle \"" + bundled + "\"", places);
        place(Json.string(certificate, "certificateChainPath"), "PodCertificate chain", places);
        place(Json.string(certificate, "keyPath"), "PodCertificate key", places);
        place(Json.string(certificate, "credentialBundlePath"), "PodCertificate credential bundle", places);
    }

    private static List<Place> items(JsonNode holder, String source) {
        List<Place> places = new ArrayList<>();
        Json.objects(holder, "items").forEach(item -> place(Json.string(item, "path"), source, places));
        return places;
    }

    private static void place(String path, String source, List<Place> places) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        if (end > 0) {
            places.add(new Place(path.substring(0, end), source));
        }
    }

    /// Looks for those above and below each path by its name, since a volume may have tens of thousands.
    private static void overlaps(List<Place> places, String volume, Told told) {
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
            before.subMap(path + "/", path + "0").values().forEach(below -> overlap(place, below, volume, told));
            before.computeIfAbsent(path, fresh -> new ArrayList<>(1)).add(place);
        }
    }

    private static void overlap(Place place, List<Place> others, String volume, Told told) {
        others.forEach(other -> told.say(volume + ": overlapping paths: " + place + " with " + other));
    }
}
