package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.random.RandomGenerator;
import tools.jackson.databind.node.ObjectNode;

/// Gives a new pod its service account: the account must exist, lends the pod its pull secrets, and unless the pod or the account says
/// otherwise each container finds a token, the namespace and the API server's certificate at the place where clients look for them.
final class ServiceAccountAdmission {
    private static final String PLACE = "/var/run/secrets/kubernetes.io/serviceaccount";
    private static final String VOLUME = "kube-api-access-";
    /// An hour, and a little more by which such tokens are told from others.
    private static final long TOKEN_SECONDS = 3607;

    private final Store store;
    private final RandomGenerator random;

    ServiceAccountAdmission(Store store, RandomGenerator random) {
        this.store = store;
        this.random = random;
    }

    /// Admits a new pod, completing it. May be called again for the same pod.
    void create(ResourceRequest request, ObjectNode pod) {
        var spec = Json.child(pod, "spec");
        var name = Json.string(spec, "serviceAccountName");
        var namespace = request.target().namespace();
        var account = store.get(new ObjectKey(request.tenant(), "", "serviceaccounts", namespace, name).text())
                .map(entry -> Json.readObject(entry.value()))
                .orElseThrow(() -> ApiStatus.forbidden(
                                "",
                                "pods",
                                Json.string(pod, "metadata", "name"),
                                "error looking up service account %s/%s: serviceaccount \"%s\" not found"
                                        .formatted(namespace, name, name))
                        .asException());
        if (spec.path("imagePullSecrets").isEmpty() && !account.path("imagePullSecrets").isEmpty()) {
            spec.set("imagePullSecrets", account.path("imagePullSecrets").deepCopy());
        }
        var wish = spec.path("automountServiceAccountToken");
        boolean mount = wish.isBoolean()
                ? wish.booleanValue()
                : !account.path("automountServiceAccountToken").isBoolean()
                        || Json.flag(account, "automountServiceAccountToken");
        if (mount) {
            mount(spec);
        }
    }

    private void mount(ObjectNode spec) {
        var volume = Json.objects(spec, "volumes").stream()
                .map(present -> Json.string(present, "name"))
                .filter(present -> present.startsWith(VOLUME))
                .findFirst()
                .orElse("");
        boolean present = !volume.isEmpty();
        if (!present) {
            volume = Names.generate(VOLUME, random);
        }
        boolean used = false;
        for (var list : List.of("initContainers", "containers")) {
            for (var container : Json.objects(spec, list)) {
                boolean taken = Json.objects(container, "volumeMounts").stream()
                        .anyMatch(mount -> Json.string(mount, "mountPath").equals(PLACE));
                if (!taken) {
                    container.withArray("volumeMounts")
                            .addObject()
                            .put("name", volume)
                            .put("readOnly", true)
                            .put("mountPath", PLACE);
                    used = true;
                }
            }
        }
        if (used && !present) {
            volume(spec.withArray("volumes").addObject(), volume);
        }
    }

    private static void volume(ObjectNode volume, String name) {
        volume.put("name", name);
        var projected = volume.putObject("projected");
        var sources = projected.putArray("sources");
        sources.addObject().putObject("serviceAccountToken").put("path", "token").set("expirationSeconds", Json.integer(TOKEN_SECONDS));
        var certificate = sources.addObject().putObject("configMap");
        certificate.put("name", "kube-root-ca.crt");
        certificate.putArray("items").addObject().put("key", "ca.crt").put("path", "ca.crt");
        var item = sources.addObject().putObject("downwardAPI").putArray("items").addObject();
        item.put("path", "namespace");
        item.putObject("fieldRef").put("apiVersion", "v1").put("fieldPath", "metadata.namespace");
        projected.put("defaultMode", 420);
    }
}
