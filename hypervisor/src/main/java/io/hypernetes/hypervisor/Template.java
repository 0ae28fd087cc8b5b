package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.function.Supplier;

/// A machine that has booted and stands still, from which copies start. Safe for use by many threads.
public interface Template extends AutoCloseable {

    MachineKind kind();

    /// Host memory that it holds, in bytes; copies share it.
    long bytes();

    /// Whether the hypervisor processes of its copies have secrets of their own process in common (layout of addresses, stack canary), so that
    /// whoever finds those of one knows those of all.
    boolean sharesSecrets();

    /// Starts a copy: its guest goes on where the template's stopped.
    ///
    /// @param nic a tap of which the copy gets the descriptor. The hardware address is the template's
    ///     until the guest changes it, whatever `nic` says
    /// @param scratchDisk makes the raw file that the guest may write, or waits for it; asked for when the copy's process is there. What it throws is
    ///     thrown, perhaps as the cause of another exception
    /// @param hostMemoryLimitMib limit of the hypervisor process's cgroup, in MiB, to which is added what a copy may use more than a machine
    ///     that has booted; 0 for none
    /// @throws HypervisorException when it cannot be made; everything made on the way is removed
    Machine copy(MachinePlace place, MachineSpec.Nic nic, Supplier<Path> scratchDisk, int hostMemoryLimitMib);

    /// Gives the memory back when the last copy has ended. Copies run on; no more can be made. Idempotent.
    @Override
    void close();
}
