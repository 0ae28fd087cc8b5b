package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.access.ServiceAccountTokens.Bound;
import io.hypernetes.apiserver.access.ServiceAccountTokens.Grant;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
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

    private static final String SECRET_TYPE = "kubernetes.io/service-account-token";
    private static final String OF_ACCOUNT = "kubernetes.io/service-account.name";
    private static final String OF_ACCOUNT_UID = "kubernetes.io/service-account.uid";
    /// A token in a Secret ends with the Secret, not by itself.
    private static final long SECRET_SECONDS = 10L * 365 * 24 * 3600;

    private final Store store;
    private final StoredTrees trees;
    private final ServiceAccountTokens tokens;
    private final RandomGenerator random;

    ServiceAccountAdmission(Store store, StoredTrees trees, ServiceAccountTokens tokens, RandomGenerator random) {
        this.store = store;
        this.trees = trees;
        this.tokens = tokens;
        this.random = random;
    }

    /// Puts a token into a Secret of the type for them that has none, good as long as Secret and account are there. One whose account is not there, or is
    /// another than it says, is left as it is: the controllers delete it.
    void secret(ResourceRequest request, ObjectNode secret) {
        if (!Json.string(secret, "type").equals(SECRET_TYPE)) {
            return;
        }
        var metadata = Json.child(secret, "metadata");
        var name = Json.string(metadata, "annotations", OF_ACCOUNT);
        if (name.isEmpty()) {
            // Validation tells that it is missing.
            return;
        }
        var namespace = request.target().namespace();
        var uid = store.get(new ObjectKey(request.tenant(), "", "serviceaccounts", namespace, name).text())
                .map(entry -> Json.string(Json.readObject(entry.value()), "metadata", "uid"))
                .orElse("");
        var meant = Json.string(metadata, "annotations", OF_ACCOUNT_UID);
        if (uid.isEmpty() || !(meant.isEmpty() || meant.equals(uid))) {
            return;
        }
        Json.child(metadata, "annotations").put(OF_ACCOUNT_UID, uid);
        var data = Json.child(secret, "data");
        if (Json.string(data, "token").isEmpty()) {
            var issued = tokens.issue(new Grant(
                    request.tenant(),
                    namespace,
                    name,
                    uid,
                    List.of(tokens.issuer(request.tenant())),
                    SECRET_SECONDS,
                    new Bound("Secret", Json.string(metadata, "name"), Json.string(metadata, "uid")),
                    null));
            data.put("token", encoded(issued.text()));
        }
        data.put("ca.crt", encoded(tokens.certificatePem()));
        if (Json.string(data, "namespace").isEmpty()) {
            data.put("namespace", encoded(namespace));
        }
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Admits a new pod, completing it. May be called again for the same pod.
    void create(ResourceRequest request, ObjectNode pod) {
        var spec = Json.child(pod, "spec");
        var name = Json.string(spec, "serviceAccountName");
        var namespace = request.target().namespace();
        var account = store.get(new ObjectKey(request.tenant(), "", "serviceaccounts", namespace, name).text())
                .map(trees::of)
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
