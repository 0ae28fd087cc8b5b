package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Informer;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The pods of this node, each with its worker, by uid: two pods of one name that follow each other are two pods.
public final class PodTable implements Informer.Handler<Pod>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PodTable.class);

    private final PodServices services;
    private final Map<String, PodWorker> workers = new ConcurrentHashMap<>();
    private final Allocations allocations;
    private final Newcomers newcomers;
    /// Those of whose uid something is here that is not known to be theirs, until nothing of it is left.
    private final Map<String, Pod> followers = new HashMap<>();
    private final OwnPods own = new OwnPods();
    private final PodWorker.Home home = new Home();
    /// Whoever gives something back may hold locks. Upstream's kubelet has one place for this, too (pkg/kubelet/allocation, RetryPendingResizes).
    private final WorkQueue<String> room = new WorkQueue<>();
    private final WorkLoop<String> roomGiven = new WorkLoop<>("room-given", room, 1, _ -> giveRoom());
    private final OwnCosts costs;
    private boolean closed;

    /// @param costs of the node's own pods, asked when a machine may be made for one
    public PodTable(PodServices services, OwnCosts costs) {
        this.services = services;
        this.costs = costs;
        this.allocations = new Allocations(services.allocatable(), this::standing, () -> room.add("node"));
        this.newcomers = new Newcomers(allocations, services.events());
        roomGiven.start();
    }

    @Override
    public void added(Pod pod) {
        see(pod);
    }

    @Override
    public void updated(Pod before, Pod now) {
        see(now);
    }

    /// A pod of the node's own, for which there is room because its operator says so. It begins when nothing of another one of its name is left, nor of itself
    /// if it was taken away and put back.
    public synchronized void addOwn(Pod added) {
        Pod pod = costs.with(added);
        // Its place is its own while it waits.
        allocations.admit(pod);
        PodWorker worker = workers.get(pod.getMetadata().getUid());
        if (worker != null && !worker.isTakenAway()) {
            worker.update(pod);
        } else {
            own.await(pod);
            beginOwn();
        }
    }

    private void beginOwn() {
        own.next().forEach(this::startOwn);
    }

    /// The API may have told of its cost since it was read.
    private void startOwn(Pod pod) {
        Pod now = costs.with(pod);
        String uid = now.getMetadata().getUid();
        // Also of a pass that was under way when the one before was taken away.
        dropStatus(now);
        Map<String, Quantity> overhead = now.getSpec().getOverhead();
        if (overhead != null) {
            allocations.costs(uid, overhead);
        }
        start(ObjectKey.of(now), uid, now, null);
    }

    /// What was to be told of one of the node's own that was taken away is not of what is put in its place.
    private void dropStatus(Pod pod) {
        services.statuses().drop(ObjectKey.of(pod), pod.getMetadata().getUid());
    }

    /// What the machine of a pod of the node's own costs beside its containers: this counts now, and the next machine is made for it.
    public synchronized void costs(String uid, Map<String, Quantity> overhead) {
        allocations.costs(uid, overhead);
        PodWorker worker = workers.get(uid);
        if (worker != null) {
            worker.pod().filter(pod -> own.has(uid) && !overhead.equals(pod.getSpec().getOverhead()))
                    .ifPresent(pod -> worker.update(pod.edit().editSpec().withOverhead(overhead).endSpec().build()));
        }
    }

    private Optional<Pod> ownPod(String uid) {
        return Optional.ofNullable(workers.get(uid)).flatMap(PodWorker::pod).filter(_ -> own.has(uid));
    }

    /// @return whether something new was learned
    private synchronized boolean learnCost(String uid) {
        Map<String, Quantity> overhead = ownPod(uid).map(pod -> costs.with(pod).getSpec().getOverhead()).orElse(null);
        if (overhead == null || overhead.equals(ownPod(uid).orElseThrow().getSpec().getOverhead())) {
            return false;
        }
        costs(uid, overhead);
        return true;
    }

    /// One that was noted just now has no worker yet, and one that begins anew has that of what it was.
    private Standing standing(String uid) {
        PodWorker worker = workers.get(uid);
        return worker == null || own.awaits(uid) ? Standing.STAYS : worker.standing();
    }

    @Override
    public synchronized void deleted(Pod last) {
        String uid = last.getMetadata().getUid();
        newcomers.release(uid);
        followers.remove(uid);
        boolean awaited = own.dismiss(uid);
        PodWorker worker = workers.get(uid);
        if (worker != null) {
            worker.remove();
            if (own.has(uid)) {
                dropStatus(last);
            }
        } else if (awaited) {
            allocations.forget(uid);
        }
    }

    /// Takes over what an earlier kubelet left of the node's own pods: what runs of those that are wanted goes on, the others end, and those that are new begin.
    /// Nobody but the node itself tells of them, so nobody else is waited for. Call once they have been told of; what runs of them goes on until then.
    public void adoptOwn(Map<String, ObservedPod> found) {
        // Of others it may be an old look, and nobody would tell that what they have is free again.
        Map<String, ObservedPod> ours = new HashMap<>(found);
        ours.entrySet().removeIf(each -> !OwnPods.ranAs(each.getKey(), each.getValue()));
        noteDisks(ours);
        ours.forEach((uid, seen) -> safely(uid, () -> adoptOwn(uid, seen)));
        synchronized (this) {
            // What has ended meanwhile, without anybody who looks after it.
            own.complete().stream().filter(uid -> !ours.containsKey(uid) && !own.awaits(uid)).forEach(allocations::forget);
            beginOwn();
        }
    }

    private synchronized void adoptOwn(String uid, ObservedPod seen) {
        if (workers.containsKey(uid)) {
            return;
        }
        allocations.machine(uid, seen);
        Optional<Pod> wanted = own.found(uid, keyOf(uid, seen));
        if (wanted.isPresent()) {
            startOwn(wanted.get());
        } else {
            orphan(uid, seen);
        }
    }

    /// Takes over what an earlier kubelet left: what runs is not asked whether there is room for it, what the API no longer knows is ended, and then those that
    /// are new are let in as far as there is room, the oldest first. Call once the API's pods are in.
    public void adopt(Map<String, ObservedPod> found) {
        noteDisks(found);
        found.forEach((uid, seen) -> safely(uid, () -> adopt(uid, seen)));
        allocations.complete();
        letIn();
        // Resizes may have waited for this.
        wakeAll();
    }

    /// Before anybody wants one of them or has it removed; the pods' workers look later.
    private void noteDisks(Map<String, ObservedPod> found) {
        found.forEach((uid, seen) -> safely(uid, () -> seen.sandboxes().stream().filter(ObservedSandbox::ready).findFirst()
                .ifPresent(machine -> services.disks().found(uid, keyOf(uid, seen).name(), machine.annotations()))));
    }

    private synchronized void adopt(String uid, ObservedPod seen) {
        allocations.machine(uid, seen);
        PodWorker worker = workers.get(uid);
        Optional<Pod> known = newcomers.find(uid);
        if (known.isPresent()) {
            allocations.admit(known.get());
            place(known.get());
        } else if (worker == null && OwnPods.ranAs(uid, seen) && own.leaves(uid)) {
            // Whether it is wanted is not known yet, so it goes on as it is, and counts.
            allocations.orphan(uid, seen);
        } else if (worker == null && OwnPods.ranAs(uid, seen)) {
            adoptOwn(uid, seen);
        } else if (worker == null) {
            orphan(uid, seen);
        } else if (!worker.isRejected()) {
            // It is over, but something of it may run.
            worker.pod().ifPresent(allocations::admit);
        }
    }

    private void orphan(String uid, ObservedPod seen) {
        ObjectKey key = keyOf(uid, seen);
        LOG.info("event=orphan-found pod={} uid={} sandboxes={} containers={}",
                key, uid, seen.sandboxes().size(), seen.containers().size());
        allocations.orphan(uid, seen);
        start(key, uid, null, null);
    }

    /// Something happened to this pod in the runtime.
    public void wake(String uid) {
        PodWorker worker = workers.get(uid);
        if (worker != null) {
            worker.wake();
        }
    }

    /// The node offers more than before.
    public void grown() {
        room.add("node");
    }

    /// There may be more room than before: for those that are bound to this node first, who would fail for want of what another one became larger by.
    private Optional<Duration> giveRoom() {
        letIn();
        tellOfRoom();
        return Optional.empty();
    }

    /// Who waits for room to become larger asks again.
    private void tellOfRoom() {
        workers.values().forEach(PodWorker::tellOfRoom);
    }

    /// Something may have happened to any pod.
    public void wakeAll() {
        workers.values().forEach(PodWorker::wake);
    }

    /// A pod by its name, as the newest of that name.
    public Optional<PodView> find(ObjectKey key) {
        return workers.values().stream()
                .filter(worker -> worker.key().equals(key) && worker.pod().isPresent())
                .map(this::view)
                .max(Comparator.comparing(view -> String.valueOf(view.pod().getMetadata().getCreationTimestamp())));
    }

    /// All pods of this node that the API knows.
    public List<Pod> pods() {
        return workers.values().stream().flatMap(worker -> worker.pod().stream()).toList();
    }

    /// Every pod that the API knows, as last seen, with what was granted to it.
    public List<PodView> views() {
        return workers.values().stream()
                .filter(worker -> worker.pod().isPresent())
                .map(this::view)
                .toList();
    }

    private PodView view(PodWorker worker) {
        Pod pod = worker.pod().orElseThrow();
        return new PodView(allocations.granted(pod), worker.lastSeen(), allocations.counted(pod));
    }

    /// Tells the API anew what became of a pod: whoever was told before is not there any more.
    public void tellAgain(String uid) {
        PodWorker worker = workers.get(uid);
        if (worker != null && !worker.isTakenAway()) {
            worker.tellAgain();
        }
    }

    /// Ends a pod at once for the sake of the others; its status says Evicted and this message.
    public void evict(String uid, String message) {
        PodWorker worker = workers.get(uid);
        if (worker != null) {
            worker.evict(message);
        }
    }

    /// Waits until nothing of a pod runs here any more, at most so long.
    public void awaitGone(String uid, Duration atMost) throws InterruptedException {
        PodWorker worker = workers.get(uid);
        if (worker != null) {
            worker.awaitEnd(atMost);
        }
    }

    /// What the runtime held of the tenant's pods at the last look.
    public List<ObservedContainer> containersOf(String tenant) {
        return workers.values().stream()
                .filter(worker -> worker.key().tenant().equals(tenant))
                .flatMap(worker -> worker.lastSeen().containers().stream())
                .toList();
    }

    /// Stops all workers and leaves the pods running.
    @Override
    public synchronized void close() {
        closed = true;
        roomGiven.close();
        workers.values().forEach(PodWorker::close);
    }

    private void see(Pod pod) {
        place(pod);
        letIn();
    }

    /// The API may tell of a pod just while it is found in the runtime: whoever comes second finds its worker, and one that was taken for an orphan lives on.
    private synchronized void place(Pod pod) {
        String uid = pod.getMetadata().getUid();
        PodWorker known = workers.get(uid);
        if (known != null && !known.key().equals(ObjectKey.of(pod))) {
            // Found in the runtime by its uid alone: it would tell of itself, and be given what is somebody else's, under a name that nobody has.
            followers.put(uid, pod);
        } else if (known != null) {
            if (!known.isRejected()) {
                allocations.admit(pod);
            }
            known.update(pod);
        } else if (allocations.knows(pod) || Allocations.wereGranted(pod)) {
            allocations.admit(pod);
            start(ObjectKey.of(pod), uid, pod, null);
        } else if (isOver(pod)) {
            start(ObjectKey.of(pod), uid, pod, null);
        } else {
            newcomers.hold(pod);
            return;
        }
        newcomers.release(uid);
    }

    /// The newcomers, as far as something can be said of them. The node is asked for outside of any lock, as the API server may take its time.
    private void letIn() {
        if (!isToLetIn()) {
            return;
        }
        Set<String> unsure = letIn(node(false), Set.of());
        if (!unsure.isEmpty()) {
            letIn(node(true), unsure);
        }
    }

    private synchronized boolean isToLetIn() {
        return allocations.isComplete() && !newcomers.isEmpty();
    }

    private Optional<Node> node(boolean afresh) {
        try {
            return services.node().get(afresh);
        } catch (RuntimeException fault) {
            LOG.error("event=node-fault", fault);
            return Optional.empty();
        }
    }

    private synchronized Set<String> letIn(Optional<Node> node, Set<String> askedFor) {
        return newcomers.judge(node, askedFor, (pod, rejection) -> start(ObjectKey.of(pod), pod.getMetadata().getUid(), pod, rejection));
    }

    /// What goes wrong with one pod is not the others' to suffer.
    private static void safely(String uid, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException fault) {
            LOG.error("event=pod-admission-fault uid={}", uid, fault);
        }
    }

    /// Whether nothing of a pod that was never here is to begin.
    private static boolean isOver(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null || (pod.getStatus() != null && Phase.isFinal(pod.getStatus().getPhase()));
    }

    private void start(ObjectKey key, String uid, @Nullable Pod pod, @Nullable Rejection rejection) {
        if (closed) {
            return;
        }
        PodWorker worker = new PodWorker(services, key, uid, pod, allocations, rejection, home);
        if (workers.putIfAbsent(uid, worker) == null) {
            worker.start();
        }
    }

    private final class Home implements PodWorker.Home {
        @Override
        public boolean learnCost(String uid) {
            return PodTable.this.learnCost(uid);
        }

        @Override
        public boolean knowsCost(String uid) {
            return ownPod(uid).map(costs::isKnown).orElse(true);
        }

        @Override
        public void left() {
            giveRoom();
        }

        @Override
        public boolean isOwn(String uid) {
            return own.has(uid);
        }

        /// The API may have told of what was found in the runtime just when the last of it went: that pod begins anew, or is gone for the API too.
        @Override
        public void gone(PodWorker worker) {
            safely(worker.uid(), () -> leave(worker));
            letIn();
        }
    }

    private synchronized void leave(PodWorker worker) {
        if (workers.get(worker.uid()) != worker) {
            return;
        }
        allocations.forget(worker.uid());
        workers.remove(worker.uid(), worker);
        boolean wasOwn = own.left(worker.uid());
        Pod follower = followers.remove(worker.uid());
        if (follower != null) {
            place(follower);
        } else if (worker.isToBeginAnew()) {
            worker.pod().ifPresent(wasOwn ? own::await : this::place);
        }
        // Also what was just forgotten, as it is to begin anew.
        own.waiting().forEach(allocations::admit);
        beginOwn();
    }

    private static ObjectKey keyOf(String uid, ObservedPod seen) {
        Map<String, String> labels = seen.sandboxes().stream().findFirst().map(sandbox -> sandbox.labels()).orElse(Map.of());
        return new ObjectKey(
                labels.getOrDefault(Labels.TENANT, ObjectKey.ROOT),
                labels.getOrDefault(Labels.POD_NAMESPACE, "unknown"),
                labels.getOrDefault(Labels.POD_NAME, uid));
    }
}
