package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.SavedMachine;
import java.util.List;

/// A pod as it was at one instant, but for what is in its memory and on its disk.
///
/// @param format of the files; 1 so far
/// @param createdNanos since 1970
/// @param sandbox as it was then
/// @param containers those that could be seen, each with the position of its log
/// @param machine what kind of machine goes on with it
/// @param memoryBytes size of the file with memory and devices
/// @param memoryDigest of that file
/// @param diskDigest of the writable disk
public record Checkpoint(
        int format,
        String name,
        long createdNanos,
        SandboxRecord sandbox,
        List<ContainerRecord> containers,
        SavedMachine machine,
        long memoryBytes,
        String memoryDigest,
        String diskDigest) {

    static final int FORMAT = 1;

    public Checkpoint {
        containers = List.copyOf(containers);
    }
}
