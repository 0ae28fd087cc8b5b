package io.hypernetes.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The probes of one pod's running containers: a virtual thread per probe, started and stopped by [#watch] and [#keepOnly].
public final class Probes implements AutoCloseable {
    private static final String UNHEALTHY = "Unhealthy";

    /// Which probe it is.
    public enum Purpose {
        STARTUP("Startup"),
        LIVENESS("Liveness"),
        READINESS("Readiness");

        private final String text;

        Purpose(String text) {
            this.text = text;
        }
    }

    /// Who hears of what went wrong.
    public interface Listener {
        /// @param reason of an event, with its message
        void heard(String container, String reason, String message);
    }

    /// What the probes of one container have found.
    private static final class Watched {
        final CountDownLatch stopped = new CountDownLatch(1);
        final CountDownLatch started = new CountDownLatch(1);
        volatile boolean ending;
        volatile boolean ready;
        volatile @Nullable Purpose condemnedBy;
    }

    private final ProbeAction action;
    private final InstantSource clock;
    private final Runnable changed;
    private final Listener listener;
    private final Map<String, Watched> watched = new ConcurrentHashMap<>();

    /// @param tenant whose pod it is
    /// @param changed called when a verdict changed; must not block
    /// @param listener told of warnings
    public Probes(
            String tenant, CriRuntime cri, PodHttp http, GrpcHealth grpc, InstantSource clock, Runnable changed, Listener listener) {
        this.action = new ProbeAction(tenant, cri, http, grpc);
        this.clock = clock;
        this.changed = changed;
        this.listener = listener;
    }

    /// Begins to probe a running container, unless it is probed already. One that was to end and now goes on is probed anew, from what was known of it.
    ///
    /// @param wasStarted what the API says of this very container, so that a restarted kubelet does not begin anew
    /// @param wasReady likewise
    public void watch(Container container, ObservedContainer running, String podIp, boolean wasStarted, boolean wasReady) {
        Watched before = watched.get(running.id());
        if (before != null && !before.ending) {
            return;
        }
        Watched state = new Watched();
        watched.put(running.id(), state);
        if (before == null) {
            begin(container, running, podIp, state, wasStarted, wasReady);
        } else {
            before.stopped.countDown();
            begin(container, running, podIp, state, before.started.getCount() == 0, before.ready);
        }
    }

    private void begin(Container container, ObservedContainer running, String podIp, Watched state, boolean wasStarted, boolean wasReady) {
        Instant since = running.startedAt() == null ? running.createdAt() : running.startedAt();
        if (container.getStartupProbe() == null || wasStarted) {
            state.started.countDown();
        } else {
            start(container, container.getStartupProbe(), Purpose.STARTUP, running, podIp, since, state);
        }
        state.ready = container.getReadinessProbe() == null || wasReady;
        if (container.getReadinessProbe() != null) {
            start(container, container.getReadinessProbe(), Purpose.READINESS, running, podIp, since, state);
        }
        if (container.getLivenessProbe() != null) {
            start(container, container.getLivenessProbe(), Purpose.LIVENESS, running, podIp, since, state);
        }
    }

    /// Of what is to end it is of interest only whether it is ready: startup and liveness probes end.
    public void onlyReadiness() {
        watched.values().forEach(state -> state.ending = true);
    }

    /// Ends the probes of all containers but these.
    public void keepOnly(Set<String> containerIds) {
        watched.forEach((id, state) -> {
            if (!containerIds.contains(id) && watched.remove(id, state)) {
                state.stopped.countDown();
            }
        });
    }

    public boolean started(String containerId) {
        Watched state = watched.get(containerId);
        return state != null && state.started.getCount() == 0;
    }

    public boolean ready(String containerId) {
        Watched state = watched.get(containerId);
        return state != null && state.ready;
    }

    /// The probe that demands the container's end, if one does.
    public @Nullable Purpose condemnedBy(String containerId) {
        Watched state = watched.get(containerId);
        return state == null ? null : state.condemnedBy;
    }

    @Override
    public void close() {
        keepOnly(Set.of());
    }

    private void start(Container container, Probe probe, Purpose purpose, ObservedContainer running, String podIp, Instant since, Watched state) {
        Thread.ofVirtual().name("probe-" + container.getName()).start(() -> {
            try {
                loop(container, probe, purpose, running.id(), podIp, since, state);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void loop(Container container, Probe probe, Purpose purpose, String id, String podIp, Instant since, Watched state)
            throws InterruptedException {
        Duration period = Duration.ofSeconds(probe.getPeriodSeconds() == null ? 10 : Math.max(1, probe.getPeriodSeconds()));
        int toFail = probe.getFailureThreshold() == null ? 3 : Math.max(1, probe.getFailureThreshold());
        int toSucceed = probe.getSuccessThreshold() == null ? 1 : Math.max(1, probe.getSuccessThreshold());
        long delay = probe.getInitialDelaySeconds() == null ? 0 : probe.getInitialDelaySeconds();
        Duration first = Duration.between(clock.instant(), since.plusSeconds(delay));
        if (rest(state, first) || (purpose != Purpose.STARTUP && awaitStarted(state))) {
            return;
        }
        int successes = 0;
        int failures = 0;
        do {
            ProbeResult result = action.run(probe, container, id, podIp);
            if (isOver(purpose, state)) {
                return;
            }
            if (result.outcome() == ProbeResult.Outcome.UNKNOWN) {
                listener.heard(container.getName(), UNHEALTHY, purpose.text + " probe errored and resulted in unknown state: " + result.output());
                continue;
            }
            successes = result.success() ? successes + 1 : 0;
            failures = result.success() ? 0 : failures + 1;
            if (result.outcome() == ProbeResult.Outcome.WARNING) {
                listener.heard(container.getName(), "ProbeWarning", purpose.text + " probe warning: " + result.output());
            } else if (!result.success()) {
                listener.heard(container.getName(), UNHEALTHY, purpose.text + " probe failed: " + result.output());
            }
            if (successes >= toSucceed && succeeded(purpose, state)) {
                return;
            }
            if (failures >= toFail && failed(purpose, state)) {
                return;
            }
        } while (!rest(state, period) && !isOver(purpose, state));
    }

    private static boolean isOver(Purpose purpose, Watched state) {
        return state.stopped.getCount() == 0 || (state.ending && purpose != Purpose.READINESS);
    }

    /// True when this probe has said all it had to say.
    private boolean succeeded(Purpose purpose, Watched state) {
        if (purpose == Purpose.STARTUP) {
            state.started.countDown();
            changed.run();
            return true;
        }
        if (purpose == Purpose.READINESS && !state.ready) {
            state.ready = true;
            changed.run();
        }
        return false;
    }

    private boolean failed(Purpose purpose, Watched state) {
        if (purpose != Purpose.READINESS) {
            state.condemnedBy = purpose;
            changed.run();
            return true;
        }
        if (state.ready) {
            state.ready = false;
            changed.run();
        }
        return false;
    }

    /// True when the container is no longer watched.
    private static boolean rest(Watched state, Duration time) throws InterruptedException {
        return state.stopped.await(Math.max(0, time.toMillis()), TimeUnit.MILLISECONDS);
    }

    private static boolean awaitStarted(Watched state) throws InterruptedException {
        while (!state.started.await(1, TimeUnit.SECONDS)) {
            if (state.stopped.getCount() == 0) {
                return true;
            }
        }
        return state.stopped.getCount() == 0;
    }
}
