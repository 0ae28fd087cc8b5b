package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// What every namespace has from its first moment: the service account `default`, and the ConfigMap `kube-root-ca.crt` with the
/// certificate by which the API server is recognised.
///
/// Both are made in the commit that makes the namespace, so nobody ever has to wait for them. A service account that is deleted and a ConfigMap
/// that is deleted or changed come back, as long as the namespace is not being deleted.
public final class NamespaceBasics {
    static final String ACCOUNT = "default";
    static final String ROOT_CERTIFICATE = "kube-root-ca.crt";
    private static final int ATTEMPTS = 5;

    private final Store store;
    private final Kind accounts;
    private final Kind configMaps;
    private final String certificate;
    private final Clock clock;

    /// @param certificate PEM text
    public NamespaceBasics(Store store, Kinds kinds, String certificate, Clock clock) {
        this.store = store;
        this.accounts = kinds.get("v1", "ServiceAccount");
        this.configMaps = kinds.get("v1", "ConfigMap");
        this.certificate = certificate;
        this.clock = clock;
    }

    /// The operations that make them, for the commit that makes the namespace.
    List<Operation> operations(String tenant, String namespace, Instant now) {
        return List.of(
                new Operation.Put(accountKey(tenant, namespace), Operation.ANY, StoredForm.encoder(account(namespace, now))),
                new Operation.Put(
                        certificateKey(tenant, namespace), Operation.ANY, StoredForm.encoder(configMap(namespace, now))));
    }

    /// Restores whatever is missing or changed in any namespace of a tenant.
    void restore(String tenant) {
        for (var entry : store.list(ObjectKey.prefix(tenant, "", "namespaces"), "", 0).entries()) {
            restore(tenant, ObjectKey.parse(entry.key()).name());
        }
    }

    /// Restores whatever is missing or changed in a namespace.
    void restore(String tenant, String namespace) {
        restore(tenant, namespace, accountKey(tenant, namespace));
        restore(tenant, namespace, certificateKey(tenant, namespace));
    }

    private void restore(String tenant, String namespace, String key) {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            boolean account = key.equals(accountKey(tenant, namespace));
            var present = store.get(key).orElse(null);
            if (present != null && (account || isRight(Json.readObject(present.value())))) {
                return;
            }
            var home = store.get(new ObjectKey(tenant, "", "namespaces", "", namespace).text()).orElse(null);
            if (home == null || isGoing(home) || isGoing(store, tenant)) {
                return;
            }
            ObjectNode wanted;
            if (present == null) {
                wanted = account ? account(namespace, clock.instant()) : configMap(namespace, clock.instant());
            } else {
                wanted = Json.readObject(present.value());
                wanted.putObject("data").put("ca.crt", certificate);
            }
            try {
                store.commit(List.of(
                        new Operation.Check(home.key(), home.revision()),
                        new Operation.Put(
                                key, present == null ? Operation.ABSENT : present.revision(), StoredForm.encoder(wanted))));
                return;
            } catch (ConflictException e) {
                // Somebody else wrote: look again.
            }
        }
    }

    /// Whether a tenant is being deleted or has gone.
    static boolean isGoing(Store store, String tenant) {
        return !tenant.equals(Caller.ROOT)
                && store.get(new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", tenant).text())
                        .map(NamespaceBasics::isGoing)
                        .orElse(true);
    }

    static boolean isGoing(Entry entry) {
        return !Json.string(Json.readObject(entry.value()), "metadata", "deletionTimestamp").isEmpty();
    }

    private boolean isRight(ObjectNode configMap) {
        return configMap.path("data").size() == 1 && Json.string(configMap, "data", "ca.crt").equals(certificate);
    }

    private ObjectNode account(String namespace, Instant now) {
        return made(accounts, "ServiceAccount", ACCOUNT, namespace, now);
    }

    private ObjectNode configMap(String namespace, Instant now) {
        var object = made(configMaps, "ConfigMap", ROOT_CERTIFICATE, namespace, now);
        Json.child(Json.child(object, "metadata"), "annotations")
                .put(
                        "kubernetes.io/description",
                        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the"
                                + " internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of"
                                + " Kubernetes clusters.");
        object.putObject("data").put("ca.crt", certificate);
        return object;
    }

    private static ObjectNode made(Kind kind, String name, String own, String namespace, Instant now) {
        var object = Json.object();
        object.put("apiVersion", "v1");
        object.put("kind", name);
        var metadata = object.putObject("metadata");
        metadata.put("name", own);
        metadata.put("namespace", namespace);
        kind.setDefaults(object);
        kind.prepareCreate(object);
        metadata.put("uid", UUID.randomUUID().toString());
        metadata.put("creationTimestamp", ApiTime.format(now));
        return object;
    }

    private static String accountKey(String tenant, String namespace) {
        return new ObjectKey(tenant, "", "serviceaccounts", namespace, ACCOUNT).text();
    }

    private static String certificateKey(String tenant, String namespace) {
        return new ObjectKey(tenant, "", "configmaps", namespace, ROOT_CERTIFICATE).text();
    }
}
