package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// What every namespace has from its first moment: the service account `default`, and the ConfigMap `kube-root-ca.crt` with the
/// certificate by which the API server is recognised; and what `kube-system` has besides: the ConfigMap `extension-apiserver-authentication` with the
/// certificate of the authority that vouches for the tenant's clients, by which API servers of others know them too.
///
/// The first two are made in the commit that makes the namespace, so nobody ever has to wait for them. A service account that is deleted and a ConfigMap
/// that is deleted or changed come back, as long as the namespace is not being deleted. The third is made when the authority is, before the tenant's creator is
/// answered, and says nothing of front proxies: this server passes no requests on in the name of others (upstream's
/// `pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go` leaves out what it has not, likewise).
public final class NamespaceBasics {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceBasics.class);
    static final String ACCOUNT = "default";
    static final String ROOT_CERTIFICATE = "kube-root-ca.crt";
    static final String CLIENT_AUTHORITY = "extension-apiserver-authentication";
    static final String SYSTEM = "kube-system";
    private static final int ATTEMPTS = 5;

    private final Store store;
    private final Kind accounts;
    private final Kind configMaps;
    private final String certificate;
    private final Function<String, Optional<String>> clientAuthority;
    private final Clock clock;

    /// @param certificate PEM text
    /// @param clientAuthority the PEM text of the certificate of a tenant's authority, as long as it has one
    public NamespaceBasics(Store store, Kinds kinds, String certificate, Function<String, Optional<String>> clientAuthority, Clock clock) {
        this.clientAuthority = clientAuthority;
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
                        certificateKey(tenant, namespace), Operation.ANY, StoredForm.encoder(rootCertificate(namespace, now))));
    }

    /// Restores whatever is missing or changed in any namespace of a tenant.
    void restore(String tenant) {
        OneByOne.each(
                store.list(ObjectKey.prefix(tenant, "", "namespaces"), "", 0).entries(),
                "namespace-restored",
                Entry::key,
                entry -> restore(tenant, ObjectKey.parse(entry.key()).name()));
    }

    /// Restores whatever is missing or changed in a namespace.
    void restore(String tenant, String namespace) {
        restore(tenant, namespace, accountKey(tenant, namespace), now -> account(namespace, now));
        restore(tenant, namespace, certificateKey(tenant, namespace), now -> rootCertificate(namespace, now));
        if (namespace.equals(SYSTEM)) {
            var key = new ObjectKey(tenant, "", "configmaps", SYSTEM, CLIENT_AUTHORITY).text();
            clientAuthority(tenant).ifPresent(pem -> restore(tenant, namespace, key, now -> clientAuthority(pem, now)));
        }
    }

    /// One tenant's files that cannot be read are no reason to leave the others without what they have.
    private Optional<String> clientAuthority(String tenant) {
        try {
            return clientAuthority.apply(tenant);
        } catch (IdentityException e) {
            LOG.warn("event=client-authority-not-read tenant={} error=\"{}\"", tenant, e.getMessage());
            return Optional.empty();
        }
    }

    private void restore(String tenant, String namespace, String key, Function<Instant, ObjectNode> made) {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            var wanted = made.apply(clock.instant());
            var present = store.get(key).orElse(null);
            var stored = present == null ? null : read(present);
            if (stored != null && stored.path("data").equals(wanted.path("data"))) {
                return;
            }
            var home = store.get(new ObjectKey(tenant, "", "namespaces", "", namespace).text()).orElse(null);
            if (home == null || isGoing(home) || isGoing(store, tenant)) {
                return;
            }
            if (stored != null) {
                stored.set("data", wanted.path("data"));
                wanted = stored;
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

    /// The object in an entry; null when nobody can read it, and it has to be made anew.
    private static @Nullable ObjectNode read(Entry entry) {
        try {
            return Json.readObject(entry.value());
        } catch (MalformedJsonException e) {
            LOG.warn("event=unreadable-object-replaced key={} cause={}", entry.key(), e.getMessage());
            return null;
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

    private ObjectNode account(String namespace, Instant now) {
        return made(accounts, "ServiceAccount", ACCOUNT, namespace, now);
    }

    private ObjectNode clientAuthority(String pem, Instant now) {
        var object = made(configMaps, "ConfigMap", CLIENT_AUTHORITY, SYSTEM, now);
        object.putObject("data").put("client-ca-file", pem);
        return object;
    }

    private ObjectNode rootCertificate(String namespace, Instant now) {
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
