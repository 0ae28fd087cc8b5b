package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestListener;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.Templating;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The templates of a node, made in the background, one at a time, when a machine of their kind is first asked for
/// and no pod is being started; beyond a few kinds, that which was not asked for for the longest time makes room. A pod never waits for
/// one and never fails for one. Safe for use by many threads.
final class Templates implements AutoCloseable {
    /// Begins the names of machines that become templates; no sandbox is called so.
    private static final String NAME = "template-";

    private static final Logger LOG = LoggerFactory.getLogger(Templates.class);
    private static final int MOST = 4;
    /// So that something is left to those who share.
    private static final int MOST_OWNED = MOST - 1;
    private static final int MOST_FAILURES = 3;
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /// Pods that start one after another without a pause need a template all the more.
    private static final long PATIENCE_NANOS = 15_000_000_000L;
    /// A template that was asked for a shorter time ago is not given up for one of another kind: each costs a boot.
    private static final long IN_USE_NANOS = 60_000_000_000L;
    /// A kind whose templates failed too often is tried again after so long: the reason may have been the host's.
    private static final long AGAIN_NANOS = 600_000_000_000L;
    /// What copies have in common, nobody shall have longer to find out than this, nor more copies to find it out with.
    private static final long MOST_AGE_NANOS = 86_400_000_000_000L;
    private static final int MOST_COPIES = 1000;

    private final @Nullable Templating templating;
    private final Activity activity;
    private final GuestDoor door;
    private final ScratchDisks scratch;
    private final @Nullable Rehearsal rehearsal;
    private final Path machines;
    private final String cgroupParent;
    private final Duration bootDeadline;
    private final LongSupplier nanoTime;
    private final LinkedBlockingQueue<TemplateKind> wanted = new LinkedBlockingQueue<>();
    private final AtomicLong copies = new AtomicLong();
    private final AtomicLong coldStarts = new AtomicLong();
    private final AtomicLong crashed = new AtomicLong();
    private final AtomicLong renewed = new AtomicLong();
    /// Names of machines that are or become templates. What is called so and is not among them was left behind.
    private final Set<String> machineNames = ConcurrentHashMap.newKeySet();
    private final @Nullable Thread maker;

    // Guarded by this. A kind that is being made has no template yet.
    private final Map<TemplateKind, Optional<Kept>> known = new HashMap<>();
    private final Map<TemplateKind, Long> lastAsked = new HashMap<>();
    private final Map<TemplateKind, Failures> failures = new HashMap<>();
    private final Crashes crashes = new Crashes();
    private boolean closed;

    /// @param templating null when templates are not wanted or the hypervisor makes none
    /// @param rehearsal what their guests do before they rest; null when that cannot be
    /// @param nanoTime as [System#nanoTime]
    Templates(
            @Nullable Templating templating,
            Activity activity,
            GuestDoor door,
            ScratchDisks scratch,
            @Nullable Rehearsal rehearsal,
            Path machines,
            String cgroupParent,
            Duration bootDeadline,
            LongSupplier nanoTime) {
        this.templating = templating;
        this.activity = activity;
        this.nanoTime = nanoTime;
        this.door = door;
        this.scratch = scratch;
        this.rehearsal = rehearsal;
        this.machines = machines;
        this.cgroupParent = cgroupParent;
        this.bootDeadline = bootDeadline;
        this.maker = templating == null ? null : Thread.ofVirtual().name("templates").start(() -> makeAll(templating));
    }

    /// A template and what became of it; guarded by the lock of [Templates].
    private static final class Kept {
        final TemplateKind kind;
        final Template template;
        final String name;
        final long madeAt;
        int copies;
        /// Whether another is being made that will take its place.
        boolean renewing;

        Kept(TemplateKind kind, Template template, String name, long madeAt) {
            this.kind = kind;
            this.template = template;
            this.name = name;
            this.madeAt = madeAt;
        }

        boolean isDue(long now) {
            return !renewing && (copies >= MOST_COPIES || now - madeAt >= MOST_AGE_NANOS);
        }
    }

    /// @param count since the last good copy
    /// @param last when, as [System#nanoTime]
    private record Failures(int count, long last) {}

    /// What a start may use.
    sealed interface Choice {
        record Copy(Template template) implements Choice {}

        /// @param why a few words
        record Cold(String why) implements Choice {}
    }

    /// Whether pods start from templates when they can. Where they never do, a cold start is nothing to tell.
    boolean areOn() {
        return templating != null;
    }

    /// What a machine of this kind is to start from; a template that is missing, or has served long enough, is made behind this.
    ///
    /// @param tenant whose machine it will be
    Choice choose(TemplateKind kind, String tenant) {
        if (templating == null) {
            return new Choice.Cold("templates are off");
        }
        Optional<Kept> unused = Optional.empty();
        synchronized (this) {
            long now = nanoTime.getAsLong();
            if (crashes.bars(tenant, now)) {
                return new Choice.Cold("copies of its tenant crashed " + Crashes.MOST_BY_TENANT + " times within half an hour");
            }
            Optional<Kept> found = known.get(kind);
            if (found != null) {
                lastAsked.put(kind, now);
                found.filter(kept -> kept.isDue(now)).ifPresent(kept -> {
                    kept.renewing = true;
                    wanted.add(kind);
                });
                return found.<Choice>map(kept -> new Choice.Copy(kept.template)).orElse(new Choice.Cold("its template is still being made"));
            }
            Failures before = failures.getOrDefault(kind, new Failures(0, 0));
            if (before.count() >= MOST_FAILURES && now - before.last() < AGAIN_NANOS) {
                return new Choice.Cold("its template failed " + before.count() + " times; it is tried again within ten minutes");
            }
            if (crashes.pauseNanos(kind, now) > 0) {
                return new Choice.Cold("copies of several templates of its kind crashed; another is made within ten minutes");
            }
            if (!kind.owner().isEmpty() && known.keySet().stream().filter(other -> !other.owner().isEmpty()).count() >= MOST_OWNED) {
                unused = removeUnused(other -> !other.owner().isEmpty());
                if (unused.isEmpty()) {
                    return new Choice.Cold("there are " + MOST_OWNED + " templates of tenants that share none, all in use");
                }
            } else if (known.size() >= MOST) {
                unused = removeUnused(_ -> true);
                if (unused.isEmpty()) {
                    return new Choice.Cold("there are " + MOST + " templates of other kinds, all in use");
                }
            }
            lastAsked.put(kind, now);
            known.put(kind, Optional.empty());
            wanted.add(kind);
        }
        unused.ifPresent(this::giveUp);
        return new Choice.Cold("the first of its kind: its template is made next");
    }

    /// The template that nobody has asked for for the longest time makes room; empty when all are in use.
    private Optional<Kept> removeUnused(Predicate<TemplateKind> among) {
        Optional<TemplateKind> oldest = known.entrySet().stream()
                .filter(entry -> among.test(entry.getKey()))
                .filter(entry -> entry.getValue().filter(kept -> !kept.renewing).isPresent())
                .map(Map.Entry::getKey)
                .min(Comparator.comparingLong(kind -> lastAsked.getOrDefault(kind, Long.MIN_VALUE)));
        if (oldest.isEmpty() || nanoTime.getAsLong() - lastAsked.getOrDefault(oldest.get(), 0L) < IN_USE_NANOS) {
            return Optional.empty();
        }
        lastAsked.remove(oldest.get());
        return Objects.requireNonNull(known.remove(oldest.get()));
    }

    // Takes a while, so never while others are kept from choosing. What cannot be closed ends with the engine.
    private void giveUp(Kept kept) {
        Template template = kept.template;
        try {
            template.close();
        } catch (RuntimeException failure) {
            LOG.warn("event=template-not-closed kernel={} vcpus={} memory-mib={} error=\"{}\" effect=\"its memory is held until this process ends\"",
                    template.kind().kernel().version(), template.kind().vcpus(), template.kind().memoryMib(), failure.getMessage());
        } finally {
            machineNames.remove(kept.name);
        }
    }

    /// The names of the machines that are templates, or become such.
    Set<String> machineNames() {
        return Set.copyOf(machineNames);
    }

    /// The template of this kind when there is one now. Asks for none.
    synchronized Optional<Template> ready(TemplateKind kind) {
        return serving(kind).map(kept -> kept.template);
    }

    // The caller holds the lock.
    private Optional<Kept> serving(TemplateKind kind) {
        return known.getOrDefault(kind, Optional.empty());
    }

    // The caller holds the lock. There are few.
    private Optional<Kept> kept(Template template) {
        return known.values().stream().flatMap(Optional::stream).filter(kept -> kept.template == template).findFirst();
    }

    /// A copy did not come up: the template is given up, and made again when it is next asked for. However many of its copies fail, that is
    /// one failure.
    void failed(Template template) {
        Optional<Kept> given;
        synchronized (this) {
            given = kept(template);
            given.ifPresent(kept -> {
                remove(kept);
                countFailure(kept.kind);
            });
        }
        given.ifPresent(this::giveUp);
    }

    /// A copy that had come up was ended by a fault of its hypervisor's, which its guest may have brought about in order to learn what all
    /// copies of the template have in common. It makes no more of them; another is made, but not for ever at the wish of one tenant.
    void crashed(Template template, String tenant) {
        if (!template.sharesSecrets()) {
            return;
        }
        Optional<Kept> given;
        synchronized (this) {
            long now = nanoTime.getAsLong();
            crashes.add(tenant, now);
            given = kept(template);
            given.ifPresent(kept -> {
                crashes.lost(kept.kind, now);
                remove(kept);
                if (!kept.renewing && crashes.pauseNanos(kept.kind, now) == 0) {
                    known.put(kept.kind, Optional.empty());
                    lastAsked.put(kept.kind, now);
                    wanted.add(kept.kind);
                }
            });
        }
        if (given.isPresent()) {
            crashed.incrementAndGet();
            LOG.warn("event=template-retired kernel={} vcpus={} memory-mib={} tenant={} reason=\"a copy crashed\"",
                    template.kind().kernel().version(), template.kind().vcpus(), template.kind().memoryMib(), tenant);
        }
        given.ifPresent(this::giveUp);
    }

    // The caller holds the lock. One that is being renewed has its successor under way.
    private void remove(Kept kept) {
        TemplateKind kind = kept.kind;
        if (kept.renewing) {
            known.put(kind, Optional.empty());
        } else {
            known.remove(kind);
            lastAsked.remove(kind);
        }
    }

    // The caller holds the lock.
    private void countFailure(TemplateKind kind) {
        long now = nanoTime.getAsLong();
        // Owners come and go.
        failures.entrySet().removeIf(failed -> !failed.getKey().equals(kind) && now - failed.getValue().last() >= AGAIN_NANOS);
        int before = failures.getOrDefault(kind, new Failures(0, 0)).count();
        failures.put(kind, new Failures(before + 1, now));
    }

    /// A copy came up.
    void copied(Template template) {
        copies.incrementAndGet();
        synchronized (this) {
            kept(template).ifPresent(kept -> {
                failures.remove(kept.kind);
                kept.copies++;
            });
        }
    }

    void startedCold() {
        coldStarts.incrementAndGet();
    }

    /// How machines were started since this process runs, and what is ready.
    Map<String, Long> counts() {
        synchronized (this) {
            return Map.of(
                    "copies", copies.get(),
                    "coldStarts", coldStarts.get(),
                    "crashedTemplates", crashed.get(),
                    "renewedTemplates", renewed.get(),
                    "templates", known.values().stream().filter(Optional::isPresent).count(),
                    "templateBytes", known.values().stream().flatMap(Optional::stream).mapToLong(kept -> kept.template.bytes()).sum());
        }
    }

    private void makeAll(Templating by) {
        try {
            while (true) {
                TemplateKind kind = wanted.take();
                activity.awaitQuiet(PATIENCE_NANOS);
                make(by, kind);
            }
        } catch (InterruptedException closing) {
            LOG.debug("event=templates-closed");
        }
    }

    private void make(Templating by, TemplateKind kind) throws InterruptedException {
        UUID uuid = UUID.randomUUID();
        String name = NAME + uuid;
        machineNames.add(name);
        boolean made = false;
        try {
            Template template = by.make(
                    kind.machine(), new MachinePlace(uuid, name, machines.resolve(name), cgroupParent), scratch.make(name, MachineSizes.SMALLEST_SCRATCH_BYTES, false),
                    machine -> rest(machine, name));
            made = true;
            Kept kept = new Kept(kind, template, name, nanoTime.getAsLong());
            Optional<Kept> over;
            synchronized (this) {
                over = closed ? Optional.of(kept) : serving(kind);
                if (!closed) {
                    known.put(kind, Optional.of(kept));
                }
            }
            over.filter(old -> old != kept).ifPresent(old -> renewed.incrementAndGet());
            over.ifPresent(this::giveUp);
        } catch (RuntimeException failure) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LOG.warn("event=template-failed kernel={} vcpus={} memory-mib={} tenant={} error=\"{}\" effect=\"pods of this kind start cold\"",
                    kind.machine().kernel().version(), kind.machine().vcpus(), kind.machine().memoryMib(), kind.owner(), failure.getMessage());
            Optional<Kept> old;
            synchronized (this) {
                // One that had served long enough serves no longer because there is no other.
                old = serving(kind);
                countFailure(kind);
                known.remove(kind);
                lastAsked.remove(kind);
            }
            old.ifPresent(this::giveUp);
        } finally {
            scratch.remove(name);
            if (!made) {
                machineNames.remove(name);
            }
        }
    }

    // Nobody is attached any more, and nothing of what was said to it is left.
    private void rest(Machine machine, String name) {
        Rehearsal.Ending ending = new Rehearsal.Ending();
        try (Guest guest = door.attach(machine, name, Guest.Freshness.JUST_BOOTED, ending, bootDeadline)) {
            guest.hello(ANSWER);
            if (rehearsal != null) {
                rehearsal.run(machine, guest, ending);
            }
        }
    }

    @Override
    public void close() {
        Thread making = maker;
        List<Kept> left;
        synchronized (this) {
            closed = true;
            left = known.values().stream().flatMap(Optional::stream).toList();
            known.clear();
        }
        left.forEach(this::giveUp);
        if (making != null) {
            making.interrupt();
            try {
                making.join(bootDeadline);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Nothing happens in a guest without containers.
    static final class Deaf implements GuestListener {
        @Override
        public void exited(ContainerExit exit) {}

        @Override
        public void outOfMemory(String container, long kills) {}

        @Override
        public void disconnected(GuestException why) {}
    }
}
