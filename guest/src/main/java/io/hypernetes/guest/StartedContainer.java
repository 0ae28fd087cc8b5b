package io.hypernetes.guest;

import java.util.List;

/// A container whose first process runs.
///
/// @param pid process id in the guest
/// @param startedNanos nanoseconds since 1970, by the guest's clock
/// @param uid user of the first process
/// @param gid group of the first process
/// @param groups supplementary groups
public record StartedContainer(int pid, long startedNanos, long uid, long gid, List<Long> groups) {

    public StartedContainer {
        groups = List.copyOf(groups);
    }
}
