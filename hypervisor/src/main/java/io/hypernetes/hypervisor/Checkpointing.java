package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.List;

/// A driver's ability to write a machine to a file and to go on from there, also after the machine has ended. Safe for use by many threads.
public interface Checkpointing {

    /// Writes memory and the state of all devices; the disks' content is the caller's to keep. Takes as long as it takes to write the memory
    /// that the guest has used. The file is on disk when this returns.
    ///
    /// @param machine paused, and it stays so; its disks are flushed and not written to until it is resumed. Should this process die
    ///     meanwhile, the machine must be given its layers again before it is resumed
    /// @param layers as last given to [Machine#appendLayers]
    /// @param file made, readable by its owner alone; must not exist
    /// @return what [#load] must be told of it
    /// @throws HypervisorException when it cannot be written; the machine can be resumed all the same
    SavedMachine save(Machine machine, List<Path> layers, Path file);

    /// Brings a machine back to where it can be resumed after the process that was saving it has died, whatever has become of that.
    ///
    /// @param layers as last given to [Machine#appendLayers]
    void abandon(Machine machine, List<Path> layers);

    /// Makes a machine that waits where the saved one was: no virtual CPU runs.
    ///
    /// @param place of the new machine; its uuid and name may be those of the saved one
    /// @param nic a tap of which the machine gets the descriptor; the hardware address is the saved one's until the guest changes it
    /// @param scratchDisk the content that it had then
    /// @param layers as last given to [Machine#appendLayers] then
    /// @throws HypervisorException when that hypervisor's machine cannot run on this one, or the file is damaged; everything made on
    ///     the way is removed
    ParkedMachine load(SavedMachine saved, MachinePlace place, MachineSpec.Nic nic, Path scratchDisk, List<Path> layers, Path file);
}
