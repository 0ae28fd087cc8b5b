package io.hypernetes.hypervisor;

import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// One virtual machine. Safe for use by many threads.
public interface Machine {

    /// What to keep in a journal in order to [Hypervisor#adopt] this machine later.
    MachineRecord record();

    /// Connects to the guest's byte stream (a listening unix socket held open by the hypervisor process, so that any number of
    /// successive connections is possible, one at a time).
    SocketChannel connectGuest();

    /// Replaces the content of the machine's one read-only slot by the given files joined end to end, in order. A caller only ever
    /// appends: the files given before come first again. The guest sees the same disk with more behind what it knew.
    ///
    /// @param layers files whose sizes are multiples of 4096 bytes
    void appendLayers(List<Path> layers);

    /// Lets the guest see a volume larger while it runs. The file may have that size already; one that is larger stays so. Idempotent.
    ///
    /// @param serial of the volume, see [MachineSpec.Volume]
    /// @param bytes its size from now on, a multiple of 4096
    /// @return false when it has no such volume, or was started by a version that could not do this
    boolean growVolume(String serial, long bytes);

    /// Stops all virtual CPUs.
    void pause();

    /// Lets them run again.
    void resume();

    /// Whether its virtual CPUs are stopped.
    boolean isPaused();

    /// Memory and time that the machine costs the host now.
    MachineUsage usage();

    /// Ends the machine at once and removes its process, sockets, cgroup and folder. Idempotent.
    void destroy();

    /// Waits until the machine's process has ended, by itself or by [#destroy].
    ///
    /// @return why it ended; empty when the timeout passed first
    Optional<String> awaitExit(Duration timeout) throws InterruptedException;

    /// Whether its process was ended by a fault of its own (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGSYS), which its guest may have brought about on
    /// purpose. Known once [#awaitExit] has told the end; false when only another process of ours could have learned how it ended.
    boolean crashed();
}
