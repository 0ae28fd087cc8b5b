package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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

    /// @param changed called whenever a stop has returned
    Termination(PodServices services, Hooks hooks, Runnable changed) {
        this.services = services;
        this.hooks = hooks;
        this.changed = changed;
    }

    /// Asks the running containers to end; those of init that stay (sidecars) only when the others have.
    ///
    /// @param pod null-free spec when known; a pod deleted while no kubelet ran has none
    /// @param deadline when they are to be killed
    /// @return true when nothing runs any more
    boolean advance(Optional<Pod> pod, ObservedPod seen, Instant deadline) {
        List<ObservedContainer> running = seen.containers().stream().filter(ObservedContainer::running).toList();
        List<ObservedContainer> mains = new ArrayList<>();
        List<ObservedContainer> sidecars = new ArrayList<>();
        for (ObservedContainer each : running) {
            boolean sidecar = pod.map(known -> known.getSpec().getInitContainers().stream()
                    .anyMatch(init -> init.getName().equals(each.name()) && Plan.isSidecar(init))).orElse(false);
            (sidecar ? sidecars : mains).add(each);
        }
        for (ObservedContainer each : mains.isEmpty() ? sidecars : mains) {
            stop(pod, each, deadline, seen);
        }
        return running.isEmpty();
    }

    /// Ends one container of a pod that goes on, and returns when it has ended: what it wants to do before that comes first, within the same grace.
    void restart(Pod pod, Container container, ObservedContainer running, ObservedPod seen, long graceSeconds) {
        Instant deadline = services.clock().instant().plusSeconds(graceSeconds);
        preStop(pod, container, running, ip(seen), deadline);
        services.cri().stopContainer(running.id(), Math.max(LEAST_SECONDS, secondsUntil(deadline)));
    }

    private static String ip(ObservedPod seen) {
        return seen.readySandbox().flatMap(sandbox -> sandbox.ips().stream().findFirst()).orElse("");
    }

    private void stop(Optional<Pod> pod, ObservedContainer running, Instant deadline, ObservedPod seen) {
        Instant before = asked.get(running.id());
        // Asked already, and the time has not run out by so much that the runtime must have forgotten.
        if (before != null && !deadline.isBefore(before) && services.clock().instant().isBefore(before.plus(FORGOTTEN))) {
            return;
        }
        asked.put(running.id(), deadline);
        Optional<Container> container = pod.flatMap(known ->
                Plan.all(known).stream().filter(each -> each.getName().equals(running.name())).findFirst());
        boolean first = before == null;
        if (first && pod.isPresent() && container.isPresent()) {
            services.events().normal(pod.get(), container.get(), "Killing", "Stopping container " + running.name());
        }
        String ip = ip(seen);
        Thread.ofVirtual().name("stop-" + running.name()).start(() -> {
            try {
                boolean hooked = first && pod.isPresent() && container.isPresent() && preStop(pod.get(), container.get(), running, ip, deadline);
                services.cri().stopContainer(running.id(), Math.max(hooked ? LEAST_SECONDS : 0, secondsUntil(deadline)));
            } catch (CriException failure) {
                LOG.warn("event=stop-failed container={} id={} reason=\"{}\"", running.name(), running.id(), failure.getMessage());
                asked.remove(running.id());
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
