package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.network.Network;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies of templates that have rehearsed and wait for pods. They are made in the background, one at a time, while no pod is being started:
/// a pod that finds none starts as a fresh copy, and has both processors for that. Nothing of them is in the journal; what a killed
/// engine leaves of them belongs to no sandbox and goes with the other leaks. Safe for use by many threads.
final class ParkedCopies implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ParkedCopies.class);
    private static final int MOST_FAILURES = 3;
    private static final int MTU = 1500;
    private static final long END_MILLIS = 60_000;

    private final int most;
    private final Templates templates;
    private final Activity activity;
    private final @Nullable Rehearsal rehearsal;
    private final Network network;
    private final ScratchDisks scratch;
    private final Path machines;
    private final String cgroupParent;
    private final @Nullable Thread parker;

    // Guarded by this.
    private final Deque<ParkedCopy> waiting = new ArrayDeque<>();
    private final Set<String> making = new HashSet<>();
    private final Map<MachineKind, Integer> failures = new HashMap<>();
    private @Nullable MachineKind kind;
    private boolean closed;

    /// @param most how many wait; 0 for none
    /// @param rehearsal null when there can be none
    ParkedCopies(
            int most,
            Templates templates,
            Activity activity,
            @Nullable Rehearsal rehearsal,
            Network network,
            ScratchDisks scratch,
            Path machines,
            String cgroupParent) {
        this.most = rehearsal == null ? 0 : most;
        this.templates = templates;
        this.activity = activity;
        this.rehearsal = rehearsal;
        this.network = network;
        this.scratch = scratch;
        this.machines = machines;
        this.cgroupParent = cgroupParent;
        this.parker = rehearsal == null || most == 0 ? null : Thread.ofVirtual().name("parker").start(() -> park(rehearsal));
    }

    /// A copy for a pod that needs such a machine and disk; it is the caller's from now on.
    Optional<ParkedCopy> claim(MachineKind wanted, long scratchBytes) {
        if (parker == null || scratchBytes != MachineSizes.DEFAULT_SCRATCH_BYTES) {
            return Optional.empty();
        }
        ParkedCopy found = null;
        synchronized (this) {
            kind = wanted;
            for (ParkedCopy copy : waiting) {
                if (copy.template().kind().equals(wanted)) {
                    found = copy;
                    break;
                }
            }
            if (found != null) {
                waiting.remove(found);
            }
            notifyAll();
        }
        if (found != null && found.machine().ended().isPresent()) {
            LOG.warn("event=parked-copy-ended machine={} why=\"{}\"", found.id(), found.machine().ended().get());
            remove(found.id(), found.machine());
            return Optional.empty();
        }
        return Optional.ofNullable(found);
    }

    /// A pod is being started: no copy is made meanwhile, nor shortly after the last [#quiet].
    void busy() {
        activity.begin();
    }

    void quiet() {
        activity.end();
    }

    /// The ids of those that wait or are being made.
    synchronized Set<String> ids() {
        Set<String> ids = new TreeSet<>(making);
        waiting.forEach(copy -> ids.add(copy.id()));
        return ids;
    }

    /// Whether a folder, disk or cgroup of that name belongs to a copy that waits or is being made.
    synchronized boolean holds(String id) {
        return making.contains(id) || waiting.stream().anyMatch(copy -> copy.id().equals(id));
    }

    int most() {
        return most;
    }

    synchronized int waiting() {
        return waiting.size();
    }

    private void park(Rehearsal by) {
        try {
            while (true) {
                Template template = awaitNeed();
                parkOne(by, template);
            }
        } catch (InterruptedException closing) {
            LOG.debug("event=parking-ended");
        }
    }

    /// Waits until a copy is wanted and nothing else is going on.
    private Template awaitNeed() throws InterruptedException {
        while (true) {
            awaitWanted();
            activity.awaitQuiet(Long.MAX_VALUE);
            Optional<Template> still = wanted();
            if (still.isPresent()) {
                return still.get();
            }
        }
    }

    private synchronized void awaitWanted() throws InterruptedException {
        while (wanted().isEmpty()) {
            wait();
        }
    }

    /// The template of which one more copy is wanted.
    private synchronized Optional<Template> wanted() {
        MachineKind wanted = kind;
        return wanted == null || failures.getOrDefault(wanted, 0) >= MOST_FAILURES || !isRoomFor(wanted) ? Optional.empty() : templates.ready(wanted);
    }

    private boolean isRoomFor(MachineKind wanted) {
        return waiting.size() < most || waiting.stream().anyMatch(copy -> !copy.template().kind().equals(wanted));
    }

    /// A template has been made.
    synchronized void templateReady() {
        notifyAll();
    }

    private void parkOne(Rehearsal by, Template template) throws InterruptedException {
        String id = Identities.id();
        UUID uuid = UUID.randomUUID();
        ParkedCopy superfluous = null;
        synchronized (this) {
            making.add(id);
            if (waiting.size() >= most) {
                superfluous = waiting.stream().filter(copy -> !copy.template().kind().equals(template.kind())).findFirst().orElse(null);
                waiting.remove(superfluous);
            }
        }
        if (superfluous != null) {
            remove(superfluous.id(), superfluous.machine());
        }
        ParkedMachine parked = null;
        boolean kept = false;
        long begin = System.nanoTime();
        try (Network.Tap tap = network.openSpareTap(id).orElse(null)) {
            if (tap == null) {
                giveUp(template.kind());
                return;
            }
            Path disk = scratch.make(id, MachineSizes.DEFAULT_SCRATCH_BYTES);
            parked = template.park(
                    new MachinePlace(uuid, id, machines.resolve(id), cgroupParent), new MachineSpec.Nic(tap.descriptor(), ""), disk,
                    machine -> by.run(machine, id, MTU));
            synchronized (this) {
                if (!closed) {
                    waiting.add(new ParkedCopy(id, uuid, template, parked, by.layers()));
                    failures.remove(template.kind());
                    kept = true;
                }
            }
            LOG.info("event=copy-parked machine={} vcpus={} memory-mib={} millis={}",
                    id, template.kind().vcpus(), template.kind().memoryMib(), (System.nanoTime() - begin) / 1_000_000);
        } catch (RuntimeException failure) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LOG.warn("event=copy-not-parked machine={} error=\"{}\" effect=\"pods start as fresh copies\"", id, failure.getMessage());
            synchronized (this) {
                failures.merge(template.kind(), 1, Integer::sum);
            }
        } finally {
            if (!kept) {
                remove(id, parked);
            }
            synchronized (this) {
                making.remove(id);
            }
        }
    }

    private synchronized void giveUp(MachineKind wanted) {
        LOG.info("event=no-parked-copies reason=\"this network has no spare taps\"");
        failures.put(wanted, MOST_FAILURES);
    }

    private void remove(String id, @Nullable ParkedMachine machine) {
        try {
            if (machine != null) {
                machine.destroy();
            }
            scratch.remove(id);
        } catch (HypervisorException | java.io.UncheckedIOException failure) {
            LOG.warn("event=parked-copy-not-removed machine={} error=\"{}\" next=\"the next start of hyperd removes it\"", id, failure.getMessage());
        }
    }

    /// Ends all that wait.
    @Override
    public void close() {
        Thread parking = parker;
        if (parking == null) {
            return;
        }
        synchronized (this) {
            closed = true;
        }
        parking.interrupt();
        try {
            parking.join(END_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        while (true) {
            ParkedCopy one;
            synchronized (this) {
                one = waiting.poll();
            }
            if (one == null) {
                return;
            }
            remove(one.id(), one.machine());
        }
    }
}
