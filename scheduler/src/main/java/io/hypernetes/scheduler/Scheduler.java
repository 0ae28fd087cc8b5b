package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Binds the pods of all tenants to nodes.
///
/// One thread chooses, so that no two choices count on the same room; bindings are written by as many threads as there
/// are. A pod that fits nowhere waits until a node or a placement changes, or a minute has gone. A scheduler that dies loses only assumptions: the
/// next one reads every binding from the API.
public final class Scheduler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
    private static final String NAME = "default-scheduler";
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

    private final Client client;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final EventRecorder events;
    private final Informer<Node> nodes;
    private final Informer<Pod> pods;
    private final Cluster cluster = new Cluster();
    private final Set<ObjectKey> parked = ConcurrentHashMap.newKeySet();
    /// Chosen but not yet seen bound: an older event of such a pod must not lead to a second choice.
    private final Set<ObjectKey> assumed = ConcurrentHashMap.newKeySet();
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(Duration.ofSeconds(1), Duration.ofSeconds(10), System::nanoTime);
    private final WorkLoop<ObjectKey> loop;
    private final CountDownLatch stopped = new CountDownLatch(1);

    /// @param client may read nodes and pods of all tenants, write bindings, pod status and events
    public Scheduler(Client client, InstantSource clock, RandomGenerator random) {
        this.client = client;
        this.clock = clock;
        this.random = random;
        this.events = new EventRecorder(client, NAME, null, clock);
        this.nodes = new Informer<>(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), Selection.everything()).handler(new NodeHandler());
        this.pods = new Informer<>(client, Kind.POD, Scope.everywhere(), Selection.everything()).handler(new PodHandler());
        this.loop = new WorkLoop<>("scheduler", queue, 1, this::schedule);
    }

    /// Begins; choices are made once both lists are in.
    public Scheduler start() {
        nodes.start();
        pods.start();
        Thread.ofVirtual().name("scheduler-start").start(() -> {
            try {
                while (stopped.getCount() > 0) {
                    if (nodes.awaitSynced(LOOK_AGAIN) && pods.awaitSynced(LOOK_AGAIN)) {
                        loop.start();
                        return;
                    }
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        return this;
    }

    @Override
    public void close() {
        stopped.countDown();
        loop.close();
        pods.close();
        nodes.close();
        events.close();
    }

    private Optional<Duration> schedule(ObjectKey key) {
        Pod pod = pods.get(key).orElse(null);
        if (pod == null || !waits(pod) || assumed.contains(key)) {
            parked.remove(key);
            return Optional.empty();
        }
        Demand demand = Demand.of(pod);
        // Before the decision: what changes on a node while it is made wakes the pod again.
        parked.add(key);
        Choice choice = cluster.decide(states -> {
            Choice found = Choice.of(key, pod, demand, states, random);
            if (found instanceof Choice.Fits(String node)) {
                cluster.place(key, node, demand);
            }
            return found;
        });
        switch (choice) {
            case Choice.Fits(String node) -> {
                parked.remove(key);
                assumed.add(key);
                Thread.ofVirtual().name("bind-" + key).start(() -> bind(key, pod, node));
                return Optional.empty();
            }
            case Choice.FitsNowhere(String message) -> {
                events.record(key.tenant(), pod, EventRecorder.Type.WARNING, "FailedScheduling", message);
                tell(key, pod, message);
                return Optional.of(LOOK_AGAIN);
            }
        }
    }

    private void bind(ObjectKey key, Pod pod, String node) {
        try {
            client.of(Kind.POD).createSubresource(key, "binding", new BindingBuilder()
                    .withNewMetadata().withName(key.name()).withNamespace(key.namespace()).withUid(pod.getMetadata().getUid()).endMetadata()
                    .withNewTarget().withApiVersion("v1").withKind("Node").withName(node).endTarget()
                    .build());
            LOG.info("event=bound pod={} node={}", key, node);
            events.record(key.tenant(), pod, EventRecorder.Type.NORMAL, "Scheduled",
                    "Successfully assigned " + key.namespace() + "/" + key.name() + " to " + node);
            queue.forget(key);
        } catch (ApiException refused) {
            boolean known = pods.get(key).map(now -> now.getSpec().getNodeName() != null).orElse(false);
            assumed.remove(key);
            if (!known) {
                cluster.release(key);
            }
            LOG.warn("event=bind-failed pod={} node={} reason=\"{}\"", key, node, refused.getMessage());
            if (!refused.isNotFound()) {
                queue.retry(key);
            }
        }
    }

    /// Writes the PodScheduled condition, unless it says the same already.
    private void tell(ObjectKey key, Pod seen, String message) {
        PodCondition wanted = new PodConditionBuilder()
                .withType("PodScheduled").withStatus("False").withReason("Unschedulable").withMessage(message)
                .withLastTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
                .build();
        if (says(seen, wanted)) {
            return;
        }
        client.of(Kind.POD).change(key, "status", pod -> {
            if (!Objects.equals(pod.getMetadata().getUid(), seen.getMetadata().getUid()) || !waits(pod) || says(pod, wanted)) {
                return null;
            }
            PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
            List<PodCondition> conditions = new ArrayList<>(status.getConditions());
            conditions.removeIf(condition -> condition.getType().equals("PodScheduled"));
            conditions.add(wanted);
            status.setConditions(conditions);
            if (status.getPhase() == null) {
                status.setPhase("Pending");
            }
            pod.setStatus(status);
            return pod;
        });
    }

    private static boolean says(Pod pod, PodCondition wanted) {
        return pod.getStatus() != null && pod.getStatus().getConditions().stream().anyMatch(condition ->
                condition.getType().equals("PodScheduled")
                        && "False".equals(condition.getStatus())
                        && Objects.equals(condition.getMessage(), wanted.getMessage()));
    }

    /// True for a pod that wants this scheduler's choice.
    private static boolean waits(Pod pod) {
        String scheduler = pod.getSpec().getSchedulerName();
        return isEmpty(pod.getSpec().getNodeName())
                && pod.getMetadata().getDeletionTimestamp() == null
                && (isEmpty(scheduler) || scheduler.equals(NAME))
                && pod.getSpec().getSchedulingGates().isEmpty()
                && !ended(pod);
    }

    private static boolean ended(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    /// Room may have appeared: each parked pod is tried again after its own back-off.
    private void wakeParked() {
        for (ObjectKey key : List.copyOf(parked)) {
            if (parked.remove(key)) {
                queue.retry(key);
            }
        }
    }

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private final class NodeHandler implements Informer.Handler<Node> {
        @Override
        public void added(Node node) {
            cluster.node(node);
            wakeParked();
        }

        @Override
        public void updated(Node before, Node now) {
            cluster.node(now);
            // Heartbeats change conditions only; they give no room.
            boolean mayHelp = !Objects.equals(before.getSpec(), now.getSpec())
                    || !Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                    || !Demand.of(before.getStatus() == null ? null : before.getStatus().getAllocatable())
                            .equals(Demand.of(now.getStatus() == null ? null : now.getStatus().getAllocatable()));
            if (mayHelp) {
                wakeParked();
            }
        }

        @Override
        public void deleted(Node last) {
            cluster.nodeGone(last.getMetadata().getName());
            wakeParked();
        }
    }

    private final class PodHandler implements Informer.Handler<Pod> {
        @Override
        public void added(Pod pod) {
            see(pod);
        }

        @Override
        public void updated(Pod before, Pod now) {
            if (!before.getSpec().equals(now.getSpec())) {
                parked.remove(ObjectKey.of(now));
            }
            see(now);
            if (ended(now) && !ended(before)) {
                wakeParked();
            }
        }

        @Override
        public void deleted(Pod last) {
            ObjectKey key = ObjectKey.of(last);
            cluster.release(key);
            assumed.remove(key);
            parked.remove(key);
            queue.forget(key);
            if (!isEmpty(last.getSpec().getNodeName())) {
                wakeParked();
            }
        }

        private void see(Pod pod) {
            ObjectKey key = ObjectKey.of(pod);
            if (ended(pod)) {
                assumed.remove(key);
                cluster.release(key);
            } else if (!isEmpty(pod.getSpec().getNodeName())) {
                assumed.remove(key);
                cluster.place(key, pod.getSpec().getNodeName(), Demand.of(pod));
            } else if (waits(pod) && !parked.contains(key)) {
                queue.add(key);
            }
        }
    }
}
