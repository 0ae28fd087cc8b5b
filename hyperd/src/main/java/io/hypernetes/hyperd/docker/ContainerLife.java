package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.docker.Runs.Run;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of one Docker container, from run to run: started, ended, started again by its policy, removed, taken up by a process that comes after.
/// One thing at a time. Safe for use by many threads.
final class ContainerLife {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerLife.class);
    private static final long LONG_RUN_NANOS = 10_000_000_000L;

    private final Standing standing;
    private final DockerHouse house;
    private final Runs runs;
    private final StandardStreams streams = new StandardStreams();
    private final RunControl control;
    private final Runnable removed;
    private final ReentrantLock lock = new ReentrantLock();
    // Replaced by whoever holds the lock.
    private volatile @Nullable Run run;
    private volatile @Nullable Health health;

    /// @param removed told when it is gone
    ContainerLife(Standing standing, DockerHouse house, Runnable removed) {
        this.standing = standing;
        this.house = house;
        this.runs = new Runs(house);
        this.control = new RunControl(house, standing.record().id());
        this.removed = removed;
    }

    private DockerRecord record() {
        return standing.record();
    }

    private String id() {
        return record().id();
    }

    /// Its present run; null when it has none.
    @Nullable Run run() {
        return run;
    }

    /// How it fares by its checks; null when it has none or does not run.
    @Nullable Health health() {
        return health;
    }

    StandardStreams streams() {
        return streams;
    }

    /// Something that is done with a container.
    interface Change<E extends Exception> {
        void make() throws E;
    }

    /// Does it while nothing else becomes of the container.
    ///
    /// @throws DockerFailure 409 when it is being removed
    <E extends Exception> void holding(Change<E> change) throws E {
        lock.lock();
        try {
            requireThere();
            change.make();
        } finally {
            lock.unlock();
        }
    }

    /// False when it runs already.
    boolean start() {
        lock.lock();
        try {
            if (record().isRunning()) {
                return false;
            }
            requireThere();
            update(record().with(record().state().stoppedByUser(false).restarted(0)));
            try {
                startHolding();
            } catch (RuntimeException failure) {
                if (record().autoRemove()) {
                    removeHolding(true);
                }
                throw failure;
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void startHolding() {
        DockerRecord.State before = record().state();
        List<DockerRecord.Published> ports = Wish.ports(record().config(), record().hostConfig());
        update(record().with(before.with(DockerRecord.Phase.STARTING)));
        Run made = null;
        try {
            made = runs.make(record(), ports);
            run = made;
            streams.made(made);
            // Before its first program runs: that may ask for a name at once.
            update(record().with(record().state().at(Runs.address(made.sandbox()))));
            made.sandbox().start(made.container());
            house.volumes().started(record());
            update(record().with(record().state().running(house.now(), Runs.address(made.sandbox()), ports)));
            tell("start", Map.of());
            watch(made);
            watchHealth(made);
        } catch (RuntimeException failure) {
            LOG.info("event=docker-start-failed container={} error=\"{}\"", id(), failure.getMessage());
            DockerFailure told = Runs.told(failure, record());
            run = null;
            streams.ended();
            if (made != null) {
                runs.discard(made.sandbox(), record());
            }
            update(record().with(before.ended(
                    before.startedNanos() == 0 ? DockerRecord.Phase.CREATED : DockerRecord.Phase.EXITED, before.finishedNanos(), Runs.code(told), false,
                    String.valueOf(told.getMessage()))));
            throw told;
        }
    }

    // By each process anew: what an earlier one found is not kept.
    private void watchHealth(Run of) {
        HealthCheck.of(record().config()).ifPresent(check -> health =
                HealthMonitor.begin(of, check, status -> tell("health_status: " + status.word(), Map.of()), house.clock()));
    }

    private void watch(Run of) {
        Thread.ofVirtual().name("docker-watch-" + id()).start(() -> {
            try {
                boolean over = false;
                while (!over) {
                    over = of.container().awaitExit(Duration.ofHours(1));
                }
                ended(of);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException failure) {
                LOG.warn("event=docker-end-failed container={} error=\"{}\"", id(), failure.getMessage(), failure);
            }
        });
    }

    private void ended(Run of) {
        lock.lock();
        try {
            if (run != of || standing.isGone()) {
                return;
            }
            ContainerRecord end = of.container().record();
            boolean oom = end.reason().equals("OOMKilled");
            DockerRecord.State state = record().state();
            RestartPolicy policy = RestartPolicy.of(record().hostConfig());
            boolean longRun = house.now() - state.startedNanos() > LONG_RUN_NANOS;
            boolean again = policy.again(end.exitCode(), state.stopped(), state.restarts());
            run = null;
            update(record().with(state.ended(
                    again ? DockerRecord.Phase.RESTARTING : DockerRecord.Phase.EXITED, house.now(), end.exitCode(), oom,
                    end.reason().equals("MachineEnded") ? end.message() : "")));
            streams.ended();
            health = null;
            standing.ended();
            if (oom) {
                tell("oom", Map.of());
            }
            tell("die", Map.of("exitCode", Integer.toString(end.exitCode())));
            if (record().autoRemove() && !again) {
                runs.discard(of.sandbox(), record());
                removeHolding(true);
                return;
            }
            runs.end(of, record());
            if (again) {
                restartLater(RestartPolicy.pause(longRun ? 0 : state.restarts()));
            }
        } finally {
            lock.unlock();
        }
    }

    private void restartLater(Duration pause) {
        Thread.ofVirtual().name("docker-restart-" + id()).start(() -> {
            try {
                standing.awaitWhile(so -> so.state().phase() == DockerRecord.Phase.RESTARTING, pause);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return;
            }
            lock.lock();
            try {
                if (record().state().phase() == DockerRecord.Phase.RESTARTING && !standing.isGone()) {
                    update(record().with(record().state().restarted(record().state().restarts() + 1)));
                    startHolding();
                }
            } catch (RuntimeException failure) {
                LOG.warn("event=docker-restart-failed container={} error=\"{}\"", id(), failure.getMessage());
            } finally {
                lock.unlock();
            }
        });
    }

    /// False when it does not run.
    ///
    /// @param seconds of grace before SIGKILL; below 0 for ever
    boolean stop(int signal, int seconds) throws InterruptedException {
        Run of;
        lock.lock();
        try {
            requireThere();
            of = run;
            if (of == null && record().state().phase() != DockerRecord.Phase.RESTARTING) {
                return false;
            }
            DockerRecord.State stopped = record().state().stoppedByUser(true);
            update(record().with(of == null ? stopped.with(DockerRecord.Phase.EXITED) : stopped));
        } finally {
            lock.unlock();
        }
        if (of == null) {
            return true;
        }
        control.end(of, signal, seconds);
        ended(of);
        tell("stop", Map.of());
        return true;
    }

    /// @param volumes whether volumes that were made for it without a name go too
    void remove(boolean force, boolean volumes) throws InterruptedException {
        if (run != null) {
            if (!force) {
                throw new DockerFailure(409, "cannot remove container \"/" + record().name()
                        + "\": container is running: stop the container before removing or force remove");
            }
            stop(9, 0);
        }
        lock.lock();
        try {
            removeHolding(volumes);
        } finally {
            lock.unlock();
        }
    }

    private void removeHolding(boolean volumes) {
        if (standing.isGone()) {
            return;
        }
        update(record().with(record().state().with(DockerRecord.Phase.REMOVING)));
        try {
            Files.deleteIfExists(house.disk(id()));
            Files.deleteIfExists(house.log(id()));
        } catch (IOException failure) {
            throw new DockerFailure(500, "removing the files of container " + id() + ": " + failure);
        }
        house.images().release(DockerHouse.holder(id()));
        house.volumes().forgotten(id(), record().mounts(), volumes);
        standing.gone();
        removed.run();
        streams.closed();
        tell("destroy", Map.of());
    }

    /// Goes on where an earlier process of ours stopped.
    void recover(@Nullable Sandbox sandbox) {
        lock.lock();
        try {
            DockerRecord.State state = record().state();
            Container container = sandbox == null || sandbox.containers().isEmpty() ? null : sandbox.containers().getFirst();
            boolean started = container != null && container.record().startedNanos() > 0;
            if (sandbox != null && container != null && started && state.phase() != DockerRecord.Phase.REMOVING) {
                Run found = new Run(sandbox, container);
                run = found;
                house.volumes().adopted(record());
                house.networks().moved(record(), sandbox);
                streams.made(found);
                if (!record().isRunning()) {
                    update(record().with(state.running(container.record().startedNanos(), Runs.address(sandbox), state.ports())));
                }
                watch(found);
                watchHealth(found);
                return;
            }
            if (sandbox != null) {
                house.sandboxes().remove(sandbox);
            }
            switch (state.phase()) {
                case CREATED -> {}
                case REMOVING -> removeHolding(record().autoRemove());
                case STARTING, RUNNING, RESTARTING, EXITED -> {
                    boolean ran = state.phase() != DockerRecord.Phase.EXITED;
                    boolean again = ran && RestartPolicy.of(record().hostConfig()).again(137, state.stopped(), state.restarts());
                    if (ran) {
                        update(record().with(state.ended(
                                again ? DockerRecord.Phase.RESTARTING : DockerRecord.Phase.EXITED, house.now(),
                                state.phase() == DockerRecord.Phase.RESTARTING ? state.exitCode() : 137, false, "its machine ended while hyperd was not running")));
                    }
                    if (again) {
                        restartLater(Duration.ofMillis(1));
                    } else if (record().autoRemove()) {
                        removeHolding(true);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void tell(String action, Map<String, String> more) {
        house.tell(record(), action, more);
    }

    private void requireThere() {
        if (standing.isGone() || record().state().phase() == DockerRecord.Phase.REMOVING) {
            throw new DockerFailure(409, "container " + id() + " is marked for removal");
        }
    }

    private void update(DockerRecord next) {
        standing.update(next);
    }
}
