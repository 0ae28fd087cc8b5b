package io.hypernetes.hypervisor;

import java.nio.file.Path;

/// The memory and device state of a machine that has booted, unchangeable, from which copies start. Safe for use by many threads.
public interface Template extends AutoCloseable {

    MachineKind kind();

    /// Host memory that it holds, in bytes; copies share it.
    long bytes();

    /// Makes a copy that waits: everything is restored, no virtual CPU runs.
    ///
    /// @param nic a tap of which the copy gets the descriptor. The hardware address is the template's
    ///     until the guest changes it, whatever `nic` says
    /// @param scratchDisk raw file that the guest may write
    /// @param rest what the copy's guest does before it waits. It has run when this returns
    /// @throws HypervisorException when it cannot be made; everything made on the way is removed
    ParkedMachine park(MachinePlace place, MachineSpec.Nic nic, Path scratchDisk, Templating.Rest rest);

    /// Gives the memory back when the last copy has ended. Copies run on; no more can be made. Idempotent.
    @Override
    void close();
}
