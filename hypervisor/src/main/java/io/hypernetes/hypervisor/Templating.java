package io.hypernetes.hypervisor;

import java.nio.file.Path;

/// A driver's ability to start machines as copies of one that has booted already. Safe for use by many threads.
public interface Templating {

    /// Boots a machine of this kind, lets `rest` bring its guest to where copies shall begin, and keeps it or its memory and the state of its
    /// devices. Takes as long as a boot.
    ///
    /// @param kind what copies will be
    /// @param place of the machine; its folder and cgroup may live as long as the template
    /// @param scratchDisk raw file that the guest may write until it is at rest; it is the caller's again when this returns, and may have grown,
    ///     by a hole at its end, to the size that the guests of all copies see
    /// @param rest returns when the guest waits on its channel with nothing in it that belongs to one pod, and uses none of its disks
    /// @throws HypervisorException when it cannot be made, or `rest` failed; everything made on the way is removed
    Template make(MachineKind kind, MachinePlace place, Path scratchDisk, Rest rest);

    /// Brings the guest of a running machine to rest.
    @FunctionalInterface
    interface Rest {
        /// Whatever it connects to the machine it closes again. Any exception gives the machine up.
        void bring(Machine machine);
    }
}
