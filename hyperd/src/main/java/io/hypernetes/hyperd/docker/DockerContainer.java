package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.docker.Runs.Run;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One Docker container: a sandbox with one container while it runs, a disk and a record while it does not. Safe for use by many threads.
final class DockerContainer {
    private static final Logger LOG = LoggerFactory.getLogger(DockerContainer.class);
    private static final long LONG_RUN_NANOS = 10_000_000_000L;

    private final DockerHouse house;
    private final Runs runs;
    private final StandardStreams streams;
    private final RunControl control;
    private final Consumer<DockerContainer> removed;
    private final ReentrantLock lifecycle = new ReentrantLock();
    private final Standing standing;
    // Replaced by whoever holds the lifecycle.
    private volatile @Nullable Run run;
    private volatile @Nullable Health health;

    DockerContainer(DockerRecord record, DockerHouse house, Consumer<DockerContainer> removed) {
        this.standing = new Standing(record, house.journal());
        this.house = house;
        this.runs = new Runs(house);
        this.streams = new StandardStreams();
        this.control = new RunControl(house, record.id());
        this.removed = removed;
    }

    DockerRecord record() {
        return standing.record();
    }

    String id() {
        return record().id();
    }

    boolean isGone() {
        return standing.isGone();
    }

    Run running() {
        Run now = run;
        if (now == null || !record().isRunning()) {
            throw new DockerFailure(409, "container " + id() + " is not running");
        }
        return now;
    }

    @Nullable Run runNow() {
        return run;
    }

    /// False when it runs already.
    boolean start() {
        lifecycle.lock();
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
            lifecycle.unlock();
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
            control.firstSize(made, record());
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

    /// How it fares by its checks; null when it has none or does not run.
    @Nullable Health health() {
        return health;
    }

    /// A line of `docker ps`.
    ObjectNode row() {
        ObjectNode row = ContainerJson.row(record(), house.now(), house.volumes(), health);
        return isPaused() ? ContainerJson.pausedRow(row) : row;
    }

    /// What `docker inspect` prints.
    ObjectNode whole() {
        ObjectNode whole = ContainerJson.whole(record(), house.log(id()).toString(), house.volumes(), health);
        Run now = run;
        if (now != null && !now.sandbox().coldReason().isEmpty()) {
            whole.withObject("State").put("StartedCold", now.sandbox().coldReason());
        }
        return isPaused() ? ContainerJson.pausedWhole(whole) : whole;
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
        lifecycle.lock();
        try {
            if (run != of || isGone()) {
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
            lifecycle.unlock();
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
            lifecycle.lock();
            try {
                if (record().state().phase() == DockerRecord.Phase.RESTARTING && !isGone()) {
                    update(record().with(record().state().restarted(record().state().restarts() + 1)));
                    startHolding();
                }
            } catch (RuntimeException failure) {
                LOG.warn("event=docker-restart-failed container={} error=\"{}\"", id(), failure.getMessage());
            } finally {
                lifecycle.unlock();
            }
        });
    }

    /// False when it does not run.
    ///
    /// @param seconds of grace before SIGKILL; below 0 for ever
    boolean stop(int signal, int seconds) throws InterruptedException {
        Run of;
        lifecycle.lock();
        try {
            requireThere();
            of = run;
            if (of == null && record().state().phase() != DockerRecord.Phase.RESTARTING) {
                return false;
            }
            DockerRecord.State stopped = record().state().stoppedByUser(true);
            update(record().with(of == null ? stopped.with(DockerRecord.Phase.EXITED) : stopped));
        } finally {
            lifecycle.unlock();
        }
        if (of == null) {
            return true;
        }
        control.end(of, signal, seconds);
        ended(of);
        tell("stop", Map.of());
        return true;
    }

    void kill(int signal) {
        Run of = running();
        if (signal != 9 && of.sandbox().isPaused()) {
            throw new DockerFailure(409, "container " + record().name() + " is paused: unpause it before it can take a signal");
        }
        if (signal == 9) {
            update(record().with(record().state().stoppedByUser(true)));
        }
        control.signal(of, signal, SignalTarget.FIRST_PROCESS);
        tell("kill", Map.of("signal", Integer.toString(signal)));
    }

    /// Puts it into one more network, at once when it runs.
    void join(NetworkRecord network, DockerRecord.Endpoint place) {
        lifecycle.lock();
        try {
            requireThere();
            if (record().endpoint(network.id()).isPresent()) {
                if (run == null) {
                    return;
                }
                throw new DockerFailure(403, "endpoint with name " + record().name() + " already exists in network " + network.name());
            }
            List<DockerRecord.Endpoint> all = new ArrayList<>(record().networks());
            all.add(place);
            house.networks().holding(List.of(place), () -> move(all));
            house.networks().tell("connect", network, Map.of("container", id()));
        } finally {
            lifecycle.unlock();
        }
    }

    /// Takes it out of a network, at once when it runs.
    void leave(NetworkRecord network) {
        lifecycle.lock();
        try {
            requireThere();
            if (record().endpoint(network.id()).isEmpty()) {
                throw new DockerFailure(403, "container " + id() + " is not connected to network " + network.name());
            }
            move(record().networks().stream().filter(endpoint -> !endpoint.network().equals(network.id())).toList());
            house.networks().tell("disconnect", network, Map.of("container", id()));
        } finally {
            lifecycle.unlock();
        }
    }

    // The record first: a process that comes after makes the rules what it says.
    private void move(List<DockerRecord.Endpoint> networks) {
        update(record().in(networks));
        Run now = run;
        if (now != null) {
            house.networks().moved(record(), now.sandbox());
        }
    }

    boolean isPaused() {
        Run now = run;
        return now != null && now.sandbox().isPaused();
    }

    /// @throws DockerFailure 409 when it does not run, or is paused
    Run unpaused(String before) {
        Run now = running();
        if (now.sandbox().isPaused()) {
            throw new DockerFailure(409, "container " + record().name() + " is paused, unpause the container before " + before);
        }
        return now;
    }

    /// Stops time for its whole machine, or lets it go on.
    void pause(boolean yes) {
        lifecycle.lock();
        try {
            Run of = running();
            if (of.sandbox().isSurelyPaused() == yes) {
                throw new DockerFailure(409, "container " + record().name() + (yes ? " is already paused" : " is not paused"));
            }
            if (yes) {
                of.sandbox().pause();
            } else {
                of.sandbox().resume();
            }
            tell(yes ? "pause" : "unpause", Map.of());
        } finally {
            lifecycle.unlock();
        }
    }

    /// Changes limits and restart policy, in its machine too when it runs. What is 0 or empty in `asked` stays.
    void change(JsonNode asked) {
        lifecycle.lock();
        try {
            requireThere();
            DockerRecord next = record().withHostConfig(Changes.applied(record().hostConfig(), asked));
            Run now = run;
            if (now != null && record().isRunning() && Changes.ofResources(asked)) {
                control.limit(unpaused("its limits are changed"), next);
            }
            update(next);
            tell("update", Map.of());
        } finally {
            lifecycle.unlock();
        }
    }

    /// Something done with the guest in which a container is.
    interface WithGuest {
        void act(Guest guest) throws IOException;
    }

    /// Does it in its machine; when there is none, in one made for the purpose, where the container is there without being started.
    void withGuest(WithGuest action) throws IOException {
        if (run != null && record().isRunning()) {
            action.act(unpaused("its files are copied").sandbox().guest());
            return;
        }
        lifecycle.lock();
        try {
            requireThere();
            if (run != null) {
                action.act(unpaused("its files are copied").sandbox().guest());
                return;
            }
            // After a crash it is found without a started container, and removed.
            Run made = runs.makeApart(record());
            try {
                action.act(made.sandbox().guest());
            } finally {
                runs.end(made, record());
            }
        } finally {
            lifecycle.unlock();
        }
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
        lifecycle.lock();
        try {
            removeHolding(volumes);
        } finally {
            lifecycle.unlock();
        }
    }

    private void removeHolding(boolean volumes) {
        if (isGone()) {
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
        removed.accept(this);
        streams.closed();
        tell("destroy", Map.of());
    }

    /// Goes on where an earlier process of ours stopped.
    void recover(@Nullable Sandbox sandbox) {
        lifecycle.lock();
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
            lifecycle.unlock();
        }
    }

    StandardStreams streams() {
        return streams;
    }

    /// Waits until it does not run, ends the next time, or is removed.
    ///
    /// @param abandoned whether nobody wants to know any more; asked at each change and [#wake]
    void await(String condition, int seen, BooleanSupplier abandoned) throws InterruptedException {
        standing.await(() -> abandoned.getAsBoolean() || switch (condition) {
            case "removed" -> false;
            case "next-exit" -> ends() > seen;
            default -> run == null && record().state().phase() != DockerRecord.Phase.RESTARTING;
        });
    }

    /// Lets those who wait ask again whether anybody still wants to know.
    void wake() {
        standing.wake();
    }

    int ends() {
        return standing.ends();
    }

    void rename(String name) {
        update(record().named(name));
        tell("rename", Map.of());
    }

    void tell(String action, Map<String, String> more) {
        Map<String, String> attributes = new HashMap<>(more);
        attributes.put("image", record().image());
        attributes.put("name", record().name());
        record().config().path("Labels").properties().forEach(label -> attributes.put(label.getKey(), label.getValue().asString("")));
        house.events().publish(new DockerEvents.Event("container", action, id(), Map.copyOf(attributes), house.now()));
    }

    private void requireThere() {
        if (isGone() || record().state().phase() == DockerRecord.Phase.REMOVING) {
            throw new DockerFailure(409, "container " + id() + " is marked for removal");
        }
    }

    private void update(DockerRecord next) {
        standing.update(next);
    }
}
