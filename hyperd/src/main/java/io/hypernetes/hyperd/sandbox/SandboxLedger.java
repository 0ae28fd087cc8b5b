package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.telemetry.Step;
import java.util.List;
import java.util.function.UnaryOperator;

/// What is known of a sandbox: its record, which is in the journal before anybody sees it. Safe for use by many threads.
final class SandboxLedger {
    private final Journal journal;

    // Replaced under this.
    private volatile SandboxRecord record;

    SandboxLedger(SandboxRecord record, Journal journal) {
        this.record = record;
        this.journal = journal;
    }

    SandboxRecord record() {
        return record;
    }

    synchronized void update(UnaryOperator<SandboxRecord> change) {
        SandboxRecord next = change.apply(record);
        if (!next.equals(record)) {
            journal.write(next);
            record = next;
        }
    }

    /// What is made comes into the journal when all of it is: until then it is found by the sandbox's id.
    synchronized void note(UnaryOperator<SandboxRecord> change) {
        if (record.phase() == SandboxRecord.Phase.MAKING) {
            record = change.apply(record);
        } else {
            update(change);
        }
    }

    /// All of it is made.
    ///
    /// @param steps how, which is kept with it in the same write
    synchronized void becomeReady(UnaryOperator<SandboxRecord> change, List<Step> steps) {
        SandboxRecord next = change.apply(record);
        journal.write(next, steps);
        record = next;
    }
}
