package io.hypernetes.store;

import java.util.List;

/// What a commit did.
///
/// @param revision the one revision of all its operations
/// @param entries for each operation in order the entry as written, or for a deletion the last state of the key
public record Commit(long revision, List<Entry> entries) {

    public Commit {
        entries = List.copyOf(entries);
    }
}
