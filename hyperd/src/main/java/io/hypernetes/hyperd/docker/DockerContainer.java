package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.AttachedClient;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// One Docker container: a sandbox with one container while it runs, a disk and a record while it does not. Safe for use by many threads.
final class DockerContainer {
    private static final Logger LOG = LoggerFactory.getLogger(DockerContainer.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration AFTER_KILL = Duration.ofSeconds(30);
    private static final long LONG_RUN_NANOS = 10_000_000_000L;

    /// A run of it.
    record Run(Sandbox sandbox, Container container) {}

    /// Somebody joined to a run.
    record Joined(Run run, AttachedClient client) {}

    private final DockerHouse house;
    private final Consumer<DockerContainer> removed;
    private final ReentrantLock lifecycle = new ReentrantLock();
    // All below guarded by this.
    private volatile DockerRecord record;
    private volatile @Nullable Run run;
    private volatile boolean gone;
    private int ends;
    private CompletableFuture<Run> nextRun = new CompletableFuture<>();
    private @Nullable ContainerInput input;

    DockerContainer(DockerRecord record, DockerHouse house, Consumer<DockerContainer> removed) {
        this.record = record;
        this.house = house;
        this.removed = removed;
    }

    DockerRecord record() {
        return record;
    }

    String id() {
        return record.id();
    }

    boolean isGone() {
        return gone;
    }

    Run running() {
        Run now = run;
        if (now == null || !record.isRunning()) {
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
            if (record.isRunning()) {
                return false;
            }
            requireThere();
            update(record.with(record.state().stoppedByUser(false).restarted(0)));
            try {
                startHolding();
            } catch (RuntimeException failure) {
                if (record.autoRemove()) {
                    removeHolding();
                }
                throw failure;
            }
            return true;
        } finally {
            lifecycle.unlock();
        }
    }

    private void startHolding() {
        DockerRecord.State before = record.state();
        List<DockerRecord.Published> ports = Wish.ports(record.config(), record.hostConfig());
        SandboxRequest machine = Wish.sandbox(record, ports);
        update(record.with(before.with(DockerRecord.Phase.STARTING)));
        Sandbox sandbox = null;
        try {
            Path disk = house.disk(id());
            if (!Files.exists(disk)) {
                Ext4Disk.make(disk);
            }
            sandbox = house.sandboxes().run(machine, disk);
            Container container = house.sandboxes().create(
                    sandbox,
                    Wish.container(record, machine, house.log(id())),
                    Wish.particulars(record));
            Run made = new Run(sandbox, container);
            CompletableFuture<Run> waited;
            synchronized (this) {
                run = made;
                waited = nextRun;
                nextRun = new CompletableFuture<>();
            }
            // Whoever waits attaches before the first byte: completions run here and now.
            waited.complete(made);
            sandbox.start(container);
            String address = sandbox.record().attachment() == null ? "" : sandbox.record().attachment().addresses().getFirst();
            update(record.with(record.state().running(house.now(), address.split("/")[0], ports)));
            firstSize(made);
            tell("start", Map.of());
            watch(made);
        } catch (RuntimeException failure) {
            LOG.info("event=docker-start-failed container={} error=\"{}\"", id(), failure.getMessage());
            DockerFailure told = told(failure, machine);
            run = null;
            if (sandbox != null) {
                house.sandboxes().remove(sandbox);
            }
            String why = String.valueOf(told.getMessage());
            int code = why.contains("executable file not found") || why.contains("no such file") ? 127
                    : why.contains("permission denied") ? 126 : 128;
            update(record.with(before.ended(
                    before.startedNanos() == 0 ? DockerRecord.Phase.CREATED : DockerRecord.Phase.EXITED, before.finishedNanos(), code, false,
                    why)));
            throw told;
        }
    }

    private DockerFailure told(RuntimeException failure, SandboxRequest machine) {
        String why = String.valueOf(failure.getMessage());
        if (failure instanceof GuestException refused && refused.kind() == GuestException.Kind.REFUSED && refused.step().equals("exec")) {
            return new DockerFailure(400, "failed to start the container's process: " + execRefusal(Wish.argv(record.config()).getFirst(), refused.errno()));
        }
        if (failure instanceof io.hypernetes.network.NetworkException && !machine.ports().isEmpty()) {
            String at = machine.ports().getFirst().hostAddress();
            return new DockerFailure(500, "driver failed programming external connectivity on endpoint " + record.name() + ": Bind for "
                    + (at.isEmpty() ? "0.0.0.0" : at) + ":" + machine.ports().getFirst().hostPort() + " failed: port is already allocated (" + why + ")");
        }
        return failure instanceof DockerFailure known ? known : new DockerFailure(500, why);
    }

    static String execRefusal(String program, int errno) {
        String reason = errno == Errno.ENOENT
                ? program.contains("/") ? "no such file or directory" : "executable file not found in $PATH"
                : errno == Errno.EACCES ? "permission denied" : Errno.name(errno);
        return "exec: \"" + program + "\": " + reason;
    }

    private void firstSize(Run of) {
        int rows = record.hostConfig().path("ConsoleSize").path(0).asInt(0);
        int columns = record.hostConfig().path("ConsoleSize").path(1).asInt(0);
        if (record.config().path("Tty").asBoolean(false) && rows > 0 && columns > 0) {
            try {
                of.sandbox().guest().resizeTty(id(), rows, columns, ANSWER);
            } catch (GuestException | HyperdException ended) {
                LOG.debug("event=docker-not-resized container={}", id());
            }
        }
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
            if (run != of || gone) {
                return;
            }
            ContainerRecord end = of.container().record();
            boolean oom = end.reason().equals("OOMKilled");
            DockerRecord.State state = record.state();
            RestartPolicy policy = RestartPolicy.of(record.hostConfig());
            boolean longRun = house.now() - state.startedNanos() > LONG_RUN_NANOS;
            boolean again = policy.again(end.exitCode(), state.stopped(), state.restarts());
            run = null;
            update(record.with(state.ended(
                    again ? DockerRecord.Phase.RESTARTING : DockerRecord.Phase.EXITED, house.now(), end.exitCode(), oom,
                    end.reason().equals("MachineEnded") ? end.message() : "")));
            synchronized (this) {
                ends++;
                input = null;
                notifyAll();
            }
            tell("die", Map.of("exitCode", Integer.toString(end.exitCode())));
            if (record.autoRemove() && !again) {
                house.sandboxes().remove(of.sandbox());
                removeHolding();
                return;
            }
            house.sandboxes().shutDown(of.sandbox(), Duration.ZERO);
            house.sandboxes().remove(of.sandbox());
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
                synchronized (this) {
                    long until = System.nanoTime() + pause.toNanos();
                    for (long left = pause.toNanos(); left > 0 && record.state().phase() == DockerRecord.Phase.RESTARTING; left = until - System.nanoTime()) {
                        TimeUnit.NANOSECONDS.timedWait(this, left);
                    }
                }
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return;
            }
            lifecycle.lock();
            try {
                if (record.state().phase() == DockerRecord.Phase.RESTARTING && !gone) {
                    update(record.with(record.state().restarted(record.state().restarts() + 1)));
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
            if (of == null && record.state().phase() != DockerRecord.Phase.RESTARTING) {
                return false;
            }
            DockerRecord.State stopped = record.state().stoppedByUser(true);
            update(record.with(of == null ? stopped.with(DockerRecord.Phase.EXITED) : stopped));
        } finally {
            lifecycle.unlock();
        }
        if (of == null) {
            return true;
        }
        if (seconds != 0) {
            signal(of, signal, SignalTarget.FIRST_PROCESS);
        }
        if (seconds == 0 || !of.container().awaitExit(seconds < 0 ? Duration.ofDays(365) : Duration.ofSeconds(seconds))) {
            signal(of, 9, SignalTarget.ALL_PROCESSES);
            if (!of.container().awaitExit(AFTER_KILL)) {
                house.sandboxes().shutDown(of.sandbox(), Duration.ZERO);
            }
        }
        ended(of);
        tell("stop", Map.of());
        return true;
    }

    void kill(int signal) {
        Run of = running();
        if (signal != 9 && of.sandbox().isPaused()) {
            throw new DockerFailure(409, "container " + record.name() + " is paused: unpause it before it can take a signal");
        }
        if (signal == 9) {
            update(record.with(record.state().stoppedByUser(true)));
        }
        signal(of, signal, SignalTarget.FIRST_PROCESS);
        tell("kill", Map.of("signal", Integer.toString(signal)));
    }

    private void signal(Run of, int signal, SignalTarget target) {
        try {
            if (of.sandbox().isPaused()) {
                of.sandbox().resume();
            }
            of.sandbox().guest().signal(id(), signal, target, ANSWER);
        } catch (GuestException failure) {
            if (failure.errno() != Errno.ESRCH) {
                throw failure;
            }
        } catch (HyperdException machineGone) {
            LOG.debug("event=docker-signal-late container={}", id());
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
            throw new DockerFailure(409, "container " + record.name() + " is paused, unpause the container before " + before);
        }
        return now;
    }

    /// Stops time for its whole machine, or lets it go on.
    void pause(boolean yes) {
        lifecycle.lock();
        try {
            Run of = running();
            if (of.sandbox().isPaused() == yes) {
                throw new DockerFailure(409, "container " + record.name() + (yes ? " is already paused" : " is not paused"));
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
            DockerRecord next = record.withHostConfig(Changes.applied(record.hostConfig(), asked));
            Run now = run;
            if (now != null && record.isRunning() && Changes.ofResources(asked)) {
                SandboxRequest limits = Wish.sandbox(next, List.of());
                Run of = unpaused("its limits are changed");
                of.sandbox().updateResources(of.container(), new ContainerRecord.Resources(
                        limits.cpuPeriodMicros(), limits.cpuQuotaMicros(), next.hostConfig().path("CpuShares").asLong(0),
                        limits.memoryBytes(), 0, Map.of()));
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
        if (run != null && record.isRunning()) {
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
            SandboxRequest machine = Wish.sandbox(record, List.of());
            Path disk = house.disk(id());
            if (!Files.exists(disk)) {
                Ext4Disk.make(disk);
            }
            // After a crash it is found without a started container, and removed.
            Sandbox sandbox = house.sandboxes().run(machine, disk);
            try {
                house.sandboxes().create(sandbox, Wish.container(record, machine, house.log(id())), Wish.particulars(record));
                action.act(sandbox.guest());
                house.sandboxes().shutDown(sandbox, Duration.ZERO);
            } finally {
                house.sandboxes().remove(sandbox);
            }
        } finally {
            lifecycle.unlock();
        }
    }

    void remove(boolean force) throws InterruptedException {
        if (run != null) {
            if (!force) {
                throw new DockerFailure(409, "cannot remove container \"/" + record.name()
                        + "\": container is running: stop the container before removing or force remove");
            }
            stop(9, 0);
        }
        lifecycle.lock();
        try {
            removeHolding();
        } finally {
            lifecycle.unlock();
        }
    }

    private void removeHolding() {
        if (gone) {
            return;
        }
        update(record.with(record.state().with(DockerRecord.Phase.REMOVING)));
        try {
            Files.deleteIfExists(house.disk(id()));
            Files.deleteIfExists(house.log(id()));
        } catch (IOException failure) {
            throw new DockerFailure(500, "removing the files of container " + id() + ": " + failure);
        }
        house.images().release("docker-" + id());
        house.journal().remove(id());
        removed.accept(this);
        synchronized (this) {
            gone = true;
            nextRun.cancel(false);
            notifyAll();
        }
        tell("destroy", Map.of());
    }

    /// Goes on where an earlier process of ours stopped.
    void recover(@Nullable Sandbox sandbox) {
        lifecycle.lock();
        try {
            DockerRecord.State state = record.state();
            Container container = sandbox == null || sandbox.containers().isEmpty() ? null : sandbox.containers().getFirst();
            boolean started = container != null && container.record().startedNanos() > 0;
            if (sandbox != null && container != null && started && state.phase() != DockerRecord.Phase.REMOVING) {
                Run found = new Run(sandbox, container);
                run = found;
                if (!record.isRunning()) {
                    String address = sandbox.record().attachment() == null ? "" : sandbox.record().attachment().addresses().getFirst();
                    update(record.with(state.running(container.record().startedNanos(), address.split("/")[0], state.ports())));
                }
                watch(found);
                return;
            }
            if (sandbox != null) {
                house.sandboxes().remove(sandbox);
            }
            switch (state.phase()) {
                case CREATED -> {}
                case REMOVING -> removeHolding();
                case STARTING, RUNNING, RESTARTING, EXITED -> {
                    boolean ran = state.phase() != DockerRecord.Phase.EXITED;
                    boolean again = ran && RestartPolicy.of(record.hostConfig()).again(137, state.stopped(), state.restarts());
                    if (ran) {
                        update(record.with(state.ended(
                                again ? DockerRecord.Phase.RESTARTING : DockerRecord.Phase.EXITED, house.now(),
                                state.phase() == DockerRecord.Phase.RESTARTING ? state.exitCode() : 137, false, "its machine ended while hyperd was not running")));
                    }
                    if (again) {
                        restartLater(Duration.ofMillis(1));
                    } else if (record.autoRemove()) {
                        removeHolding();
                    }
                }
            }
        } finally {
            lifecycle.unlock();
        }
    }

    /// Its present run, or the next one when it does not run.
    synchronized CompletableFuture<Joined> join() {
        Run now = run;
        return now != null && record.isRunning()
                ? CompletableFuture.completedFuture(new Joined(now, now.container().attach()))
                : nextRun.thenApply(next -> new Joined(next, next.container().attach()));
    }

    /// Writes to its standard input; the end of it when `data` is null.
    synchronized void input(Run of, byte @Nullable [] data, int length) throws IOException {
        ContainerInput open = input;
        if (open == null) {
            open = of.sandbox().guest().openInput(id(), ANSWER);
            input = open;
        }
        if (data == null) {
            open.stream().close();
        } else {
            open.stream().write(data, 0, length);
            open.stream().flush();
        }
    }

    /// Waits until it does not run, ends the next time, or is removed.
    ///
    /// @param abandoned asked now and then whether anybody still wants to know
    synchronized void await(String condition, int seen, java.util.function.BooleanSupplier abandoned) throws InterruptedException {
        while (!gone && !abandoned.getAsBoolean()) {
            boolean met = switch (condition) {
                case "removed" -> false;
                case "next-exit" -> ends > seen;
                default -> run == null && record.state().phase() != DockerRecord.Phase.RESTARTING;
            };
            if (met) {
                return;
            }
            wait(1000);
        }
    }

    synchronized int ends() {
        return ends;
    }

    void rename(String name) {
        update(record.named(name));
        tell("rename", Map.of());
    }

    void tell(String action, Map<String, String> more) {
        Map<String, String> attributes = new HashMap<>(more);
        attributes.put("image", record.image());
        attributes.put("name", record.name());
        record.config().path("Labels").properties().forEach(label -> attributes.put(label.getKey(), label.getValue().asString("")));
        house.events().publish(new DockerEvents.Event("container", action, id(), Map.copyOf(attributes), house.now()));
    }

    private void requireThere() {
        if (gone || record.state().phase() == DockerRecord.Phase.REMOVING) {
            throw new DockerFailure(409, "container " + id() + " is marked for removal");
        }
    }

    private synchronized void update(DockerRecord next) {
        house.journal().write(next);
        record = next;
        notifyAll();
    }
}
