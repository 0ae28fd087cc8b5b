package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// What a node may create of pods: the mirrors of its own static pods, which lean on nothing of the API, so that a node that was taken
/// over cannot make a pod in order to read what the pod names.
final class MirrorAdmission {
    private static final String ANNOTATION = "kubernetes.io/config.mirror";
    private static final Set<String> OWN_VOLUMES = Set.of("name", "emptyDir", "downwardAPI");
    private static final Pattern REFERENCE = Pattern.compile("\"(secretKeyRef|configMapKeyRef|secretRef|configMapRef)\"");

    private MirrorAdmission() {}

    /// @return whether the pod is a mirror, made by its node
    static boolean create(ResourceRequest request, ObjectNode pod) {
        var node = request.caller().node();
        boolean mirror = pod.path("metadata").path("annotations").has(ANNOTATION);
        if (node.isEmpty()) {
            // A node takes a mirror for its own, and does not run it.
            if (mirror && !request.tenant().equals(Caller.ROOT)) {
                throw refused(pod, "only nodes have static pods, so that the annotation " + ANNOTATION + " is not for pods of tenants");
            }
            return false;
        }
        if (Json.string(pod, "metadata", "annotations", ANNOTATION).isEmpty()) {
            throw refused(pod, "node " + node.get() + " can only create mirror pods");
        }
        if (!Json.string(pod, "spec", "nodeName").equals(node.get())) {
            throw refused(pod, "node " + node.get() + " can only create pods with spec.nodeName set to itself");
        }
        boolean account = !Json.string(pod, "spec", "serviceAccountName").isEmpty();
        boolean foreign = Json.objects(pod.path("spec"), "volumes").stream()
                .anyMatch(volume -> !OWN_VOLUMES.containsAll(volume.propertyNames()));
        boolean references = REFERENCE.matcher(pod.path("spec").toString()).find()
                || pod.path("spec").has("imagePullSecrets")
                || pod.path("spec").has("resourceClaims");
        if (account || foreign || references) {
            throw refused(pod, "node " + node.get() + " can not create pods that reference service accounts, secrets, configmaps, claims or volumes of the API");
        }
        if (!isOwnedByNobodyElse(pod, node.get())) {
            throw refused(pod, "node " + node.get() + " can only create pods that are owned by itself, if at all");
        }
        return true;
    }

    private static boolean isOwnedByNobodyElse(ObjectNode pod, String node) {
        return Json.objects(pod.path("metadata"), "ownerReferences").stream()
                .allMatch(owner -> Json.string(owner, "apiVersion").equals("v1")
                        && Json.string(owner, "kind").equals("Node")
                        && Json.string(owner, "name").equals(node)
                        && !Json.flag(owner, "blockOwnerDeletion"));
    }

    private static RuntimeException refused(ObjectNode pod, String why) {
        return ApiStatus.forbidden("", "pods", Json.string(pod, "metadata", "name"), why).asException();
    }
}
