package io.hypernetes.proxy;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.Map;

/// The zone that this node is in, as its Node says, which the operator may label at any time.
final class OwnZone implements AutoCloseable {
    private static final String LABEL = "topology.kubernetes.io/zone";

    private final String name;
    private final Informer<Node> node;

    /// @param changed is called when the zone is another one
    OwnZone(Client client, String name, Runnable changed) {
        this.name = name;
        this.node = new Informer<>(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), Selection.fields("metadata.name=" + name))
                // All else of it is of no interest here, and heartbeats are many.
                .trimmedBy(all -> {
                    all.setSpec(null);
                    all.setStatus(null);
                })
                .handler(new Informer.Handler<>() {
                    @Override
                    public void added(Node now) {
                        changed.run();
                    }

                    @Override
                    public void updated(Node before, Node now) {
                        if (!zone(before).equals(zone(now))) {
                            changed.run();
                        }
                    }

                    @Override
                    public void deleted(Node last) {
                        changed.run();
                    }
                })
                .start();
    }

    /// This node's place as far as it is known.
    Place place() {
        return new Place(name, node.get(ObjectKey.root(name)).map(OwnZone::zone).orElse(""));
    }

    /// Waits until the Node was looked for; false when the time is over.
    boolean await(Duration atMost) throws InterruptedException {
        return node.awaitSynced(atMost);
    }

    private static String zone(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels();
        return labels == null ? "" : labels.getOrDefault(LABEL, "");
    }

    @Override
    public void close() {
        node.close();
    }
}
