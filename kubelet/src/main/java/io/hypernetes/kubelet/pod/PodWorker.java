package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One pod's life on this node: looks at what the runtime holds, takes the next step and tells the API, each time its loop is woken. It keeps
/// nothing that matters: what it must know after a crash is in the runtime and in the API.
final class PodWorker {
    private final PodServices services;
    private final ContainerStart starts;
    private final PodEnding ending;
    private final PodHealth health;
    private final PodVolumes volumes;
    private final SandboxStart sandboxes;
    private final StatusTelling status;
    private final PodTrace trace;
    private final Allocations allocations;
    private final Resizing resizing;
    private final SuspendedMemory memory;
    private final SuspendedEnds suspendedEnds;
    private final PodRemains remains;
    private final String uid;
    private final Home home;
    private final Map<String, Waiting> waits = new HashMap<>();
    private final PodLoop loop;
    private volatile @Nullable Pod pod;
    private volatile boolean removed;
    /// Whether the API was told that nothing of it is left.
    private volatile boolean deleted;
    private volatile @Nullable String evicted;
    /// Whether the API was told that the pod is over, or is being told.
    private volatile boolean toldOver;
    private final @Nullable Rejection rejection;
    private final CountDownLatch machineGone = new CountDownLatch(1);
    private final ObjectKey key;
    /// Cancelled when it is to end.
    private final Context.CancellableContext life = Context.ROOT.withCancellation();
    private volatile Context.@Nullable CancellableContext pull;
    private volatile ObservedPod lastSeen = ObservedPod.NOTHING;

    /// Who has many workers, and hears from a worker's own thread.
    interface Home {
        /// The pod's machine does not run any more, and will not.
        void left();

        /// Nothing of the pod is left here.
        void gone(PodWorker worker);
    }

    /// A pod that the API binds to this node, or one that only the runtime still knows (`pod` null).
    ///
    /// @param allocations the node's
    /// @param rejection why the node does not take it; null when it does
    PodWorker(PodServices services, ObjectKey key, String uid, @Nullable Pod pod, Allocations allocations, @Nullable Rejection rejection, Home home) {
        this.services = services;
        this.allocations = allocations;
        this.rejection = rejection;
        this.loop = new PodLoop(key, uid, this::pass, this::over);
        CriConfigs configs = new CriConfigs(services.settings(), services.volumes());
        this.trace = new PodTrace(services.steps(), services.clock(), pod == null ? null : pod.getMetadata().getResourceVersion());
        this.resizing = new Resizing(services, allocations);
        this.memory = new SuspendedMemory(services, uid, pod == null || wasToldOf(pod));
        this.remains = new PodRemains(services, memory, key, uid);
        this.health = new PodHealth(services, key.tenant(), resizing, () -> this.pod, this::wake);
        this.starts = new ContainerStart(key.tenant(), services, configs, trace, life, health::condemn);
        this.ending = new PodEnding(services, starts.hooks(), remains, memory, key, uid, this::wake);
        this.volumes = new PodVolumes(services, key, uid, this::wake);
        this.sandboxes = new SandboxStart(services, configs, volumes, trace, key, uid);
        this.status = new StatusTelling(services, health, resizing, key, uid);
        this.suspendedEnds = new SuspendedEnds(services, this::hasToldEndOf);
        this.key = key;
        this.uid = uid;
        this.pod = pod;
        this.removed = pod == null;
        this.home = home;
    }

    void start() {
        Pod now = pod;
        if (rejection != null && now != null) {
            services.events().warning(now, rejection.reason(), rejection.message());
        }
        loop.start();
    }

    /// Whether the node does not take it.
    boolean isRejected() {
        return rejection != null;
    }

    Standing standing() {
        Pod now = pod;
        boolean leaves = removed || deleted || toldOver || (now != null && phaseIsFinal(now));
        return !leaves ? Standing.STAYS : machineGone.getCount() > 0 ? Standing.LEAVES : Standing.LEFT;
    }

    String uid() {
        return uid;
    }

    ObjectKey key() {
        return key;
    }

    /// What the runtime held at the last look.
    ObservedPod lastSeen() {
        return lastSeen;
    }

    Optional<Pod> pod() {
        return Optional.ofNullable(pod);
    }

    /// The API has a newer version of the pod, or has it after all: who found it in the runtime alone took it for one that was removed.
    void update(Pod now) {
        Pod before = pod;
        if (before != null && before.getMetadata().getDeletionTimestamp() != null && now.getMetadata().getDeletionTimestamp() == null) {
            // Nobody takes a deletion back: this is an older one.
            return;
        }
        if (before == null) {
            // Before the pod, as a pass that sees both would delete it.
            removed = false;
        }
        pod = now;
        letGo();
        wake();
    }

    /// The API no longer has the pod: end it here, too.
    void remove() {
        removed = true;
        letGo();
        wake();
    }

    /// Write the status again even when it has not changed.
    void tellAgain() {
        status.again();
        wake();
    }

    /// The node needs what the pod uses: end it now and say so.
    void evict(String message) {
        if (evicted == null) {
            evicted = message;
            Pod now = pod;
            if (now != null) {
                services.events().warning(now, "Evicted", message);
            }
            letGo();
            wake();
        }
    }

    /// Waits until the pod's machine has ended.
    void awaitEnd(Duration atMost) throws InterruptedException {
        machineGone.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Others have given something back: looks again if it waits for that.
    void tellOfRoom() {
        if (resizing.isDeferred()) {
            wake();
        }
    }

    /// Look again now.
    void wake() {
        loop.wake();
    }

    /// Ends the loop and leaves the pod running.
    void close() {
        health.close();
        loop.close();
    }

    /// Has its thread give up what takes long and is of no use any more.
    private void letGo() {
        Context.CancellableContext running = pull;
        if (running != null && halted()) {
            running.cancel(null);
        }
        if (isToEnd()) {
            life.cancel(null);
        }
    }

    private void over(boolean ended) {
        health.close();
        machineGone.countDown();
        if (ended) {
            home.gone(this);
        }
    }

    private void machineIsGone() {
        if (machineGone.getCount() > 0) {
            machineGone.countDown();
            home.left();
        }
    }

    /// One look and one step.
    ///
    /// @return when to look again if nothing wakes the loop before
    private Duration pass() {
        ObservedPod seen = services.cri().observe(uid);
        lastSeen = seen;
        allocations.machine(uid, seen);
        services.disks().seen(uid, key.name(), seen.sandboxes().stream().filter(ObservedSandbox::ready).findFirst().map(ObservedSandbox::annotations).orElse(Map.of()));
        Pod now = pod;
        if (now == null || removed || now.getMetadata().getDeletionTimestamp() != null) {
            return terminate(now, seen);
        }
        if (rejection != null && !phaseIsFinal(now)) {
            status.reject(now, rejection);
            machineGone.countDown();
            return Duration.ofMinutes(10);
        }
        Optional<Instant> suspended = Suspended.since(now);
        if (suspended.isPresent() && evicted == null && !phaseIsFinal(now)) {
            return suspend(now, seen, suspended.get());
        }
        memory.suspensionIsOver();
        suspendedEnds.over();
        // Before anything is said of containers that ended only because their machine was written to disk.
        if (evicted == null && !phaseIsFinal(now)) {
            boolean back = memory.bringBack(now, seen, life, remains::machineMayComeBack);
            if (back || isToEnd()) {
                wake();
                return resync();
            }
        }
        boolean over = evicted != null || phaseIsFinal(now) || pastDeadline(now) || Plan.finished(now, seen);
        if (over) {
            return finish(now, seen);
        }
        if (ending.hasBegun()) {
            // It was taken back.
            ending.over();
            toldOver = false;
        }
        health.watch(now, seen);
        // Before anything is told, as it decides what the status says was granted.
        if (resizing.advance(now, seen)) {
            wake();
        }
        Pod granted = resizing.granted(now);
        Plan plan = Plan.of(granted, seen, health);
        tell(now, seen);
        return switch (plan) {
            case Plan.Finished finished -> finish(now, seen);
            case Plan.NewSandbox(int attempt) -> {
                Duration held = sandboxes.held();
                if (!held.isZero()) {
                    yield ActiveDeadline.cut(held, now, services.clock().instant());
                }
                sandboxes.start(granted, seen, attempt);
                wake();
                yield resync();
            }
            case Plan.Run run -> ActiveDeadline.cut(proceed(granted, seen, run), now, services.clock().instant());
        };
    }

    // --- running

    /// @param now as it was granted
    private Duration proceed(Pod now, ObservedPod seen, Plan.Run run) {
        if (run.start().isEmpty() && run.stop().isEmpty()) {
            services.metrics().podStarted(trace.over(key.toString()));
            sandboxes.tellColdStart(now);
        }
        for (Plan.Stop stop : run.stop()) {
            ending.restart(now, stop, seen);
        }
        if (!run.stop().isEmpty()) {
            return ending.pause(resync());
        }
        volumes.refresh(now, run);
        waits.keySet().retainAll(run.start().stream().map(Container::getName).collect(Collectors.toSet()));
        Duration next = jittered(resync());
        boolean started = false;
        for (Container container : run.start()) {
            Context.CancellableContext context = Context.ROOT.withCancellation();
            pull = context;
            try {
                // Asked behind that line: who halted the pod before it had nothing to cancel.
                if (halted()) {
                    break;
                }
                starts.start(key.tenant(), now, container, run.sandbox(), seen, restarts(now, container), context);
                waits.remove(container.getName());
                started = true;
            } catch (WaitException wait) {
                waits.put(container.getName(), wait.waiting());
                next = wait.pause().compareTo(next) < 0 ? wait.pause() : next;
            } catch (CriException refused) {
                if (!context.isCancelled()) {
                    throw refused;
                }
                break;
            } finally {
                pull = null;
                context.cancel(null);
            }
        }
        if (started || halted()) {
            wake();
        } else if (!run.start().isEmpty()) {
            tell(now, services.cri().observe(uid));
        }
        return next;
    }

    /// Whether none of its containers is to be started now.
    private boolean halted() {
        Pod now = pod;
        return loop.isClosed() || isToEnd() || (now != null && Suspended.since(now).isPresent());
    }

    /// Whether whoever told of it does no more: it ends, and whoever tells of it anew tells of another one.
    boolean isTakenAway() {
        return pod != null && removed;
    }

    /// Once its loop has ended: whether the API has it and was not told that nothing of it is left, as it told of the pod only when the last of it went.
    boolean isToBeginAnew() {
        return pod != null && !removed && !deleted;
    }

    /// Whether nothing of it is to be left here, or nothing that runs.
    private boolean isToEnd() {
        Pod now = pod;
        return removed || evicted != null || now == null || now.getMetadata().getDeletionTimestamp() != null;
    }

    private Duration resync() {
        return services.settings().syncFrequency();
    }

    private static int restarts(Pod now, Container container) {
        ContainerStatus status = statusOf(now, container);
        // A status without containerID speaks of a container that never was.
        if (status == null) {
            return -1;
        }
        boolean was = (status.getContainerID() != null && !status.getContainerID().isEmpty()) || status.getRestartCount() > 0;
        return was ? status.getRestartCount() : -1;
    }

    private static @Nullable ContainerStatus statusOf(Pod now, Container container) {
        if (now.getStatus() == null) {
            return null;
        }
        List<ContainerStatus> statuses = new ArrayList<>(now.getStatus().getInitContainerStatuses());
        statuses.addAll(now.getStatus().getContainerStatuses());
        return statuses.stream().filter(status -> status.getName().equals(container.getName())).findFirst().orElse(null);
    }

    // --- standing still

    /// The pod's tenant is suspended: its machine is written to disk and goes, and the pod stays. Where it cannot be written its containers end
    /// gracefully, and begin again where the spec says once it is resumed. What a container did before that is not forgotten; that it was ended here is, as
    /// soon as it has: an end that was told could not be taken back.
    private Duration suspend(Pod now, ObservedPod looked, Instant since) {
        ObservedPod seen = looked;
        suspendedEnds.saw(looked);
        if (memory.keep(now, looked, life)) {
            seen = services.cri().observe(uid);
        }
        if (isToEnd()) {
            // Meanwhile, and whoever said so has woken the loop.
            return resync();
        }
        health.keepReadiness(seen);
        Optional<ObservedPod> ended = ending.advance(now, seen, CriConfigs.graceSeconds(now));
        ended.ifPresent(remains::endMachine);
        SuspendedEnds.Left left = suspendedEnds.forget(now, ended.orElse(seen), since);
        waits.clear();
        waits.putAll(left.waits());
        // Where something runs not looked at anew, as another one may have ended since, which would be told.
        status.tell(now, ended.isPresent() ? services.cri().observe(uid) : left.seen(), waits, ended.isPresent() ? StatusTelling.Plain.STANDS_STILL : StatusTelling.Plain.COMES_TO_A_STAND);
        if (ended.isEmpty()) {
            return ending.pause(resync());
        }
        ending.over();
        return Duration.ofMinutes(10);
    }

    // --- ending

    /// Every container has run its course (or the time is over): what still runs ends, the machine goes, the records stay.
    private Duration finish(Pod now, ObservedPod seen) {
        services.metrics().podStarted(trace.over(key.toString()));
        sandboxes.tellColdStart(now);
        health.keepReadiness(seen);
        boolean late = pastDeadline(now) && !phaseIsFinal(now) && !Plan.finished(now, seen);
        if (late && seen.anyRunning() && !ending.hasBegun()) {
            services.events().normal(now, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        }
        Optional<ObservedPod> ended = end(now, seen, evicted != null ? 0 : CriConfigs.graceSeconds(now));
        if (ended.isEmpty()) {
            return ending.pause(resync());
        }
        ending.over();
        if (!phaseIsFinal(now)) {
            // Before the API can give its place to another.
            toldOver = true;
            tellEnd(now, ended.get());
        }
        remains.endMachine(ended.get());
        machineIsGone();
        return Duration.ofMinutes(10);
    }

    /// The pod is deleted: containers, then machine, then records and files, then the object.
    ///
    /// @param now null for an orphan, also when the API tells of it meanwhile
    private Duration terminate(@Nullable Pod now, ObservedPod seen) {
        health.keepReadiness(seen);
        waits.clear();
        Optional<ObservedPod> ended = end(now, seen, PodEnding.graceSeconds(now, seen, removed));
        if (ended.isEmpty()) {
            return ending.pause(resync());
        }
        if (now != null && !removed && !phaseIsFinal(now)) {
            toldOver = true;
            tellEnd(now, ended.get());
        }
        if (!remains.remove(ended.get())) {
            return PodLoop.FIRST_RETRY;
        }
        if (now != null && !removed) {
            // Before the API can give its place to another.
            deleted = true;
            machineIsGone();
            services.statuses().delete(key, uid);
        }
        loop.end();
        return resync();
    }

    /// Takes the next step to the end of all that runs, of which the API is told as long as something does.
    private Optional<ObservedPod> end(@Nullable Pod now, ObservedPod seen, long graceSeconds) {
        Optional<ObservedPod> ended = ending.advance(now, seen, graceSeconds);
        if (ended.isEmpty() && now != null) {
            tell(now, seen);
        }
        return ended;
    }

    private boolean pastDeadline(Pod now) {
        return ActiveDeadline.isPast(now, services.clock().instant());
    }

    /// Whether a kubelet has had it, this one or an earlier one.
    private static boolean wasToldOf(Pod pod) {
        return pod.getStatus() != null && pod.getStatus().getStartTime() != null;
    }

    private static boolean phaseIsFinal(Pod now) {
        return now.getStatus() != null && Phase.isFinal(now.getStatus().getPhase());
    }

    // --- telling

    private void tell(Pod now, ObservedPod seen) {
        status.tell(now, seen, waits, StatusTelling.Plain.GOES_ON);
    }

    private void tellEnd(Pod now, ObservedPod seen) {
        if (rejection != null) {
            status.reject(now, rejection);
            return;
        }
        String why = evicted;
        status.tell(now, seen, waits, why != null ? new StatusTelling.Evicted(why)
                : pastDeadline(now) ? StatusTelling.Plain.ENDS_LATE : StatusTelling.Plain.ENDS);
    }

    private boolean hasToldEndOf(ObservedContainer ended) {
        Pod now = pod;
        return now != null && status.hasToldEndOf(now, ended);
    }

    private static Duration jittered(Duration time) {
        return time.plusMillis(ThreadLocalRandom.current().nextLong(time.toMillis() / 3));
    }
}
