package io.hypernetes.store;

import java.util.List;

/// A part of a range read.
///
/// @param entries ascending by key
/// @param revision the store's state that the entries show; a watch of the range from here misses nothing and repeats nothing
/// @param remaining how many more entries of the range follow; 0 when the page is the last
public record Page(List<Entry> entries, long revision, long remaining) {

    public Page {
        entries = List.copyOf(entries);
    }
}
