package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/// The objects that controllers look at, each kind cached once.
///
/// @param pods of all tenants
/// @param namespaces of all tenants
record Caches(
        Informer<Node> nodes,
        Informer<Lease> leases,
        Informer<Pod> pods,
        Informer<Namespace> namespaces,
        Informer<GenericKubernetesResource> tenants,
        Informer<CertificateSigningRequest> signingRequests)
        implements AutoCloseable {

    static Caches of(Client client) {
        Scope root = Scope.tenant(ObjectKey.ROOT);
        return new Caches(
                new Informer<>(client, Kind.NODE, root, Selection.everything()),
                new Informer<>(client, Kind.LEASE, Scope.namespace(ObjectKey.ROOT, "kube-node-lease"), Selection.everything()),
                new Informer<>(client, Kind.POD, Scope.everywhere(), Selection.everything()),
                new Informer<>(client, Kind.NAMESPACE, Scope.everywhere(), Selection.everything()),
                new Informer<>(client, Kind.TENANT, root, Selection.everything()),
                new Informer<>(client, Kind.CERTIFICATE_SIGNING_REQUEST, root, Selection.everything()));
    }

    private List<Informer<?>> all() {
        return List.of(nodes, leases, pods, namespaces, tenants, signingRequests);
    }

    void start() {
        all().forEach(Informer::start);
    }

    /// Waits until every cache is filled; false when `atMost` has passed first.
    boolean awaitSynced(Duration atMost) throws InterruptedException {
        for (Informer<?> informer : all()) {
            if (!informer.awaitSynced(atMost)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        all().forEach(Informer::close);
    }

    /// A handler that passes the key of whatever changed.
    static <T extends HasMetadata> Informer.Handler<T> keys(Consumer<ObjectKey> wake) {
        return each(object -> wake.accept(ObjectKey.of(object)));
    }

    /// A handler that does the same for every kind of change.
    static <T> Informer.Handler<T> each(Consumer<? super T> action) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {
                action.accept(object);
            }

            @Override
            public void updated(T before, T now) {
                action.accept(now);
            }

            @Override
            public void deleted(T last) {
                action.accept(last);
            }
        };
    }
}
