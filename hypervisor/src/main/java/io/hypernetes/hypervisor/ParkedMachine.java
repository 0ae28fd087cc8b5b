package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.Optional;

/// A copy of a template that waits for its pod. For use by one thread at a time.
public interface ParkedMachine {

    /// What to keep in a journal in order to [Hypervisor#adopt] the machine, released or not.
    MachineRecord record();

    /// Gives it what is its own and lets it run.
    ///
    /// @param scratchDisk raw file that the guest may write
    /// @param hostMemoryLimitMib limit of the hypervisor process's cgroup, in MiB; 0 for none
    /// @throws HypervisorException when that fails; the machine is destroyed then
    Machine release(Path scratchDisk, int hostMemoryLimitMib);

    /// Why it has ended; empty while it waits.
    Optional<String> ended();

    /// Ends it at once and removes its process, sockets, cgroup and folder. Idempotent.
    void destroy();
}
