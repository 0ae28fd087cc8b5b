package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Client;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Binds the pods of all tenants to nodes.
///
/// One thread chooses, so that no two choices count on the same room; bindings are written beside it, several at once. The same thread hears what informers and
/// bindings have to say ([News]), all that has come before each choice, and what the scheduler knows is its alone. A pod that fits
/// nowhere waits until something changes that may help it, or a minute has gone. A scheduler that dies loses only assumptions: the
/// next one reads every binding from the API.
public final class Scheduler implements AutoCloseable {
    static final String NAME = "default-scheduler";

    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

    private final RandomGenerator random;
    private final EventRecorder events;
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
    private final Outcomes outcomes;
    private final Preemption preemption;
    private final News news = new News();
    private final Cluster cluster = new Cluster();
    private final SchedulingQueue queue = new SchedulingQueue(System::nanoTime, cluster.shares()::of);
    private final ParkedPods parked = new ParkedPods(queue);
    /// Pods that want a node, as they were last heard of.
    private final Map<ObjectKey, Pod> waiting = new HashMap<>();
    /// The uids of pods that are chosen for but not yet seen bound: nothing that is heard of such a pod meanwhile may lead to a second choice.
    private final Map<ObjectKey, String> assumed = new HashMap<>();
    private final Thread chooser = Thread.ofVirtual().name("scheduler").unstarted(this::run);
    private final CountDownLatch stopped = new CountDownLatch(1);

    /// @param client may read what pods and nodes are about in all tenants, write bindings, pod status and events, and delete pods
    /// @param informers started and closed by whoever made them; they start after this is made
    /// @param host the machine that this runs on, of which events tell
    public Scheduler(Client client, Informers informers, String host, InstantSource clock, RandomGenerator random) {
        this.random = random;
        this.events = EventRecorder.exact(client, NAME, host, clock);
        this.nodes = informers.of(Kind.NODE, Scope.tenant(ObjectKey.ROOT)).handler(news.of(new NodeHandler()));
        this.pods = informers.of(Kind.POD, Scope.everywhere()).handler(news.of(new PodHandler()));
        this.namespaces = informers.of(Kind.NAMESPACE, Scope.everywhere());
        this.claims = informers.of(Kind.PERSISTENT_VOLUME_CLAIM, Scope.everywhere()).handler(news.of(new ClaimHandler()));
        this.volumes = informers.of(Kind.PERSISTENT_VOLUME, Scope.everywhere()).handler(news.of(new VolumeHandler()));
        this.classes = informers.of(Kind.STORAGE_CLASS, Scope.everywhere()).handler(news.of(new ClassHandler()));
        this.budgets = informers.of(Kind.POD_DISRUPTION_BUDGET, Scope.everywhere());
        this.tenants = informers.of(Kind.TENANT, Scope.tenant(ObjectKey.ROOT)).handler(news.of(new TenantHandler()));
        Index<PodDisruptionBudget> byNamespace = budgets.index(budget -> List.of(place(ObjectKey.of(budget))));
        this.volumeRules = new VolumeRules.Known(claims, volumes, classes);
        this.claimBinding = new ClaimBinding(client, claims);
        this.outcomes = new Outcomes(
                client, new PodVerdicts(client, clock), events, key -> pods.get(key).filter(Scheduler::waits).isPresent(), volumeRules, claimBinding,
                new Outcomes.Failures() {
                    @Override
                    public void notBound(PodFacts pod) {
                        news.tell(() -> release(pod));
                    }

                    @Override
                    public void notTold(PodFacts pod) {
                        news.tell(() -> retry(pod));
                    }
                });
        this.preemption = new Preemption((tenant, namespace) -> byNamespace.get(tenant + "/" + namespace).stream()
                .flatMap(budget -> Preemption.Budget.of(budget).stream())
                .toList());
    }

    private static String place(ObjectKey key) {
        return key.tenant() + "/" + key.namespace();
    }

    /// Begins; choices are made once all that they depend on is listed.
    public Scheduler start() {
        chooser.start();
        return this;
    }

    @Override
    public void close() {
        stopped.countDown();
        chooser.interrupt();
        events.close();
    }

    private void run() {
        try {
            for (Informer<?> each : List.of(nodes, pods, namespaces, claims, volumes, classes, budgets, tenants)) {
                while (!each.awaitSynced(LOOK_AGAIN)) {
                    // The API server is not reachable yet; the informers go on trying and say so in the log.
                }
            }
            // The lists are told by now, so they are heard before the first choice.
            while (stopped.getCount() > 0) {
                news.hear(queue.nanosToNext());
                queue.next().ifPresent(this::choose);
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void choose(ObjectKey key) {
        try {
            schedule(key);
        } catch (RuntimeException fault) {
            LOG.error("event=schedule-fault pod={}", key, fault);
            queue.retry(key, 0);
        }
    }

    private void schedule(ObjectKey key) {
        Pod pod = waiting.get(key);
        if (pod == null || assumed.containsKey(key)) {
            return;
        }
        PodFacts facts = PodFacts.of(key, pod);
        parked.remove(key);
        switch (cluster.decide(view -> Choice.of(facts, view, volumeRules, this::labelsOf, preemption, random))) {
            case Choice.Fits(String node) -> {
                cluster.place(facts, node);
                assumed.put(key, pod.getMetadata().getUid());
                outcomes.bind(facts, node);
            }
            case Choice.FitsNowhere(String message, Preemption.Result makeWay) -> {
                if (makeWay.node() != null) {
                    cluster.nominate(facts, makeWay.node());
                }
                parked.park(facts);
                queue.after(key, facts.priority(), LOOK_AGAIN);
                outcomes.tell(facts, message, makeWay);
            }
        }
    }

    /// A pod is not bound to the node that was chosen for it. When the assumption is there no more, the pod was bound all the same, or is gone.
    private void release(PodFacts pod) {
        if (assumed.remove(pod.key(), pod.pod().getMetadata().getUid())) {
            cluster.release(pod.key());
            queue.retry(pod.key(), pod.priority());
        }
    }

    private void retry(PodFacts pod) {
        if (waiting.containsKey(pod.key())) {
            queue.retry(pod.key(), pod.priority());
        }
    }

    private Map<String, String> labelsOf(String tenant, String namespace) {
        return namespaces.get(new ObjectKey(tenant, "", namespace)).map(Selectors::labelsOf).orElse(Map.of());
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

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private final class NodeHandler implements Informer.Handler<Node> {
        @Override
        public void added(Node node) {
            cluster.node(node);
            parked.wakeAll();
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
                parked.wakeAll();
            }
        }

        @Override
        public void deleted(Node last) {
            cluster.nodeGone(last.getMetadata().getName());
            parked.wakeAll();
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
            parked.wakeIn(changed.tenant(), changed.namespace());
        }

        @Override
        public void updated(PersistentVolumeClaim before, PersistentVolumeClaim now) {
            claimBinding.changed();
            if (saysOtherwise(before, now)) {
                added(now);
            }
        }

        /// Whether a pod that waits for it has a place now, or another reason to wait.
        private static boolean saysOtherwise(PersistentVolumeClaim before, PersistentVolumeClaim now) {
            return VolumeMatch.isBound(before) != VolumeMatch.isBound(now)
                    || !VolumeMatch.selectedNode(before).equals(VolumeMatch.selectedNode(now))
                    || VolumeRules.isLost(before) != VolumeRules.isLost(now)
                    || (before.getMetadata().getDeletionTimestamp() == null) != (now.getMetadata().getDeletionTimestamp() == null);
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
            parked.wakeWithVolumes(ObjectKey.of(volume).tenant()::equals);
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
            parked.wakeWithVolumes(tenant -> true);
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
            see(now);
            if (!before.getSpec().equals(now.getSpec())) {
                parked.wake(ObjectKey.of(now));
            }
            if ((ended(now) && !ended(before)) || gaveBack(before, now) || !Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())) {
                parked.wakeAll();
            }
        }

        private static boolean gaveBack(Pod before, Pod now) {
            return (Demand.isResized(before) || Demand.isResized(now)) && Demand.of(now).isLessThan(Demand.of(before));
        }

        @Override
        public void deleted(Pod last) {
            ObjectKey key = ObjectKey.of(last);
            wantsNone(key);
            boolean chosen = assumed.remove(key) != null;
            boolean released = cluster.release(key);
            if (chosen || released || !isEmpty(last.getSpec().getNodeName())) {
                parked.wakeAll();
            }
        }

        private void see(Pod pod) {
            ObjectKey key = ObjectKey.of(pod);
            String node = pod.getSpec().getNodeName();
            if (waits(pod)) {
                waiting.put(key, pod);
                if (!parked.contains(key) && !assumed.containsKey(key)) {
                    String nominated = pod.getStatus() == null ? null : pod.getStatus().getNominatedNodeName();
                    // Nobody makes way for one that does not want it, whatever its tenant wrote there.
                    if (nominated != null && !nominated.isEmpty() && !"Never".equals(pod.getSpec().getPreemptionPolicy())) {
                        // An earlier scheduler made room for it.
                        cluster.nominate(PodFacts.of(key, pod), nominated);
                    }
                    queue.add(key, pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority());
                }
                return;
            }
            wantsNone(key);
            assumed.remove(key);
            if (!isEmpty(node) && !ended(pod)) {
                cluster.place(PodFacts.of(key, pod), node);
                parked.wakeByRules(key.tenant());
            } else if (cluster.release(key)) {
                // It ended, or is being deleted, which may take as long as its tenant likes; then no binding succeeds any more.
                parked.wakeAll();
            }
        }

        private void wantsNone(ObjectKey key) {
            waiting.remove(key);
            parked.remove(key);
            queue.forget(key);
        }
    }
}
