package io.hypernetes.hypervisor;

/// A driver's ability to start machines as copies of one that has booted already. Safe for use by many threads.
public interface Templating {

    /// Boots a machine of this kind, lets `rest` bring its guest to where copies shall begin, and keeps its memory and the state of its
    /// devices; the machine itself ends. Takes as long as a boot.
    ///
    /// @param kind what copies will be
    /// @param place of the machine while it boots; nothing is left there
    /// @param rest returns when the guest waits on its channel with nothing in it that belongs to one pod
    /// @throws HypervisorException when it cannot be made, or `rest` failed; everything made on the way is removed
    Template make(MachineKind kind, MachinePlace place, Rest rest);

    /// Brings the guest of a running machine to rest.
    @FunctionalInterface
    interface Rest {
        /// What is at rest as soon as it runs.
        Rest AT_ONCE = machine -> {};

        /// Whatever it connects to the machine it closes again. Any exception gives the machine up.
        void bring(Machine machine);
    }
}
