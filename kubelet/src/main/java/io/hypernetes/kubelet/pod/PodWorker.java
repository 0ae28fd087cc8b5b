package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One pod's life on this node: looks at what the runtime holds, takes the next step and tells the API, each time its loop is woken. It keeps
/// nothing that matters: what it must know after a crash is in the runtime and in the API.
final class PodWorker {
    private final PodServices services;
    private final Allocations allocations;
    private final ObjectKey key;
    private final String uid;
    private final PodFate fate;
    private final Home home;
    private final PodTrace trace;
    private final Resizing resizing;
    private final PodHealth health;
    private final CostPatience patience;
    private final SandboxStart sandboxes;
    private final StatusTelling status;
    private final PodEnding ending;
    private final PodRun running;
    private final PodStandstill standstill;
    private final PodDeparture departure;
    private final PodLoop loop;
    /// Cancelled when it is to end.
    private final Context.CancellableContext life = Context.ROOT.withCancellation();
    private volatile ObservedPod lastSeen = ObservedPod.NOTHING;

    /// Who has many workers, and hears from a worker's own thread.
    interface Home {
        /// The pod's machine does not run any more, and will not.
        void left();

        /// Whether it is one of the node's own.
        boolean isOwn(String uid);

        /// Asks what the machine of one of the node's own costs.
        ///
        /// @return whether that is new, so that the pod has become another one
        boolean learnCost(String uid);

        /// Whether it is known what its machine costs; always so of others than the node's own.
        boolean knowsCost(String uid);

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
        this.key = key;
        this.uid = uid;
        this.fate = new PodFate(pod, rejection);
        this.home = home;
        this.loop = new PodLoop(key, uid, this::pass, this::over);
        CriConfigs configs = new CriConfigs(services.settings(), services.volumes());
        this.trace = new PodTrace(services.steps(), services.clock(), pod == null ? null : pod.getMetadata().getResourceVersion());
        this.resizing = new Resizing(services, allocations);
        SuspendedMemory memory = new SuspendedMemory(services, uid, pod == null || wasToldOf(pod));
        PodRemains remains = new PodRemains(services, memory, key, uid);
        this.health = new PodHealth(services, key.tenant(), resizing, fate::pod, this::wake);
        ContainerStart starts = new ContainerStart(key.tenant(), services, configs, trace, life, health::condemn);
        this.ending = new PodEnding(services, starts.hooks(), remains, memory, key, uid, this::wake);
        PodVolumes volumes = new PodVolumes(services, key, uid, this::wake);
        this.patience = new CostPatience(services.clock());
        this.sandboxes = new SandboxStart(services, configs, volumes, trace, key, uid);
        this.status = new StatusTelling(services, health, resizing, key, uid);
        this.running = new PodRun(services, key.tenant(), starts, ending, volumes, status, this::isHalted, this::wake);
        this.standstill = new PodStandstill(services, fate, memory, ending, remains, health, status, life);
        this.departure = new PodDeparture(services, fate, ending, remains, health, status, key, uid, () -> home.isOwn(uid), home::left);
    }

    /// Whether a kubelet has had it, this one or an earlier one.
    private static boolean wasToldOf(Pod pod) {
        return pod.getStatus() != null && pod.getStatus().getStartTime() != null;
    }

    void start() {
        Pod now = fate.pod();
        Rejection rejection = fate.rejection();
        if (rejection != null && now != null) {
            services.events().warning(now, rejection.reason(), rejection.message());
        }
        loop.start();
    }

    /// Whether the node does not take it.
    boolean isRejected() {
        return fate.rejection() != null;
    }

    Standing standing() {
        return fate.standing();
    }

    /// As [PodFate#isTakenAway].
    boolean isTakenAway() {
        return fate.isTakenAway();
    }

    /// As [PodFate#isToBeginAnew].
    boolean isToBeginAnew() {
        return fate.isToBeginAnew();
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
        return Optional.ofNullable(fate.pod());
    }

    /// The API has a newer version of the pod, or has it after all: who found it in the runtime alone took it for one that was removed.
    void update(Pod now) {
        if (fate.update(now)) {
            letGo();
            wake();
        }
    }

    /// The API no longer has the pod: end it here, too.
    void remove() {
        fate.remove();
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
        if (fate.evict(message)) {
            Pod now = fate.pod();
            if (now != null) {
                services.events().warning(now, "Evicted", message);
            }
            letGo();
            wake();
        }
    }

    /// Waits until the pod's machine has ended.
    void awaitEnd(Duration atMost) throws InterruptedException {
        fate.awaitMachineGone(atMost);
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
        running.letGo();
        if (fate.isToEnd()) {
            life.cancel(null);
        }
    }

    private boolean isHalted() {
        Pod now = fate.pod();
        return loop.isClosed() || fate.isToEnd() || (now != null && Suspended.since(now).isPresent());
    }

    private void over(boolean ended) {
        health.close();
        fate.machineIsGone();
        if (ended) {
            home.gone(this);
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
        Pod now = fate.pod();
        if (now == null || fate.isRemoved() || now.getMetadata().getDeletionTimestamp() != null) {
            return departure.terminate(now, seen).orElseGet(this::end);
        }
        boolean goesOn = fate.evicted() == null && !PodFate.isFinal(now);
        Rejection rejection = fate.rejection();
        if (rejection != null && !PodFate.isFinal(now)) {
            status.reject(now, rejection);
            fate.machineIsGone();
            return Duration.ofMinutes(10);
        }
        Optional<Instant> suspended = Suspended.since(now);
        if (suspended.isPresent() && goesOn) {
            return standstill.advance(now, seen, suspended.get());
        }
        standstill.over();
        // Before anything is said of containers that ended only because their machine was written to disk.
        if (goesOn && (standstill.bringBack(now, seen) || fate.isToEnd())) {
            return again();
        }
        return fate.evicted() != null || PodFate.isFinal(now) || ActiveDeadline.isPast(now, services.clock().instant()) || Plan.finished(now, seen)
                ? finish(now, seen) : live(now, seen);
    }

    private Duration live(Pod now, ObservedPod seen) {
        if (ending.hasBegun()) {
            // It was taken back.
            ending.over();
            fate.takeBack();
        }
        health.watch(now, seen);
        // Before anything is told, as it decides what the status says was granted.
        if (resizing.advance(now, seen)) {
            wake();
        }
        Pod granted = resizing.granted(now);
        Plan plan = Plan.of(granted, seen, health);
        status.tell(now, seen, StatusTelling.Plain.GOES_ON);
        return switch (plan) {
            case Plan.Finished _ -> finish(now, seen);
            case Plan.NewSandbox(int attempt) -> ActiveDeadline.cut(startSandbox(granted, seen, attempt), now, services.clock().instant());
            case Plan.Run run -> {
                if (run.start().isEmpty() && run.stop().isEmpty()) {
                    hasBegun(granted);
                }
                yield ActiveDeadline.cut(running.proceed(granted, seen, run), now, services.clock().instant());
            }
        };
    }

    private Duration startSandbox(Pod granted, ObservedPod seen, int attempt) {
        Duration held = sandboxes.held();
        if (held.isZero() && home.learnCost(uid)) {
            return again();
        }
        if (held.isZero() && !home.knowsCost(uid)) {
            held = patience.left();
        }
        if (!held.isZero()) {
            return held;
        }
        sandboxes.start(granted, seen, attempt);
        return again();
    }

    private Duration finish(Pod now, ObservedPod seen) {
        hasBegun(now);
        return departure.finish(now, seen);
    }

    private void hasBegun(Pod now) {
        services.metrics().podStarted(trace.over(key.toString()));
        sandboxes.tellColdStart(now);
    }

    private Duration again() {
        wake();
        return services.settings().syncFrequency();
    }

    private Duration end() {
        loop.end();
        return services.settings().syncFrequency();
    }
}
