package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.Optional;

/// Starts and adopts virtual machines. Safe for use by many threads.
public interface Hypervisor extends AutoCloseable {

    /// What `doctor` and node status print, for example `qemu 7.2.22, microvm, tcg (KVM unusable: …)`.
    String description();

    /// Whether guests' instructions are translated by a program, because the host's processors cannot run them.
    default boolean emulates() {
        return false;
    }

    /// Boots a machine. Returns when its process runs, its control socket answers and the guest channel accepts
    /// connections; whether the guest inside has come up is for the caller to see on that channel.
    ///
    /// @throws HypervisorException when it cannot be started; everything made on the way is removed
    Machine start(MachineSpec spec);

    /// How machines are started as copies; empty when this driver cannot.
    default Optional<Templating> templating() {
        return Optional.empty();
    }

    /// How machines are written to files and go on from there; empty when this driver cannot.
    default Optional<Checkpointing> checkpointing() {
        return Optional.empty();
    }

    /// Takes over a machine that an earlier process of ours started, if it is still that same machine (pid, process start time
    /// and QMP uuid agree). Empty when it has ended; its remains are then removed.
    Optional<Machine> adopt(MachineRecord machine);

    /// Removes what an interrupted [#start] with these values in its spec may have left, of which no record was made: processes, cgroup and
    /// folder. Nothing happens when there is nothing; a machine that runs there is ended. [#start] itself does this first.
    void removeRemains(String name, Path folder, String cgroupParent);

    /// Stops following machines; running machines keep running.
    @Override
    void close();
}
