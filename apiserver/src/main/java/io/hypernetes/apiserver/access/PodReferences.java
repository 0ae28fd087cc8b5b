package io.hypernetes.apiserver.access;

import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The names of the ConfigMaps, Secrets and PersistentVolumeClaims that a pod needs to run.
public record PodReferences(Set<String> configMaps, Set<String> secrets, Set<String> claims) {

    public static PodReferences of(JsonNode pod) {
        var configMaps = new HashSet<String>();
        var secrets = new HashSet<String>();
        var claims = new HashSet<String>();
        var spec = pod.path("spec");
        for (var volume : Json.objects(spec, "volumes")) {
            add(configMaps, Json.string(volume, "configMap", "name"));
            add(secrets, Json.string(volume, "secret", "secretName"));
            add(claims, Json.string(volume, "persistentVolumeClaim", "claimName"));
            if (volume.path("ephemeral").isObject()) {
                claims.add(Json.string(pod.path("metadata"), "name") + "-" + Json.string(volume, "name"));
            }
            for (var source : Json.objects(volume.path("projected"), "sources")) {
                add(configMaps, Json.string(source, "configMap", "name"));
                add(secrets, Json.string(source, "secret", "name"));
            }
        }
        for (var pull : Json.objects(spec, "imagePullSecrets")) {
            add(secrets, Json.string(pull, "name"));
        }
        for (var list : List.of("containers", "initContainers", "ephemeralContainers")) {
            for (var container : Json.objects(spec, list)) {
                for (var variable : Json.objects(container, "env")) {
                    add(configMaps, Json.string(variable, "valueFrom", "configMapKeyRef", "name"));
                    add(secrets, Json.string(variable, "valueFrom", "secretKeyRef", "name"));
                }
                for (var all : Json.objects(container, "envFrom")) {
                    add(configMaps, Json.string(all, "configMapRef", "name"));
                    add(secrets, Json.string(all, "secretRef", "name"));
                }
            }
        }
        return new PodReferences(configMaps, secrets, claims);
    }

    private static void add(Set<String> names, String name) {
        if (!name.isEmpty()) {
            names.add(name);
        }
    }
}
