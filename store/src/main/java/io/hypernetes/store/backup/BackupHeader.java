package io.hypernetes.store.backup;

import java.time.Instant;

/// What a backup is of.
///
/// @param created when it was begun
/// @param tenant whose it is; empty for one of everything
/// @param revision the state of the store that it shows; no entry in it is newer
public record BackupHeader(Instant created, String tenant, long revision) {

    /// Whether it is of the whole store.
    public boolean whole() {
        return tenant.isEmpty();
    }
}
