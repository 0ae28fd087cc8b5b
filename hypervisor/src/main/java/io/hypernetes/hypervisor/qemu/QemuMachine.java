package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.ExitStatus;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// One QEMU process.
final class QemuMachine implements Machine {
    static final String QMP = "qmp.sock", GUEST = "guest.sock", CONSOLE = "console", ROOT = "root";

    private static final Logger LOG = LoggerFactory.getLogger(QemuMachine.class);
    private static final Duration QMP_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LOOK_AGAIN = Duration.ofHours(1);
    /// `/proc/PID/stat` counts processor time in hundredths of a second, on every machine.
    private static final long NANOS_A_TICK = 10_000_000;
    /// Numbers of x86 and arm64: SIGILL, SIGABRT, SIGBUS, SIGSEGV, SIGSYS.
    private static final Set<Integer> FAULTS = Set.of(4, 6, 7, 11, 31);

    private final MachineRecord record;
    private final HostProcess process;
    private final ConsoleTail console;
    private final Cgroups cgroups;
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private final ReentrantLock conversation = new ReentrantLock();
    private volatile boolean crashed;

    QemuMachine(MachineRecord record, HostProcess process, ConsoleTail console, Cgroups cgroups) {
        this.record = record;
        this.process = process;
        this.console = console;
        this.cgroups = cgroups;
    }

    /// A machine of an earlier engine, whose process this is by its pid, its start time and the host's boot.
    ///
    /// @param patience how long it may take to say who it is. One that says nothing, as it may be on a busy host when an engine of many machines
    ///     comes back, is adopted all the same: who its guest is will be asked of the guest
    /// @throws IOException when it is another machine or nobody can steer it any more
    /// @throws RuntimeException when that could not be found out here and now
    static QemuMachine adopt(MachineRecord record, HostProcess process, Cgroups cgroups, Duration patience) throws IOException, InterruptedException {
        Path pipe = record.folder().resolve(CONSOLE);
        if (!Files.exists(pipe)) {
            throw new NoSuchFileException(pipe.toString(), null, "what leads to the machine has been removed");
        }
        ConsoleTail console = ConsoleTail.of(pipe);
        boolean adopted = false;
        try {
            QemuMachine machine = new QemuMachine(record, process, console, cgroups);
            try {
                machine.recognise(patience);
            } catch (SocketTimeoutException silent) {
                LOG.warn("event=machine-silent name={} pid={} error=\"{}\" effect=\"it is adopted all the same\"", record.name(), record.pid(), silent.getMessage());
            }
            console.follow(record.name());
            adopted = true;
            return machine;
        } finally {
            if (!adopted) {
                // Who tries again reads it alone.
                console.discard();
            }
        }
    }

    /// Asks the process behind the control socket who it is.
    void recognise(Duration timeout) throws IOException, InterruptedException {
        recognise(timeout, qmp -> {});
    }

    /// As [#recognise(Duration)], and goes on with the conversation when it is the right one.
    void recognise(Duration timeout, Steps then) throws IOException, InterruptedException {
        try (Qmp qmp = Qmp.open(record.folder().resolve(QMP), timeout)) {
            String uuid = qmp.execute("query-uuid", Map.of()).path("UUID").asString("");
            if (!uuid.equalsIgnoreCase(record.uuid().toString())) {
                throw new IOException("the machine on " + record.folder() + " is " + uuid + ", not " + record.uuid());
            }
            then.run(qmp);
        }
    }

    /// Waits for the end of the process from now on, so that it is reaped and told at once.
    void watch() {
        Thread.ofVirtual().name("machine-" + record.name()).start(() -> {
            try {
                Optional<ExitStatus> status = Optional.empty();
                while (status.isEmpty()) {
                    status = process.awaitExit(LOOK_AGAIN);
                }
                crashed = status.get() instanceof ExitStatus.Signal(int signal) && FAULTS.contains(signal);
                console.awaitEnd(Duration.ofSeconds(1));
                String printed = console.lastLines(8);
                String reason = status.get() + (printed.isEmpty() ? "" : ": " + printed);
                LOG.info("event=machine-ended name={} pid={} status=\"{}\"", record.name(), record.pid(), reason);
                ended.complete(reason);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException failure) {
                ended.completeExceptionally(failure);
            }
        });
    }

    @Override
    public MachineRecord record() {
        return record;
    }

    @Override
    public SocketChannel connectGuest() {
        Path path = record.folder().resolve(GUEST);
        return UnixSocket.withShortPath(path, fitting -> {
            try {
                return SocketChannel.open(UnixDomainSocketAddress.of(fitting));
            } catch (IOException failure) {
                throw new HypervisorException("connecting to the guest channel of machine " + record.name() + " at " + path + ": "
                        + failure.getMessage() + ended.getNow("").transform(r -> r.isEmpty() ? "" : " (it ended: " + r + ")"), failure);
            }
        });
    }

    @Override
    public void appendLayers(List<Path> layers) {
        steer("giving layers to", qmp -> LayerDisk.replace(qmp, layers));
    }

    @Override
    public boolean growVolume(String serial, long bytes) {
        boolean[] there = {false};
        steer("growing disk " + serial + " of", qmp -> {
            String node = QemuCommand.volumeNode(serial);
            for (JsonNode found : qmp.execute("query-named-block-nodes", Map.of("flat", true))) {
                if (found.path("node-name").asString("").equals(node)) {
                    if (found.path("image").path("virtual-size").asLong() < bytes) {
                        qmp.execute("block_resize", Map.of("node-name", node, "size", bytes));
                    }
                    there[0] = true;
                }
            }
        });
        return there[0];
    }

    @Override
    public void pause() {
        steer("pausing", qmp -> qmp.execute("stop", Map.of()));
    }

    @Override
    public void resume() {
        steer("resuming", qmp -> qmp.execute("cont", Map.of()));
    }

    @Override
    public boolean isPaused() {
        String[] status = {""};
        steer("asking for the state of", qmp -> status[0] = qmp.execute("query-status", Map.of()).path("status").asString(""));
        return status[0].equals("paused");
    }

    interface Steps {
        void run(Qmp qmp) throws IOException, InterruptedException;
    }

    /// As [#steer]; a machine that cannot be steered so is destroyed.
    QemuMachine orDestroyed(String what, Steps steps) {
        boolean good = false;
        try {
            steer(what, steps);
            good = true;
            return this;
        } finally {
            if (!good) {
                destroy();
            }
        }
    }

    /// What somebody else makes for this machine, which is destroyed when that fails.
    <T> T orDestroyed(Supplier<T> part) {
        boolean good = false;
        try {
            T made = part.get();
            good = true;
            return made;
        } finally {
            if (!good) {
                destroy();
            }
        }
    }

    /// Runs some commands in one conversation with the control socket.
    void steer(String what, Steps steps) {
        steer(what, QMP_TIMEOUT, steps);
    }

    /// @param timeout for all steps together
    void steer(String what, Duration timeout, Steps steps) {
        conversation.lock();
        try (Qmp qmp = Qmp.open(record.folder().resolve(QMP), timeout)) {
            steps.run(qmp);
        } catch (IOException | RuntimeException failure) {
            String reason = ended.getNow("");
            throw new HypervisorException(what + " machine " + record.name() + ": " + failure.getMessage()
                    + (reason.isEmpty() ? "" : " (it ended: " + reason + ")"), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while " + what + " machine " + record.name(), interrupted);
        } finally {
            conversation.unlock();
        }
    }

    @Override
    public MachineUsage usage() {
        Path proc = Path.of("/proc", Long.toString(record.pid()));
        try {
            long pssKib = Files.readAllLines(proc.resolve("smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
            String stat = Files.readString(proc.resolve("stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long ticks = Long.parseLong(fields[14 - 3]) + Long.parseLong(fields[15 - 3]);
            return new MachineUsage(pssKib * 1024, ticks * NANOS_A_TICK);
        } catch (IOException failure) {
            throw new HypervisorException("reading what machine " + record.name() + " costs: it has ended, or " + failure.getMessage(), failure);
        }
    }

    private interface Ending {
        void run() throws InterruptedException;
    }

    /// Runs the end of something although this thread was interrupted, as whoever gives up a start is: what is left behind half-way is found
    /// by the next engine only. Each wait in it is short.
    private static void all(Ending ending) throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        try {
            ending.run();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void destroy() {
        try {
            all(() -> {
                process.signal(HostProcess.SIGKILL);
                if (awaitExit(END_TIMEOUT).isEmpty()) {
                    throw new HypervisorException("machine " + record.name() + " (pid " + record.pid() + ") does not end after SIGKILL; it is stuck"
                            + " in the host's kernel, see dmesg");
                }
                process.close();
                remove(record.folder(), record.cgroup(), cgroups);
            });
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while destroying machine " + record.name(), interrupted);
        }
    }

    @Override
    public Optional<String> awaitExit(Duration timeout) throws InterruptedException {
        try {
            return Optional.of(ended.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException stillRunning) {
            return Optional.empty();
        } catch (ExecutionException failure) {
            throw new HypervisorException("waiting for the end of machine " + record.name() + ": " + failure.getMessage(), failure);
        }
    }

    @Override
    public boolean crashed() {
        return crashed;
    }

    /// Ends a process that is no machine, or none any more.
    static void kill(HostProcess process) {
        try (process) {
            all(() -> {
                process.signal(HostProcess.SIGKILL);
                process.awaitExit(END_TIMEOUT);
            });
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Removes what is left of a machine: processes in its cgroup, the cgroup, its folder. Idempotent.
    static void remove(Path folder, String cgroup, Cgroups cgroups) {
        try {
            all(() -> cgroups.killAll(cgroup));
            cgroups.remove(cgroup);
            if (Files.exists(folder)) {
                try (Stream<Path> all = Files.walk(folder)) {
                    for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                        Files.deleteIfExists(path);
                    }
                }
            }
        } catch (IOException | UncheckedIOException failure) {
            throw new HypervisorException("removing what is left of a machine in " + folder + ": " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while removing what is left of a machine in " + folder, interrupted);
        }
    }
}
