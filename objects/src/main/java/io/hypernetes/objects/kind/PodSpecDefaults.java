package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What a pod spec says when it is silent: in pods and pod templates alike, and what only the pod itself says.
final class PodSpecDefaults {
    private static final int FILE_MODE = 0644;
    private static final long TOLERATION_SECONDS = 300;

    private PodSpecDefaults() {}

    /// Of a pod.
    static void applyToPod(ObjectNode spec) {
        apply(spec);
        Json.setDefault(spec, "enableServiceLinks", true);
        for (String list : List.of("initContainers", "containers")) {
            Json.objects(spec, list).forEach(PodSpecDefaults::requestLimits);
        }
    }

    /// Of a pod or of the template of one.
    static void apply(ObjectNode spec) {
        Json.setDefault(spec, "restartPolicy", "Always");
        Json.setDefault(spec, "dnsPolicy", "ClusterFirst");
        Json.setDefault(spec, "schedulerName", "default-scheduler");
        Json.setDefault(spec, "terminationGracePeriodSeconds", 30);
        Json.child(spec, "securityContext");
        // The old name of the field follows the new one.
        String account = Json.string(spec, "serviceAccountName");
        if (account.isEmpty() && !Json.string(spec, "serviceAccount").isEmpty()) {
            spec.put("serviceAccountName", Json.string(spec, "serviceAccount"));
        } else if (!account.isEmpty()) {
            spec.put("serviceAccount", account);
        }
        for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
            Json.objects(spec, list).forEach(PodSpecDefaults::container);
        }
        Json.objects(spec, "volumes").forEach(PodSpecDefaults::volume);
    }

    /// The tolerations that every pod gets when it says nothing of its own about a lost node.
    static void addNodeLossTolerations(ObjectNode spec) {
        for (String key : List.of("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")) {
            if (!tolerates(spec, key)) {
                ArrayNode list = spec.get("tolerations") instanceof ArrayNode array ? array : spec.putArray("tolerations");
                list.addObject()
                        .put("key", key)
                        .put("operator", "Exists")
                        .put("effect", "NoExecute")
                        .set("tolerationSeconds", Json.integer(TOLERATION_SECONDS));
            }
        }
    }

    private static boolean tolerates(ObjectNode spec, String key) {
        for (ObjectNode toleration : Json.objects(spec, "tolerations")) {
            String its = Json.string(toleration, "key");
            String effect = Json.string(toleration, "effect");
            if ((its.equals(key) || its.isEmpty()) && (effect.equals("NoExecute") || effect.isEmpty())) {
                return true;
            }
        }
        return false;
    }

    /// `Always` for images that may change under their name: tag `latest` or no tag and no digest.
    static String pullPolicy(String image) {
        int digest = image.indexOf('@');
        String name = digest < 0 ? image : image.substring(0, digest);
        String last = name.substring(name.lastIndexOf('/') + 1);
        int colon = last.indexOf(':');
        String tag = colon >= 0 ? last.substring(colon + 1) : digest < 0 ? "latest" : "";
        return tag.equals("latest") ? "Always" : "IfNotPresent";
    }

    private static void container(ObjectNode container) {
        Json.setDefault(container, "imagePullPolicy", pullPolicy(Json.string(container, "image")));
        Json.setDefault(container, "terminationMessagePath", "/dev/termination-log");
        Json.setDefault(container, "terminationMessagePolicy", "File");
        Json.objects(container, "ports").forEach(p -> Json.setDefault(p, "protocol", "TCP"));
        for (ObjectNode env : Json.objects(container, "env")) {
            fieldRef(env.path("valueFrom"));
        }
        for (String name : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
            if (container.get(name) instanceof ObjectNode probe) {
                probe(probe);
            }
        }
        for (String name : List.of("postStart", "preStop")) {
            if (container.path("lifecycle").get(name) instanceof ObjectNode handler) {
                httpGet(handler);
            }
        }
        Json.child(container, "resources");
    }

    /// Whoever limits a resource and does not say how much of it is needed needs as much.
    private static void requestLimits(ObjectNode container) {
        ObjectNode resources = Json.child(container, "resources");
        if (resources.get("limits") instanceof ObjectNode limits && !limits.isEmpty()) {
            ObjectNode requests = Json.child(resources, "requests");
            for (Map.Entry<String, JsonNode> limit : limits.properties()) {
                if (requests.get(limit.getKey()) == null) {
                    requests.set(limit.getKey(), limit.getValue());
                }
            }
        }
    }

    /// Says of each container that may be resized, as it requests something, how that is done; only what is made anew says so.
    static void addResizePolicies(ObjectNode spec) {
        for (ObjectNode container : resizable(spec)) {
            for (String resource : List.of("cpu", "memory")) {
                if (container.path("resources").path("requests").has(resource) && !hasResizePolicy(container, resource)) {
                    ArrayNode policies = container.get("resizePolicy") instanceof ArrayNode array ? array : container.putArray("resizePolicy");
                    policies.addObject().put("resourceName", resource).put("restartPolicy", "NotRequired");
                }
            }
        }
    }

    private static boolean hasResizePolicy(ObjectNode container, String resource) {
        for (ObjectNode policy : Json.objects(container, "resizePolicy")) {
            if (Json.string(policy, "resourceName").equals(resource)) {
                return true;
            }
        }
        return false;
    }

    /// A client that writes a pod from its own file does not know what was filled in at its creation.
    static void keepResizePolicies(ObjectNode spec, JsonNode before) {
        Map<String, JsonNode> old = new HashMap<>();
        for (ObjectNode container : resizable(before)) {
            JsonNode policies = container.get("resizePolicy");
            if (policies != null) {
                old.putIfAbsent(Json.string(container, "name"), policies);
            }
        }
        for (ObjectNode container : resizable(spec)) {
            JsonNode policies = old.get(Json.string(container, "name"));
            if (policies != null && container.path("resizePolicy").isEmpty()) {
                container.set("resizePolicy", policies.deepCopy());
            }
        }
    }

    private static List<ObjectNode> resizable(JsonNode spec) {
        List<ObjectNode> resizable = new ArrayList<>();
        for (ObjectNode container : Json.objects(spec, "initContainers")) {
            if (Json.string(container, "restartPolicy").equals("Always")) {
                resizable.add(container);
            }
        }
        resizable.addAll(Json.objects(spec, "containers"));
        return resizable;
    }

    private static void probe(ObjectNode probe) {
        zeroIs(probe, "timeoutSeconds", 1);
        zeroIs(probe, "periodSeconds", 10);
        zeroIs(probe, "successThreshold", 1);
        zeroIs(probe, "failureThreshold", 3);
        httpGet(probe);
        if (probe.get("grpc") instanceof ObjectNode grpc && !Json.present(grpc.get("service"))) {
            grpc.put("service", "");
        }
    }

    /// In these fields zero means unsaid.
    private static void zeroIs(ObjectNode object, String name, long value) {
        if (Json.number(object, 0, name) == 0) {
            object.set(name, Json.integer(value));
        }
    }

    private static void httpGet(ObjectNode handler) {
        if (handler.get("httpGet") instanceof ObjectNode get) {
            Json.setDefault(get, "path", "/");
            Json.setDefault(get, "scheme", "HTTP");
        }
    }

    private static void volume(ObjectNode volume) {
        if (volume.size() == 1 && volume.get("name") != null) {
            volume.set("emptyDir", Json.object());
        }
        for (String type : List.of("secret", "configMap", "downwardAPI", "projected")) {
            if (volume.get(type) instanceof ObjectNode source) {
                Json.setDefault(source, "defaultMode", FILE_MODE);
            }
        }
        Json.objects(volume.path("downwardAPI"), "items").forEach(PodSpecDefaults::fieldRef);
        for (ObjectNode source : Json.objects(volume.path("projected"), "sources")) {
            Json.objects(source.path("downwardAPI"), "items").forEach(PodSpecDefaults::fieldRef);
            if (source.get("serviceAccountToken") instanceof ObjectNode token) {
                Json.setDefault(token, "expirationSeconds", 3600);
            }
        }
        if (volume.path("ephemeral").get("volumeClaimTemplate") instanceof ObjectNode template) {
            Json.setDefault(Json.child(template, "spec"), "volumeMode", "Filesystem");
        }
        if (volume.get("hostPath") instanceof ObjectNode host && !Json.present(host.get("type"))) {
            host.put("type", "");
        }
    }

    private static void fieldRef(JsonNode holder) {
        if (holder.get("fieldRef") instanceof ObjectNode ref) {
            Json.setDefault(ref, "apiVersion", "v1");
        }
    }
}
