package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selectors;
import io.hypernetes.client.VolumeMatch;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Binds the pods of all tenants to nodes.
///
/// One thread chooses, so that no two choices count on the same room; bindings are written beside it, several at once. A pod that fits
/// nowhere waits until something changes that may help it, or a minute has gone. A scheduler that dies loses only assumptions: the
/// next one reads every binding from the API.
public final class Scheduler implements AutoCloseable {
    static final String NAME = "default-scheduler";

    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);
    private static final int BINDINGS_AT_ONCE = 64;

    private final Client client;
    private final RandomGenerator random;
    private final EventRecorder events;
    private final PodVerdicts verdicts;
    private final Informer<Node> nodes;
    private final Informer<Pod> pods;
    private final Informer<Namespace> namespaces;
    private final Informer<PersistentVolumeClaim> claims;
    private final Informer<PersistentVolume> volumes;
    private final Informer<StorageClass> classes;
    private final Informer<PodDisruptionBudget> budgets;
    private final Informer<GenericKubernetesResource> tenants;
    private final VolumeRules volumeRules;
    private final ClaimBinding claimBinding;
    private final Preemption preemption;
    private final Cluster cluster = new Cluster();
    /// Pods that fitted nowhere.
    private final Map<ObjectKey, Parked> parked = new ConcurrentHashMap<>();
    /// Those of them that other pods keep away, or may bring a place; some may have left since.
    private final Set<ObjectKey> parkedByRules = ConcurrentHashMap.newKeySet();
    /// Chosen but not yet seen bound: an older event of such a pod must not lead to a second choice.
    private final Set<ObjectKey> assumed = ConcurrentHashMap.newKeySet();
    private final SchedulingQueue queue = new SchedulingQueue(System::nanoTime, cluster.shares()::of);
    private final Semaphore bindings = new Semaphore(BINDINGS_AT_ONCE);
    private final Thread chooser = Thread.ofVirtual().name("scheduler").unstarted(this::run);
    private final CountDownLatch stopped = new CountDownLatch(1);

    /// @param volumes whether volumes decide where it can be
    private record Parked(int priority, boolean volumes) {}

    /// @param client may read what pods and nodes are about in all tenants, write bindings, pod status and events, and delete pods
    /// @param informers started and closed by whoever made them; they start after this is made
    public Scheduler(Client client, Informers informers, InstantSource clock, RandomGenerator random) {
        this.client = client;
        this.random = random;
        this.events = new EventRecorder(client, NAME, null, clock);
        this.verdicts = new PodVerdicts(client, clock);
        this.nodes = informers.of(Kind.NODE, Scope.tenant(ObjectKey.ROOT)).handler(new NodeHandler());
        this.pods = informers.of(Kind.POD, Scope.everywhere()).handler(new PodHandler());
        this.namespaces = informers.of(Kind.NAMESPACE, Scope.everywhere());
        this.claims = informers.of(Kind.PERSISTENT_VOLUME_CLAIM, Scope.everywhere()).handler(new ClaimHandler());
        this.volumes = informers.of(Kind.PERSISTENT_VOLUME, Scope.everywhere()).handler(new VolumeHandler());
        this.classes = informers.of(Kind.STORAGE_CLASS, Scope.everywhere()).handler(new ClassHandler());
        this.budgets = informers.of(Kind.POD_DISRUPTION_BUDGET, Scope.everywhere());
        this.tenants = informers.of(Kind.TENANT, Scope.tenant(ObjectKey.ROOT)).handler(new TenantHandler());
        Index<PodDisruptionBudget> byNamespace = budgets.index(budget -> List.of(place(ObjectKey.of(budget))));
        this.volumeRules = new VolumeRules.Known(claims, volumes, classes);
        this.claimBinding = new ClaimBinding(client, claims);
        this.preemption = new Preemption((tenant, namespace) -> byNamespace.get(tenant + "/" + namespace).stream()
                .flatMap(budget -> Selectors.of(budget.getSpec().getSelector()).stream()
                        .map(selector -> new Preemption.Budget(ObjectKey.of(budget), selector, allowed(budget))))
                .toList());
    }

    private static String place(ObjectKey key) {
        return key.tenant() + "/" + key.namespace();
    }

    private static int allowed(PodDisruptionBudget budget) {
        return budget.getStatus() == null || budget.getStatus().getDisruptionsAllowed() == null ? 0 : budget.getStatus().getDisruptionsAllowed();
    }

    /// Begins; choices are made once nodes, pods and namespaces are listed.
    public Scheduler start() {
        chooser.start();
        return this;
    }

    @Override
    public void close() {
        stopped.countDown();
        queue.close();
        chooser.interrupt();
        events.close();
    }

    private void run() {
        try {
            while (!(nodes.awaitSynced(LOOK_AGAIN) && pods.awaitSynced(LOOK_AGAIN) && namespaces.awaitSynced(LOOK_AGAIN)
                    && claims.awaitSynced(LOOK_AGAIN) && volumes.awaitSynced(LOOK_AGAIN) && classes.awaitSynced(LOOK_AGAIN))) {
                // The API server is not reachable yet; the informers go on trying and say so in the log.
            }
            for (var key = queue.take(); key.isPresent(); key = queue.take()) {
                try {
                    schedule(key.get());
                } catch (ApiException refused) {
                    LOG.warn("event=schedule-failed pod={} reason=\"{}\"", key.get(), refused.getMessage());
                    queue.retry(key.get(), 0);
                } catch (RuntimeException fault) {
                    LOG.error("event=schedule-fault pod={}", key.get(), fault);
                    queue.retry(key.get(), 0);
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void schedule(ObjectKey key) {
        Pod pod = pods.get(key).orElse(null);
        if (pod == null || !waits(pod) || assumed.contains(key)) {
            parked.remove(key);
            return;
        }
        PodFacts facts = PodFacts.of(key, pod);
        // Before the decision: what changes on a node while it is made wakes the pod again.
        parked.put(key, new Parked(facts.priority(), pod.getSpec().getVolumes() != null && !pod.getSpec().getVolumes().isEmpty()));
        if (facts.hasRules()) {
            parkedByRules.add(key);
        }
        Choice choice = cluster.decide(view -> {
            Choice found = Choice.of(facts, view, volumeRules, this::labelsOf, preemption, random);
            if (found instanceof Choice.Fits(String node)) {
                cluster.place(facts, node);
            } else if (found instanceof Choice.FitsNowhere(String message, Preemption.Result makeWay) && makeWay.node() != null) {
                cluster.nominate(facts, makeWay.node());
            }
            return found;
        });
        switch (choice) {
            case Choice.Fits(String node) -> {
                parked.remove(key);
                assumed.add(key);
                Thread.ofVirtual().name("bind-" + key).start(() -> bind(key, facts, node));
            }
            case Choice.FitsNowhere(String message, Preemption.Result makeWay) -> {
                queue.after(key, facts.priority(), LOOK_AGAIN);
                // Beside the choosing, which must not wait for the API server.
                Thread.ofVirtual().name("tell-" + key).start(() -> tell(key, facts, "Unschedulable", message, makeWay));
            }
        }
    }

    private Map<String, String> labelsOf(String tenant, String namespace) {
        return namespaces.get(new ObjectKey(tenant, "", namespace)).map(Selectors::labelsOf).orElse(Map.of());
    }

    /// Whether its volumes are where it will be. They come first; others do not wait for them.
    private boolean haveVolumes(ObjectKey key, PodFacts pod, String node) throws InterruptedException {
        Optional<String> failure;
        try {
            failure = claimBinding.bind(volumeRules.waiting(pod), node, () -> pods.get(key).filter(Scheduler::waits).isPresent());
        } catch (ApiException refused) {
            failure = Optional.of(String.valueOf(refused.getMessage()));
        }
        failure.ifPresent(why -> {
            LOG.warn("event=volumes-not-bound pod={} node={} reason=\"{}\"", key, node, why);
            assumed.remove(key);
            cluster.release(key);
            if (pods.get(key).isPresent()) {
                queue.retry(key, pod.priority());
                tell(key, pod, "SchedulerError", "running PreBind plugin \"VolumeBinding\": " + why, Preemption.Result.NOT_ASKED);
            }
        });
        return failure.isEmpty();
    }

    private void bind(ObjectKey key, PodFacts pod, String node) {
        try {
            if (!haveVolumes(key, pod, node)) {
                return;
            }
            bindings.acquire();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            client.of(Kind.POD).createSubresource(key, "binding", new BindingBuilder()
                    .withNewMetadata().withName(key.name()).withNamespace(key.namespace()).withUid(pod.pod().getMetadata().getUid()).endMetadata()
                    .withNewTarget().withApiVersion("v1").withKind("Node").withName(node).endTarget()
                    .build());
            LOG.info("event=bound pod={} node={}", key, node);
            events.record(key.tenant(), pod.pod(), EventRecorder.Type.NORMAL, "Scheduled",
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
                queue.retry(key, pod.priority());
            }
        } finally {
            bindings.release();
        }
    }

    /// Says why a pod has no node, and sends those away that make way for it.
    private void tell(ObjectKey key, PodFacts pod, String reason, String message, Preemption.Result makeWay) {
        try {
            events.record(key.tenant(), pod.pod(), EventRecorder.Type.WARNING, "FailedScheduling", message);
            verdicts.unscheduled(key, pod.pod(), reason, message, makeWay.node());
            for (PodFacts victim : makeWay.victims()) {
                preempt(pod, victim, String.valueOf(makeWay.node()));
            }
        } catch (ApiException refused) {
            LOG.warn("event=verdict-not-written pod={} reason=\"{}\"", key, refused.getMessage());
            queue.retry(key, pod.priority());
        }
    }

    private void preempt(PodFacts pod, PodFacts victim, String node) {
        ObjectKey key = victim.key();
        verdicts.preempted(key, victim.pod());
        client.of(Kind.POD).delete(key, new Deletion(null, victim.pod().getMetadata().getUid()));
        LOG.info("event=preempted pod={} by={} node={}", key, pod.key(), node);
        events.record(key.tenant(), victim.pod(), EventRecorder.Type.NORMAL, "Preempted",
                "Preempted by pod " + pod.pod().getMetadata().getUid() + " on node " + node);
    }

    /// True for a pod that wants this scheduler's choice.
    static boolean waits(Pod pod) {
        String scheduler = pod.getSpec().getSchedulerName();
        return isEmpty(pod.getSpec().getNodeName())
                && pod.getMetadata().getDeletionTimestamp() == null
                && (isEmpty(scheduler) || scheduler.equals(NAME))
                && (pod.getSpec().getSchedulingGates() == null || pod.getSpec().getSchedulingGates().isEmpty())
                && !ended(pod);
    }

    private static boolean ended(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    /// Room may have appeared: each parked pod is tried again after its own back-off.
    private void wakeParked() {
        parked.forEach((key, pod) -> wake(key));
    }

    private void wake(ObjectKey key) {
        Parked pod = parked.remove(key);
        if (pod != null) {
            queue.retry(key, pod.priority());
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
            // Heartbeats change conditions only; they give no room.
            boolean mayHelp = !Objects.equals(before.getSpec(), now.getSpec())
                    || !Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                    || !Demand.of(before.getStatus() == null ? null : before.getStatus().getAllocatable())
                            .equals(Demand.of(now.getStatus() == null ? null : now.getStatus().getAllocatable()));
            if (mayHelp) {
                cluster.node(now);
                wakeParked();
            }
        }

        @Override
        public void deleted(Node last) {
            cluster.nodeGone(last.getMetadata().getName());
            wakeParked();
        }
    }

    private final class TenantHandler implements Informer.Handler<GenericKubernetesResource> {
        @Override
        public void added(GenericKubernetesResource tenant) {
            int weight = tenant.getAdditionalProperties().get("spec") instanceof Map<?, ?> spec && spec.get("weight") instanceof Number said ? said.intValue() : 1;
            cluster.shares().weight(tenant.getMetadata().getName(), weight);
        }

        @Override
        public void updated(GenericKubernetesResource before, GenericKubernetesResource now) {
            added(now);
        }

        @Override
        public void deleted(GenericKubernetesResource last) {
            cluster.shares().weight(last.getMetadata().getName(), 1);
        }
    }

    private final class ClaimHandler implements Informer.Handler<PersistentVolumeClaim> {
        @Override
        public void added(PersistentVolumeClaim claim) {
            ObjectKey changed = ObjectKey.of(claim);
            parked.keySet().stream().filter(key -> place(key).equals(place(changed))).forEach(Scheduler.this::wake);
        }

        @Override
        public void updated(PersistentVolumeClaim before, PersistentVolumeClaim now) {
            claimBinding.changed();
            if (VolumeMatch.isBound(before) != VolumeMatch.isBound(now) || !VolumeMatch.selectedNode(before).equals(VolumeMatch.selectedNode(now))) {
                added(now);
            }
        }

        @Override
        public void deleted(PersistentVolumeClaim last) {
            claimBinding.changed();
        }
    }

    /// A volume may be what a pod of its tenant waits for.
    private final class VolumeHandler implements Informer.Handler<PersistentVolume> {
        @Override
        public void added(PersistentVolume volume) {
            String tenant = ObjectKey.of(volume).tenant();
            parked.forEach((key, waiting) -> {
                if (waiting.volumes() && key.tenant().equals(tenant)) {
                    wake(key);
                }
            });
        }

        @Override
        public void updated(PersistentVolume before, PersistentVolume now) {
            if (!Objects.equals(before.getSpec(), now.getSpec()) || !Objects.equals(before.getStatus(), now.getStatus())) {
                added(now);
            }
        }

        @Override
        public void deleted(PersistentVolume last) {}
    }

    /// A class says how the claims that name it are bound.
    private final class ClassHandler implements Informer.Handler<StorageClass> {
        @Override
        public void added(StorageClass type) {
            parked.forEach((key, waiting) -> {
                if (waiting.volumes()) {
                    wake(key);
                }
            });
        }

        @Override
        public void updated(StorageClass before, StorageClass now) {
            added(now);
        }

        @Override
        public void deleted(StorageClass last) {}
    }

    private final class PodHandler implements Informer.Handler<Pod> {
        @Override
        public void added(Pod pod) {
            see(pod);
        }

        @Override
        public void updated(Pod before, Pod now) {
            boolean helps = (ended(now) && !ended(before))
                    || !Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels());
            if (!before.getSpec().equals(now.getSpec())) {
                parked.remove(ObjectKey.of(now));
            }
            see(now);
            if (helps) {
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
                return;
            }
            String node = pod.getSpec().getNodeName();
            if (!isEmpty(node)) {
                assumed.remove(key);
                queue.forget(key);
                cluster.place(PodFacts.of(key, pod), node);
                // Whoever wants to be near it, or as many of a kind everywhere, may have found a place.
                for (ObjectKey other : parkedByRules) {
                    if (!parked.containsKey(other)) {
                        parkedByRules.remove(other);
                    } else if (other.tenant().equals(key.tenant())) {
                        wake(other);
                    }
                }
            } else if (waits(pod) && !parked.containsKey(key)) {
                String nominated = pod.getStatus() == null ? null : pod.getStatus().getNominatedNodeName();
                if (nominated != null && !nominated.isEmpty()) {
                    // An earlier scheduler made room for it.
                    cluster.nominate(PodFacts.of(key, pod), nominated);
                }
                queue.add(key, pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority());
            } else if (pod.getMetadata().getDeletionTimestamp() != null) {
                queue.forget(key);
                parked.remove(key);
            }
        }
    }
}
