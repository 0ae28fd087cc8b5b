package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.grpc.Context;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.probe.Probes;
import io.hypernetes.kubelet.volume.AtomicFolder;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.PodFields;
import io.hypernetes.kubelet.volume.VolumeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One pod's life on this node: a loop on a virtual thread of its own that looks at what the runtime holds, takes the next step and
/// tells the API, each time it is woken. It keeps nothing that matters: what it must know after a crash is in the runtime and in the API.
final class PodWorker {
    private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);
    /// Slow safety net; nothing on the hot path waits for it. It is also how fast changed ConfigMaps reach a pod.
    /// At most; half of the time between two looks when that is less, which is never in step with passes that others cause.
    private static final Duration REFRESH = Duration.ofSeconds(20);
    private static final Duration FIRST_RETRY = Duration.ofMillis(500);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final PodServices services;
    private final CriConfigs configs;
    private final ContainerStart starts;
    private final Termination termination;
    private final Probes probes;
    private final PodTrace trace;
    private final Resizing resizing;
    private final SuspendedMemory memory;
    private final String uid;
    private final Runnable gone;
    private final Semaphore wake = new Semaphore(0);
    private final Map<String, Waiting> waits = new HashMap<>();
    private final Thread thread;
    private volatile @Nullable Pod pod;
    private volatile boolean removed;
    private volatile boolean closed;
    private volatile @Nullable String evicted;
    private volatile boolean tellAgain;
    private final CountDownLatch machineGone = new CountDownLatch(1);
    private volatile ObjectKey key;
    private volatile Context.@Nullable CancellableContext pull;
    private volatile ObservedPod lastSeen = ObservedPod.NOTHING;
    private @Nullable Instant removedAt;
    private Duration retry = FIRST_RETRY;
    private @Nullable Instant volumesAt;
    private @Nullable PodStatus told;
    private boolean ended;
    private boolean standing;
    private @Nullable String failure;
    /// Made by this worker; how it started was not told yet.
    private @Nullable String freshSandbox;

    /// A pod that the API binds to this node, or one that only the runtime still knows (`pod` null).
    ///
    /// @param others the other pods of this node
    /// @param gone called once nothing of the pod is left here
    PodWorker(PodServices services, ObjectKey key, String uid, @Nullable Pod pod, Supplier<List<Pod>> others, Runnable gone) {
        this.services = services;
        this.configs = new CriConfigs(services.settings(), services.volumes());
        this.trace = new PodTrace(services.steps(), services.clock(), pod == null ? null : pod.getMetadata().getResourceVersion());
        this.resizing = new Resizing(services, others);
        this.memory = new SuspendedMemory(services, uid);
        this.starts = new ContainerStart(key.tenant(), services, configs, trace);
        this.termination = new Termination(services, starts.hooks(), this::wake);
        this.probes = new Probes(key.tenant(), services.cri(), services.http(), services.grpc(), services.clock(), this::wake, this::unhealthy);
        this.key = key;
        this.uid = uid;
        this.pod = pod;
        this.removed = pod == null;
        this.gone = gone;
        this.thread = Thread.ofVirtual().name("pod-" + key).unstarted(this::run);
    }

    void start() {
        thread.start();
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

    /// The API has a newer version of the pod.
    void update(Pod now) {
        pod = now;
        if (now.getMetadata().getDeletionTimestamp() != null) {
            cancelPull();
        }
        wake();
    }

    /// The API no longer has the pod: end it here, too.
    void remove() {
        removed = true;
        cancelPull();
        wake();
    }

    /// Write the status again even when it has not changed.
    void tellAgain() {
        tellAgain = true;
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
            cancelPull();
            wake();
        }
    }

    /// Waits until the pod's machine has ended.
    void awaitEnd(Duration atMost) throws InterruptedException {
        machineGone.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Look again now.
    void wake() {
        if (wake.availablePermits() == 0) {
            wake.release();
        }
    }

    /// Ends the loop and leaves the pod running.
    void close() {
        closed = true;
        probes.close();
        thread.interrupt();
    }

    private void cancelPull() {
        Context.CancellableContext running = pull;
        if (running != null) {
            running.cancel(null);
        }
    }

    private void run() {
        try {
            while (!closed && !ended) {
                Duration next = passSafely();
                if (ended || closed) {
                    return;
                }
                wake.tryAcquire(Math.max(1, next.toMillis()), TimeUnit.MILLISECONDS);
                wake.drainPermits();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            probes.close();
            machineGone.countDown();
            if (ended) {
                gone.run();
            }
        }
    }

    private Duration passSafely() throws InterruptedException {
        try {
            Duration next = pass();
            retry = FIRST_RETRY;
            return next;
        } catch (CriException | ApiException | VolumeException refused) {
            if (closed) {
                return resync();
            }
            LOG.warn("event=pod-retry pod={} uid={} retryMillis={} reason=\"{}\"", key, uid, retry.toMillis(), refused.getMessage());
        } catch (RuntimeException fault) {
            LOG.error("event=pod-fault pod={} uid={} retryMillis={}", key, uid, retry.toMillis(), fault);
        }
        Duration pause = retry;
        retry = retry.multipliedBy(2).compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : retry.multipliedBy(2);
        return pause;
    }

    /// One look and one step.
    ///
    /// @return when to look again if nothing wakes the loop before
    private Duration pass() {
        ObservedPod seen = services.cri().observe(uid);
        lastSeen = seen;
        services.disks().seen(uid, key.name(), seen.sandboxes().stream().filter(ObservedSandbox::ready).findFirst().map(ObservedSandbox::annotations).orElse(Map.of()));
        Pod now = pod;
        if (now == null || removed || now.getMetadata().getDeletionTimestamp() != null) {
            return terminate(seen);
        }
        Optional<Instant> suspended = Suspended.since(now);
        if (suspended.isPresent() && evicted == null && !phaseIsFinal(now)) {
            return suspend(now, seen, suspended.get());
        }
        // Before anything is said of containers that ended only because their machine was written to disk.
        if (evicted == null && !phaseIsFinal(now) && !seen.sandboxes().isEmpty() && seen.readySandbox().isEmpty() && memory.bringBack(now)) {
            wake();
            return resync();
        }
        boolean over = evicted != null || phaseIsFinal(now) || pastDeadline(now) || Plan.finished(now, seen);
        if (over) {
            return finish(now, seen);
        }
        Probe.watch(this, now, seen);
        // Before anything is told, as it decides what the status says was granted.
        if (resizing.advance(now, seen)) {
            wake();
        }
        Plan plan = Plan.of(now, seen, new HealthOf(probes, resizing));
        tell(now, seen, false);
        return switch (plan) {
            case Plan.Finished finished -> finish(now, seen);
            case Plan.NewSandbox(int attempt) -> newSandbox(now, seen, attempt);
            case Plan.Run run -> proceed(now, seen, run);
        };
    }

    // --- running

    private Duration newSandbox(Pod now, ObservedPod seen, int attempt) {
        if (attempt > 0) {
            trace.skip();
            // A runtime that has only just come back may not know its machines yet: do not take one for dead.
            Optional<String> why = services.cri().unreadiness();
            if (why.isPresent()) {
                throw new CriException(io.grpc.Status.Code.UNAVAILABLE, "the runtime is not ready: " + why.get());
            }
        }
        for (ObservedSandbox old : seen.sandboxes()) {
            services.cri().stopSandbox(old.id());
        }
        // The last one stays for its logs and exit codes; older ones have nothing to tell.
        for (ObservedSandbox old : seen.sandboxes().subList(Math.min(1, seen.sandboxes().size()), seen.sandboxes().size())) {
            services.cri().removeSandbox(old.id());
        }
        if (attempt > 0) {
            services.events().normal(now, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        }
        List<Disks.Disk> disks = trace.timed("volumes", "", () -> prepared(now));
        try {
            java.nio.file.Files.createDirectories(configs.logFolder(key.tenant(), now));
            String handler = runtimeHandler(now);
            String id = trace.calling(
                    "sandbox", "", () -> services.cri().runSandbox(configs.sandbox(key.tenant(), now, attempt, disks), handler));
            LOG.info("event=sandbox-ready pod={} uid={} sandbox={} attempt={}", key, uid, id, attempt);
            failure = null;
            freshSandbox = id;
        } catch (CriException refused) {
            services.events().warning(now, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + refused.getMessage());
            throw refused;
        } catch (IOException broken) {
            throw new VolumeException("the log folder " + configs.logFolder(key.tenant(), now) + " cannot be made: " + broken, broken);
        }
        wake();
        return resync();
    }

    private String runtimeHandler(Pod now) {
        String name = now.getSpec().getRuntimeClassName();
        if (name == null || name.isEmpty()) {
            return "";
        }
        Optional<String> handler = services.sources().runtimeHandler(key.tenant(), name);
        if (handler.isEmpty()) {
            String message = "failed to get sandbox runtime: RuntimeClass \"" + name + "\" not found";
            services.events().warning(now, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + message);
            throw new VolumeException(message);
        }
        return handler.get();
    }

    /// A machine that took seconds instead of a fraction of one says why. Asked when the pod's containers have been started, which must not wait for it.
    private void tellColdStart(Pod now) {
        String id = freshSandbox;
        freshSandbox = null;
        if (id == null) {
            return;
        }
        try {
            services.cri().coldReason(id).ifPresent(reason ->
                    services.events().normal(now, "ColdStart", "The pod's machine was booted instead of copied from a template: " + reason));
        } catch (CriException gone) {
            LOG.debug("event=cold-start-unknown pod={} sandbox={} error=\"{}\"", key, id, gone.getMessage());
        }
    }

    private Duration proceed(Pod now, ObservedPod seen, Plan.Run run) {
        if (run.start().isEmpty() && run.stop().isEmpty()) {
            services.metrics().podStarted(trace.over(key.toString()));
            tellColdStart(now);
        }
        for (Plan.Stop stop : run.stop()) {
            stop(now, stop);
        }
        if (!run.stop().isEmpty()) {
            wake();
            return resync();
        }
        refreshVolumes(now, run);
        waits.keySet().retainAll(run.start().stream().map(Container::getName).collect(Collectors.toSet()));
        Duration next = jittered(resync());
        boolean started = false;
        for (Container container : run.start()) {
            Context.CancellableContext context = Context.ROOT.withCancellation();
            pull = context;
            try {
                Container granted = resizing.granted(now, container, statusOf(now, container));
                starts.start(key.tenant(), now, granted, run.sandbox(), seen, restarts(now, container), context);
                waits.remove(container.getName());
                started = true;
            } catch (WaitException wait) {
                waits.put(container.getName(), wait.waiting());
                next = wait.pause().compareTo(next) < 0 ? wait.pause() : next;
            } finally {
                pull = null;
                context.cancel(null);
            }
            if (dying()) {
                wake();
                return resync();
            }
        }
        if (started) {
            wake();
        } else if (!run.start().isEmpty()) {
            tell(now, services.cri().observe(uid), false);
        }
        return next;
    }

    private boolean dying() {
        Pod now = pod;
        return closed || removed || now == null || now.getMetadata().getDeletionTimestamp() != null;
    }

    private void stop(Pod now, Plan.Stop stop) {
        String name = stop.container().getName();
        String why = switch (stop.why()) {
            case LIVENESS -> "Container " + name + " failed liveness probe, will be restarted";
            case STARTUP -> "Container " + name + " failed startup probe, will be restarted";
            case CHANGED -> "Container " + name + " definition changed, will be restarted";
            case RESIZED -> "Container " + name + " resize requires restart";
        };
        services.events().normal(now, stop.container(), "Killing", why);
        services.cri().stopContainer(stop.running().id(), CriConfigs.graceSeconds(now));
    }

    private Duration resync() {
        return services.settings().syncFrequency();
    }

    private Duration refresh() {
        Duration half = resync().dividedBy(2);
        return half.compareTo(REFRESH) < 0 ? half : REFRESH;
    }

    /// Before a start, and now and then: this is how a changed ConfigMap reaches a running pod.
    private void refreshVolumes(Pod now, Plan.Run run) {
        Instant at = services.clock().instant();
        Instant last = volumesAt;
        if (last != null && at.isBefore(last.plus(refresh())) && run.start().isEmpty()) {
            return;
        }
        try {
            prepareVolumes(now, run.sandbox().ips());
        } catch (ApiException unreachable) {
            if (!services.volumes().present(now)) {
                throw unreachable;
            }
            // The files are there, perhaps a little old: better than a pod that cannot restart while the master is away.
            LOG.warn("event=volumes-not-refreshed pod={} reason=\"{}\"", key, unreachable.getMessage());
        }
        volumesAt = at;
    }

    private List<Disks.Disk> prepared(Pod now) {
        prepareVolumes(now, List.of());
        try {
            List<Disks.Disk> disks = services.disks().of(key.tenant(), now);
            services.disks().attach(uid, key.name(), disks, this::wake);
            disks.forEach(disk -> services.events().normal(now, "SuccessfulAttachVolume",
                    "AttachVolume.Attach succeeded for volume \"" + disk.persistentVolume() + "\" "));
            return disks;
        } catch (Disks.InUseException inUse) {
            services.events().warning(now, "FailedAttachVolume", String.valueOf(inUse.getMessage()));
            throw inUse;
        } catch (VolumeException failed) {
            services.events().warning(now, "FailedMount", String.valueOf(failed.getMessage()));
            throw failed;
        }
    }

    private void prepareVolumes(Pod now, List<String> ips) {
        try {
            services.volumes().prepare(key.tenant(), new PodFields(now, ips, services.settings().nodeIp(), services.allocatable()));
        } catch (VolumeException failed) {
            String message = String.valueOf(failed.getMessage());
            services.events().warning(now, "FailedMount", message);
            failure = message;
            throw failed;
        }
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
    /// gracefully, and begin again where the spec says once it is resumed. What a container did before that is not forgotten; that it was ended here is.
    private Duration suspend(Pod now, ObservedPod looked, Instant since) {
        cancelPull();
        ObservedPod seen = looked;
        if (memory.keep(now, looked)) {
            seen = services.cri().observe(uid);
        }
        keepProbes(seen);
        if (!termination.advance(Optional.of(now), seen, deadline(CriConfigs.graceSeconds(now)))) {
            tell(now, seen, false);
            return resync();
        }
        removedAt = null;
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            if (sandbox.ready()) {
                services.cri().stopSandbox(sandbox.id());
            }
        }
        services.disks().seen(uid, key.name(), Map.of());
        for (ObservedContainer container : Suspended.endedSince(seen, since)) {
            services.cri().removeContainer(container.id());
        }
        waits.clear();
        ObservedPod left = services.cri().observe(uid);
        Plan.declared(now).stream()
                .filter(container -> left.container(container.getName()).isEmpty())
                .forEach(container -> waits.put(container.getName(), Suspended.WAITING));
        standing = true;
        tell(now, left, false);
        standing = false;
        return Duration.ofMinutes(10);
    }

    // --- ending

    /// Every container has run its course (or the time is over): what still runs ends, the machine goes, the records stay.
    private Duration finish(Pod now, ObservedPod seen) {
        services.metrics().podStarted(trace.over(key.toString()));
        tellColdStart(now);
        keepProbes(seen);
        boolean late = pastDeadline(now) && !phaseIsFinal(now) && !Plan.finished(now, seen);
        if (late && seen.anyRunning() && removedAt == null) {
            services.events().normal(now, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        }
        if (!termination.advance(Optional.of(now), seen, deadline(evicted != null ? 0 : CriConfigs.graceSeconds(now)))) {
            tell(now, seen, false);
            return resync();
        }
        removedAt = null;
        if (!phaseIsFinal(now)) {
            tell(now, seen, true);
        }
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            if (sandbox.ready()) {
                services.cri().stopSandbox(sandbox.id());
            }
        }
        services.disks().seen(uid, key.name(), Map.of());
        machineGone.countDown();
        return Duration.ofMinutes(10);
    }

    /// The pod is deleted: containers, then machine, then records and files, then the object.
    private Duration terminate(ObservedPod seen) {
        Pod now = pod;
        keepProbes(seen);
        waits.clear();
        if (!termination.advance(Optional.ofNullable(now), seen, deadline(grace(now, seen)))) {
            if (now != null) {
                tell(now, seen, false);
            }
            return resync();
        }
        if (now != null && !removed && !phaseIsFinal(now)) {
            tell(now, seen, true);
        }
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            services.cri().stopSandbox(sandbox.id());
        }
        services.disks().seen(uid, key.name(), Map.of());
        for (ObservedContainer container : seen.containers()) {
            services.cri().removeContainer(container.id());
        }
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            services.cri().removeSandbox(sandbox.id());
        }
        ObservedPod left = services.cri().observe(uid);
        if (!left.sandboxes().isEmpty() || !left.containers().isEmpty()) {
            return FIRST_RETRY;
        }
        memory.forget();
        services.volumes().remove(uid);
        removeLogs();
        LOG.info("event=pod-gone pod={} uid={}", key, uid);
        if (!removed) {
            services.statuses().delete(key, uid);
        }
        ended = true;
        return resync();
    }

    /// Readiness is told until the very end, as clients drain by it.
    private void keepProbes(ObservedPod seen) {
        probes.keepOnly(seen.containers().stream().filter(ObservedContainer::running).map(ObservedContainer::id).collect(Collectors.toSet()));
    }

    private void removeLogs() {
        Path folder = services.settings().logFolder().resolve("pods")
                .resolve(key.tenant() + "_" + key.namespace() + "_" + key.name() + "_" + uid);
        try {
            AtomicFolder.remove(folder);
        } catch (IOException broken) {
            throw new VolumeException("removing the logs in " + folder + " failed: " + broken, broken);
        }
    }

    /// Seconds of grace: what the delete asked for, else the spec, else what the container was started with.
    private long grace(@Nullable Pod now, ObservedPod seen) {
        if (now != null && now.getMetadata().getDeletionTimestamp() != null) {
            Long seconds = now.getMetadata().getDeletionGracePeriodSeconds();
            return removed ? 1 : seconds == null ? CriConfigs.graceSeconds(now) : seconds;
        }
        if (now != null && removed) {
            // Deleted by force: nobody waits for it any more.
            return 1;
        }
        return seen.containers().stream()
                .map(container -> container.annotations().get(io.hypernetes.kubelet.cri.Labels.GRACE_SECONDS))
                .filter(Objects::nonNull)
                .map(Long::parseLong)
                .max(Long::compare)
                .orElse(1L);
    }

    private Instant deadline(long graceSeconds) {
        Instant since = removedAt;
        if (since == null) {
            since = services.clock().instant();
            removedAt = since;
        }
        return since.plusSeconds(graceSeconds);
    }

    private boolean pastDeadline(Pod now) {
        Long seconds = now.getSpec().getActiveDeadlineSeconds();
        String start = now.getStatus() == null ? null : now.getStatus().getStartTime();
        return seconds != null && start != null && Instant.parse(start).plusSeconds(seconds).isBefore(services.clock().instant());
    }

    private static boolean phaseIsFinal(Pod now) {
        String phase = now.getStatus() == null ? null : now.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    // --- telling

    private void tell(Pod now, ObservedPod seen, boolean ending) {
        PodStatus last = told != null ? told : now.getStatus() == null ? new PodStatus() : now.getStatus();
        Map<String, Waiting> shown = new HashMap<>(waits);
        Path folder = services.volumes().folder(uid);
        PodStatus status = new StatusOf(now, seen, merged(last, now), shown, new ReadinessOf(probes), ending,
                services.settings().nodeIp(), services.clock().instant(), container -> TerminationMessage.of(container, folder)).build();
        showResources(now, seen, status);
        if (standing) {
            Suspended.show(status);
        }
        String why = evicted;
        if (ending && why != null) {
            status.setPhase("Failed");
            status.setReason("Evicted");
            status.setMessage(why);
            List<PodCondition> conditions = new ArrayList<>(status.getConditions());
            conditions.add(Conditions.disrupted(now, "TerminationByKubelet", why, services.clock().instant()));
            status.setConditions(conditions);
        } else if (ending && pastDeadline(now)) {
            status.setPhase("Failed");
            status.setReason("DeadlineExceeded");
            status.setMessage("Pod was active on the node longer than the specified deadline");
        } else if (failure != null && status.getPhase().equals("Pending")) {
            LOG.debug("event=pod-pending pod={} reason=\"{}\"", key, failure);
        }
        if (tellAgain || !status.equals(told)) {
            tellAgain = false;
            told = status;
            services.statuses().write(key, uid, status);
        }
    }

    private void showResources(Pod now, ObservedPod seen, PodStatus status) {
        status.setContainerStatuses(withResources(now.getSpec().getContainers(), now, seen, status.getContainerStatuses()));
        status.setInitContainerStatuses(withResources(now.getSpec().getInitContainers(), now, seen, status.getInitContainerStatuses()));
        PodCondition resize = resizing.condition();
        if (resize != null) {
            List<PodCondition> conditions = new ArrayList<>(status.getConditions());
            conditions.add(resize);
            status.setConditions(conditions);
        }
    }

    private List<ContainerStatus> withResources(List<Container> containers, Pod now, ObservedPod seen, List<ContainerStatus> statuses) {
        List<ContainerStatus> shown = new ArrayList<>();
        for (int i = 0; i < statuses.size(); i++) {
            Container container = containers.get(i);
            shown.add(resizing.told(now, container, statuses.get(i), seen.container(container.getName()).orElse(null)));
        }
        return shown;
    }

    /// Conditions of others (readiness gates) come from the API, all else from what was told last.
    private static PodStatus merged(PodStatus last, Pod now) {
        return now.getStatus() == null ? last
                : last.edit().withConditions(Conditions.merge(
                        last.getConditions().stream().filter(each -> Conditions.OWNED.contains(each.getType())).toList(),
                        now.getStatus().getConditions())).build();
    }

    private void unhealthy(String containerName, String message) {
        Pod now = pod;
        if (now != null) {
            Plan.all(now).stream().filter(each -> each.getName().equals(containerName)).findFirst()
                    .ifPresent(container -> services.events().warning(now, container, "Unhealthy", message));
        }
    }

    private static Duration jittered(Duration time) {
        return time.plusMillis(ThreadLocalRandom.current().nextLong(time.toMillis() / 3));
    }

    /// Starts and stops probes after what runs.
    private static final class Probe {
        static void watch(PodWorker worker, Pod now, ObservedPod seen) {
            String ip = seen.readySandbox().flatMap(sandbox -> sandbox.ips().stream().findFirst()).orElse("");
            List<ContainerStatus> known = new ArrayList<>();
            if (now.getStatus() != null) {
                known.addAll(now.getStatus().getInitContainerStatuses());
                known.addAll(now.getStatus().getContainerStatuses());
            }
            Set<String> running = new java.util.HashSet<>();
            for (Container container : Plan.all(now)) {
                seen.container(container.getName()).filter(ObservedContainer::running).ifPresent(each -> {
                    running.add(each.id());
                    Optional<ContainerStatus> status = known.stream()
                            .filter(told -> StatusOf.containerId(each).equals(told.getContainerID())).findFirst();
                    worker.probes.watch(container, each, ip,
                            status.map(told -> Boolean.TRUE.equals(told.getStarted())).orElse(false),
                            status.map(told -> Boolean.TRUE.equals(told.getReady())).orElse(false));
                });
            }
            worker.probes.keepOnly(running);
        }
    }

    private record HealthOf(Probes probes, Resizing resizing) implements Plan.Health {
        @Override
        public boolean started(Container container, ObservedContainer running) {
            return probes.started(running.id());
        }

        @Override
        public Optional<Plan.Why> condemned(Container container, ObservedContainer running) {
            Probes.Purpose by = probes.condemnedBy(running.id());
            return by == null && resizing.needsRestart(container, running) ? Optional.of(Plan.Why.RESIZED)
                    : by == null ? Optional.empty() : Optional.of(by == Probes.Purpose.STARTUP ? Plan.Why.STARTUP : Plan.Why.LIVENESS);
        }
    }

    private record ReadinessOf(Probes probes) implements Readiness {
        @Override
        public boolean started(Container container, ObservedContainer running) {
            return probes.started(running.id());
        }

        @Override
        public boolean ready(Container container, ObservedContainer running) {
            return probes.ready(running.id());
        }
    }
}
