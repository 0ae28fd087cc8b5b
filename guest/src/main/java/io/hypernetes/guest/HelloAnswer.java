package io.hypernetes.guest;

import java.util.List;
import java.util.Set;

/// What the guest says of itself.
///
/// @param version of hyperstart
/// @param kernel as `uname -r`
/// @param uptimeNanos since the kernel started
/// @param phases when each phase of the start was reached
/// @param capabilities such as `cgroup2`, `squashfs`
public record HelloAnswer(String version, String kernel, long uptimeNanos, List<Phase> phases, Set<String> capabilities) {

    public HelloAnswer {
        phases = List.copyOf(phases);
        capabilities = Set.copyOf(capabilities);
    }

    /// @param name `init`, `modules`, `mounts`, `port`, `attached`, `network`, `plan` or `started`
    /// @param atNanos since the kernel started
    public record Phase(String name, long atNanos) {}
}
