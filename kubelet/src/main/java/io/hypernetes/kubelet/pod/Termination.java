package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends the containers of a pod gracefully, without holding the pod's thread: each stop has a thread of its own, and a
/// deadline that moves closer (a second delete with less grace) asks again with the shorter time.
final class Termination {
    /// What a container is given to end by itself at least, whatever its grace and however long its hook took (upstream's kuberuntime_container.go, killContainer).
    private static final long LEAST_SECONDS = 2;

    /// More than anybody waits for; neither an instant nor what the runtime counts in takes all that a spec may say.
    private static final long MOST_SECONDS = Integer.MAX_VALUE;

    private static final Logger LOG = LoggerFactory.getLogger(Termination.class);

    private static final Duration FORGOTTEN = Duration.ofSeconds(90);
    /// What the runtime has for killing what has not ended in time, which takes it 20 s when a guest hides an end.
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /// And where its machine stands still, in which it can kill nothing; but it may end that in a moment, and kills at the end of a second.
    private static final Duration PATIENCE_WITH_MACHINE = Duration.ofSeconds(3);

    private final PodServices services;
    private final Hooks hooks;
    private final Runnable changed;
    private final Map<String, Instant> asked = new ConcurrentHashMap<>();
    /// What containers do before they end, by their ids.
    private final Map<String, CompletableFuture<Void>> hooked = new ConcurrentHashMap<>();
    /// Those that the runtime failed to end, by their ids.
    private final Map<String, Refusal> refused = new ConcurrentHashMap<>();
    /// When those that were to be restarted are to be killed, by their ids.
    private final Map<String, Instant> restarting = new HashMap<>();
    /// Since when something runs whose time is over.
    private @Nullable Instant lateSince;
    /// The first moment that brings something to be done, as far as was seen since the last [#pause].
    private @Nullable Instant due;

    /// The runtime is asked again, later each time.
    private record Refusal(Duration pause, Instant until) {
        private static final Duration FIRST = Duration.ofSeconds(1), LONGEST = Duration.ofSeconds(30);

        static Refusal after(@Nullable Refusal before, Instant now) {
            Duration doubled = before == null ? FIRST : before.pause.multipliedBy(2);
            Duration pause = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
            return new Refusal(pause, now.plus(pause));
        }
    }

    /// @param changed called whenever a stop has returned
    Termination(PodServices services, Hooks hooks, Runnable changed) {
        this.services = services;
        this.hooks = hooks;
        this.changed = changed;
    }

    /// When a grace is over.
    static Instant deadline(Instant begun, long graceSeconds) {
        return begun.plusSeconds(Math.clamp(graceSeconds, 0, MOST_SECONDS));
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
        Instant now = services.clock().instant();
        lateSince = running.isEmpty() || now.isBefore(deadline) ? null : lateSince == null ? now : lateSince;
        dueAt(lateSince == null ? deadline : lateSince.plus(PATIENCE));
        Set<String> turn = turn(pod, running, deadline);
        for (ObservedContainer each : running) {
            CompletableFuture<Void> hook = hooked.computeIfAbsent(each.id(), _ -> hook(pod, each, deadline, seen));
            if (turn.contains(each.name())) {
                stop(each, deadline, hook);
            }
        }
        return running.isEmpty();
    }

    /// Whether something ran in the last [#advance] that should have been killed long before: only the end of its machine ends it.
    ///
    /// @param standsStill whether its machine does, so that the runtime can kill nothing in it; asked when that matters
    boolean isOverdue(BooleanSupplier standsStill) {
        if (lateSince == null) {
            return false;
        }
        Instant now = services.clock().instant();
        Instant early = lateSince.plus(PATIENCE_WITH_MACHINE);
        Instant end = lateSince.plus(PATIENCE);
        dueAt(now.isBefore(early) ? early : end);
        return !now.isBefore(end) || (!now.isBefore(early) && standsStill.getAsBoolean());
    }

    /// How long nothing need be done if nothing changes since what was asked for since the last time; zero when the moment has come meanwhile.
    ///
    /// @param most the answer where nothing is to be done at all
    Duration pause(Duration most) {
        Instant first = due;
        due = null;
        Duration left = first == null ? most : Duration.between(services.clock().instant(), first);
        return left.isNegative() ? Duration.ZERO : left.compareTo(most) < 0 ? left : most;
    }

    private void dueAt(Instant moment) {
        Instant first = due;
        due = first == null || moment.isBefore(first) ? moment : first;
    }

    /// The pod has ended, or goes on: what was not asked to end is as if nobody had thought of its end.
    void over() {
        lateSince = null;
        due = null;
        hooked.keySet().retainAll(asked.keySet());
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
    /// runs, which asks it no second time: the time that it was given first counts, whatever else it is to end for since.
    ///
    /// @param why told when it begins
    void restart(Pod pod, Container container, ObservedContainer running, ObservedPod seen, long graceSeconds, String why) {
        begin(seen);
        Instant deadline = restarting.computeIfAbsent(running.id(), _ -> deadline(services.clock().instant(), graceSeconds));
        CompletableFuture<Void> hook = hooked.computeIfAbsent(running.id(), _ -> hook(pod, container, running, deadline, seen, why));
        stop(running, deadline, hook);
    }

    /// Forgets those that have ended.
    private void begin(ObservedPod seen) {
        Set<String> running = seen.containers().stream().filter(ObservedContainer::running).map(ObservedContainer::id).collect(Collectors.toSet());
        asked.keySet().retainAll(running);
        hooked.keySet().retainAll(running);
        refused.keySet().retainAll(running);
        restarting.keySet().retainAll(running);
    }

    private static String ip(ObservedPod seen) {
        return seen.readySandbox().flatMap(sandbox -> sandbox.ips().stream().findFirst()).orElse("");
    }

    private CompletableFuture<Void> hook(Optional<Pod> pod, ObservedContainer running, Instant deadline, ObservedPod seen) {
        return pod.flatMap(known -> Plan.all(known).stream()
                        .filter(each -> each.getName().equals(running.name())).findFirst()
                        .map(container -> hook(known, container, running, deadline, seen, "Stopping container " + running.name())))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /// Says that the container is to end, and runs its hook.
    ///
    /// @return until that is over
    private CompletableFuture<Void> hook(Pod pod, Container container, ObservedContainer running, Instant deadline, ObservedPod seen, String why) {
        services.events().normal(pod, container, "Killing", why);
        String ip = ip(seen);
        CompletableFuture<Void> over = new CompletableFuture<>();
        Thread.ofVirtual().name("pre-stop-" + running.name()).start(() -> {
            try {
                preStop(pod, container, running, ip, deadline);
            } finally {
                over.complete(null);
            }
        });
        return over;
    }

    private void stop(ObservedContainer running, Instant deadline, CompletableFuture<Void> hook) {
        Instant before = asked.get(running.id());
        // Asked already, and the time has not run out by so much that the runtime must have forgotten.
        if (before != null && !deadline.isBefore(before) && services.clock().instant().isBefore(before.plus(FORGOTTEN))) {
            return;
        }
        Refusal refusal = refused.get(running.id());
        if (refusal != null && services.clock().instant().isBefore(refusal.until())) {
            dueAt(refusal.until());
            return;
        }
        asked.put(running.id(), deadline);
        Thread.ofVirtual().name("stop-" + running.name()).start(() -> {
            try {
                // Asked again, it has no more time for its hook.
                if (before == null) {
                    hook.copy().completeOnTimeout(null, secondsUntil(deadline), TimeUnit.SECONDS).join();
                }
                services.cri().stopContainer(running.id(), Math.max(LEAST_SECONDS, secondsUntil(deadline)));
            } catch (CriException failure) {
                Refusal next = refused.compute(running.id(), (_, last) -> Refusal.after(last, services.clock().instant()));
                LOG.warn("event=stop-failed container={} id={} retryMillis={} reason=\"{}\"",
                        running.name(), running.id(), next.pause().toMillis(), failure.getMessage());
                asked.remove(running.id());
            } finally {
                changed.run();
            }
        });
    }

    private void preStop(Pod pod, Container container, ObservedContainer running, String ip, Instant deadline) {
        long seconds = secondsUntil(deadline);
        if (seconds <= 0 || container.getLifecycle() == null || container.getLifecycle().getPreStop() == null) {
            return;
        }
        hooks.run(container.getLifecycle().getPreStop(), container, running.id(), ip, Duration.ofSeconds(seconds)).ifPresent(why -> {
            LOG.warn("event=hook-failed hook=preStop container={} id={} reason=\"{}\"", running.name(), running.id(), why);
            // Why is not told, as it may hold what is secret.
            services.events().warning(pod, container, "FailedPreStopHook", "PreStopHook failed");
        });
    }

    private long secondsUntil(Instant deadline) {
        long millis = Duration.between(services.clock().instant(), deadline).toMillis();
        return Math.max(0, (millis + 999) / 1000);
    }
}
