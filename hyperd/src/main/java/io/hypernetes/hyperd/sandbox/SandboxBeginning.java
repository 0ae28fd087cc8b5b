package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.network.Attachment;
import io.hypernetes.telemetry.Step;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// How a sandbox comes by its machine: by starting one, copying one, or taking over one that runs since an earlier process of ours. Whoever calls holds the
/// sandbox's lifecycle lock.
final class SandboxBeginning {
    private final House house;
    private final SandboxLedger ledger;
    private final Tether tether;
    private final Standstill standstill;
    private final BiConsumer<Machine, String> ended;
    private final BiConsumer<String, ContainerEvent.Kind> tell;

    // Not in the journal: of interest while the start is.
    private volatile String coldReason = "";
    // Not in the journal: no template survives the engine.
    private volatile @Nullable Template origin;

    /// @param ended called without the lock when the machine has ended by itself, with why
    /// @param tell told what becomes of which container or sandbox
    SandboxBeginning(
            House house,
            SandboxLedger ledger,
            Tether tether,
            Standstill standstill,
            BiConsumer<Machine, String> ended,
            BiConsumer<String, ContainerEvent.Kind> tell) {
        this.house = house;
        this.ledger = ledger;
        this.tether = tether;
        this.standstill = standstill;
        this.ended = ended;
        this.tell = tell;
    }

    void placed(Attachment attachment) {
        ledger.note(current -> current.withAttachment(attachment));
    }

    void started(Machine running) {
        tether.hold(running);
        ledger.note(current -> current.withMachine(running.record()));
    }

    Guest firstSession(Duration deadline) {
        GuestLine line = tether.requireLine();
        line.open(Guest.Freshness.JUST_BOOTED, deadline);
        return line.session(Duration.ZERO);
    }

    /// Its machine is booted and no copy.
    void startedCold(String why) {
        coldReason = why;
    }

    /// Why it is; empty when it is a copy, or was started by an earlier process.
    String coldReason() {
        return coldReason;
    }

    /// Its machine is a copy.
    void copiedFrom(Template template) {
        origin = template;
    }

    void giveUpMachine(UUID next) {
        origin = null;
        tether.destroy();
        ledger.update(current -> current.withMachine(null).withMachineId(next));
    }

    void ready(Map<String, Long> phases, List<Step> steps) {
        ledger.becomeReady(current -> current.withPhases(phases).withPhase(SandboxRecord.Phase.READY, ""), steps);
        Template template = origin;
        tether.watch((which, why) -> {
            // Whatever becomes of the sandbox meanwhile.
            if (template != null && which.crashed()) {
                house.templates().crashed(template, SandboxBoot.tenant(ledger.record()));
            }
            ended.accept(which, why);
        });
        tell.accept(ledger.record().id(), ContainerEvent.Kind.STARTED);
    }

    /// Takes over a machine that runs on since an earlier process of ours.
    void adopted(Machine running) {
        tether.hold(running);
        standstill.meet(running);
        tether.watch(ended::accept);
        tether.requireLine().openInBackground();
    }

    /// Waits for the first session with an adopted machine.
    void awaitGuest(Duration timeout) {
        tether.session(timeout);
    }
}
