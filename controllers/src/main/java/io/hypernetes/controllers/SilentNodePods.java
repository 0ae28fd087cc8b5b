package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// Takes the pods of a node that nobody hears of out of service: they count as not ready until their kubelet reports again. So Services
/// stop sending to them long before they are moved off. Each tenant's pods of a node are a key of their own, so that no tenant's webhooks hold up what is told of
/// others' pods.
final class SilentNodePods implements Controller {
    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Consumer<ObjectKey> wake;
    private Index<Pod> byNode;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    SilentNodePods(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "silent-node-pods";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.wake = wake;
        this.byNode = caches.podsByNode();
        caches.nodes().handler(Caches.each(node -> {
            if (isSilent(node)) {
                wake.accept(ObjectKey.of(node));
            }
        }));
    }

    private static boolean isSilent(Node node) {
        return node.getStatus() != null && node.getStatus().getConditions() != null && node.getStatus().getConditions().stream()
                .anyMatch(condition -> "Ready".equals(condition.getType()) && "Unknown".equals(condition.getStatus()));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        if (caches.nodes().get(ObjectKey.root(key.name())).filter(SilentNodePods::isSilent).isEmpty()) {
            return Optional.empty();
        }
        for (Pod pod : byNode.get(key.name())) {
            ObjectKey name = ObjectKey.of(pod);
            if (!PodState.isReady(pod)) {
                continue;
            }
            if (name.tenant().equals(key.tenant())) {
                client.of(Kind.POD).change(name, "status", current -> {
                    PodCondition ready = PodState.condition(current, "Ready");
                    boolean same = Objects.equals(current.getMetadata().getUid(), pod.getMetadata().getUid());
                    if (!same || ready == null || !"True".equals(ready.getStatus())) {
                        return null;
                    }
                    ready.setStatus("False");
                    ready.setLastTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
                    return current;
                }).ifPresent(changed -> events.record(name.tenant(), changed, EventRecorder.Type.WARNING, "NodeNotReady", "Node is not ready"));
            } else if (key.tenant().equals(ObjectKey.ROOT)) {
                wake.accept(new ObjectKey(name.tenant(), "", key.name()));
            }
        }
        return Optional.empty();
    }
}
