package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends the containers of a pod gracefully, without holding the pod's thread: each stop has a thread of its own, and a
/// deadline that moves closer (a second delete with less grace) asks again with the shorter time.
final class Termination {
    /// What a container is given to end by itself after its hook, however long that took; upstream's.
    private static final long LEAST_SECONDS = 2;

    private static final Logger LOG = LoggerFactory.getLogger(Termination.class);

    private static final Duration FORGOTTEN = Duration.ofSeconds(90);

    private final PodServices services;
    private final Hooks hooks;
    private final Runnable changed;
    private final Map<String, Instant> asked = new ConcurrentHashMap<>();
    /// What containers do before they end, by their ids.
    private final Map<String, CompletableFuture<Boolean>> hooked = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable CriException> failed = new AtomicReference<>();

    /// @param changed called whenever a stop has returned
    Termination(PodServices services, Hooks hooks, Runnable changed) {
        this.services = services;
        this.hooks = hooks;
        this.changed = changed;
    }

    /// Asks the running containers to end: sidecars when all others have, in the reverse order of their declaration, each when the later one has ended.
    /// When the time is over nothing waits any more. Hooks run at once, whosever turn it is.
    ///
    /// @param pod null-free spec when known; a pod deleted while no kubelet ran has none
    /// @param deadline when they are to be killed
    /// @return true when nothing runs any more
    boolean advance(Optional<Pod> pod, ObservedPod seen, Instant deadline) {
        begin(seen);
        List<ObservedContainer> running = seen.containers().stream().filter(ObservedContainer::running).toList();
        Set<String> turn = turn(pod, running, deadline);
        for (ObservedContainer each : running) {
            boolean waited = hooked.containsKey(each.id());
            CompletableFuture<Boolean> hook = hooked.computeIfAbsent(each.id(), _ -> hook(pod, each, deadline, seen));
            if (turn.contains(each.name())) {
                stop(each, deadline, hook, waited);
            }
        }
        return running.isEmpty();
    }

    /// The names of those that are to end now.
    private Set<String> turn(Optional<Pod> pod, List<ObservedContainer> running, Instant deadline) {
        Set<String> names = running.stream().map(ObservedContainer::name).collect(Collectors.toSet());
        List<String> sidecars = pod.stream().flatMap(known -> known.getSpec().getInitContainers().stream())
                .filter(Plan::isSidecar).map(Container::getName).filter(names::contains).toList();
        if (sidecars.isEmpty() || !services.clock().instant().isBefore(deadline)) {
            return names;
        }
        if (sidecars.size() == names.size()) {
            return Set.of(sidecars.getLast());
        }
        names.removeAll(sidecars);
        return names;
    }

    /// Ends one container of a pod that goes on: what it wants to do before that comes first, within the same grace. To be called again as long as it
    /// runs, which asks it no second time.
    ///
    /// @param why told when it begins
    void restart(Pod pod, Container container, ObservedContainer running, ObservedPod seen, long graceSeconds, String why) {
        begin(seen);
        Instant deadline = services.clock().instant().plusSeconds(graceSeconds);
        CompletableFuture<Boolean> hook = hooked.computeIfAbsent(running.id(), _ -> hook(pod, container, running, deadline, seen, why));
        stop(running, deadline, hook, true);
    }

    /// Forgets those that have ended.
    ///
    /// @throws CriException what kept the runtime from ending one since the last time: to ask it again at once is no use
    private void begin(ObservedPod seen) {
        Set<String> running = seen.containers().stream().filter(ObservedContainer::running).map(ObservedContainer::id).collect(Collectors.toSet());
        asked.keySet().retainAll(running);
        hooked.keySet().retainAll(running);
        CriException failure = failed.getAndSet(null);
        if (failure != null) {
            throw failure;
        }
    }

    private static String ip(ObservedPod seen) {
        return seen.readySandbox().flatMap(sandbox -> sandbox.ips().stream().findFirst()).orElse("");
    }

    private CompletableFuture<Boolean> hook(Optional<Pod> pod, ObservedContainer running, Instant deadline, ObservedPod seen) {
        return pod.flatMap(known -> Plan.all(known).stream()
                        .filter(each -> each.getName().equals(running.name())).findFirst()
                        .map(container -> hook(known, container, running, deadline, seen, "Stopping container " + running.name())))
                .orElseGet(() -> CompletableFuture.completedFuture(false));
    }

    /// Says that the container is to end, and runs its hook.
    ///
    /// @return whether there was a hook, once it is over
    private CompletableFuture<Boolean> hook(Pod pod, Container container, ObservedContainer running, Instant deadline, ObservedPod seen, String why) {
        services.events().normal(pod, container, "Killing", why);
        String ip = ip(seen);
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Thread.ofVirtual().name("pre-stop-" + running.name()).start(() -> {
            boolean ran = false;
            try {
                ran = preStop(pod, container, running, ip, deadline);
            } finally {
                over.complete(ran);
            }
        });
        return over;
    }

    /// @param late whether little of its time may be left when it is asked for the first time, for which it is given a little more
    private void stop(ObservedContainer running, Instant deadline, CompletableFuture<Boolean> hook, boolean late) {
        Instant before = asked.get(running.id());
        // Asked already, and the time has not run out by so much that the runtime must have forgotten.
        if (before != null && !deadline.isBefore(before) && services.clock().instant().isBefore(before.plus(FORGOTTEN))) {
            return;
        }
        asked.put(running.id(), deadline);
        Thread.ofVirtual().name("stop-" + running.name()).start(() -> {
            try {
                // Asked again, it has no more time for its hook.
                boolean ran = before == null && hook.copy().completeOnTimeout(true, secondsUntil(deadline), TimeUnit.SECONDS).join();
                boolean needsTime = ran || (before == null && late);
                services.cri().stopContainer(running.id(), Math.max(needsTime ? LEAST_SECONDS : 0, secondsUntil(deadline)));
            } catch (CriException failure) {
                LOG.warn("event=stop-failed container={} id={} reason=\"{}\"", running.name(), running.id(), failure.getMessage());
                asked.remove(running.id());
                failed.set(failure);
            } finally {
                changed.run();
            }
        });
    }

    /// @return whether there was a hook, and time for it
    private boolean preStop(Pod pod, Container container, ObservedContainer running, String ip, Instant deadline) {
        long seconds = secondsUntil(deadline);
        if (seconds <= 0 || container.getLifecycle() == null || container.getLifecycle().getPreStop() == null) {
            return false;
        }
        hooks.run(container.getLifecycle().getPreStop(), container, running.id(), ip, Duration.ofSeconds(seconds))
                .ifPresent(why -> services.events().warning(pod, container, "FailedPreStopHook", "PreStopHook failed: " + why));
        return true;
    }

    private long secondsUntil(Instant deadline) {
        long millis = Duration.between(services.clock().instant(), deadline).toMillis();
        return Math.max(0, (millis + 999) / 1000);
    }
}
