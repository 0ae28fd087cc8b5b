package io.hypernetes.store;

import java.util.List;

/// What a commit did.
///
/// @param revision the one revision of all its operations
/// @param entries for each put and deletion in order (checks have none) the entry as written; for a deletion the key's last
/// state, with the revision of the deletion
public record Commit(long revision, List<Entry> entries) {

    public Commit {
        entries = List.copyOf(entries);
    }
}
