package io.hypernetes.hypervisor;

import java.util.Optional;

/// A copy of a template that waits for its pod. For use by one thread at a time.
public interface ParkedMachine {

    /// What to keep in a journal in order to [Hypervisor#adopt] the machine, released or not.
    MachineRecord record();

    /// Lets it run.
    ///
    /// @param hostMemoryLimitMib limit of the hypervisor process's cgroup, in MiB; 0 for none
    /// @throws HypervisorException when that fails; the machine is destroyed then
    Machine release(int hostMemoryLimitMib);

    /// Why it has ended; empty while it waits.
    Optional<String> ended();

    /// Ends it at once and removes its process, sockets, cgroup and folder. Idempotent.
    void destroy();
}
