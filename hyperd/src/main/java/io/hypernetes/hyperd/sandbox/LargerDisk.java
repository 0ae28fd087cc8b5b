package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Errno;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.PodDisks;
import io.hypernetes.hypervisor.Machine;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes a disk larger while the machine that has it runs: the file, what the machine sees of it, and the file system, in this order. Each step can be
/// taken again, so whoever asks again after any failure goes on where it stopped; a machine that is made anew has what the file has.
///
/// The sandbox's lifecycle lock is held.
///
/// @param sandbox that has the disk
record LargerDisk(House house, SandboxRecord sandbox, Machine machine, Guest guest) {
    private static final Logger LOG = LoggerFactory.getLogger(LargerDisk.class);
    // A file system of terabytes on a slow disk.
    private static final Duration GROWING = Duration.ofSeconds(60);

    /// @param volume the pod's name of it
    /// @param bytes at least so large
    void make(String volume, long bytes) {
        PodDisks.Disk disk = house.mounts().disks().get(sandbox.identity().annotations(), volume);
        long size = house.mounts().disks().grow(disk, bytes);
        if (!machine.growVolume(disk.serial(), size)) {
            throw tooOld(volume, null);
        }
        // What no container uses yet grows when it is mounted.
        if (sandbox.volumes().containsKey(disk.serial())) {
            try {
                guest.grow(disk.serial(), size, GROWING);
            } catch (GuestException old) {
                if (old.kind() == GuestException.Kind.REFUSED && old.errno() == Errno.EOPNOTSUPP) {
                    throw tooOld(volume, old);
                }
                throw old;
            }
        }
        LOG.info("event=disk-grown sandbox={} volume={} bytes={}", sandbox.id(), volume, size);
    }

    private HyperdException tooOld(String volume, @Nullable GuestException refusal) {
        String message = "Sandbox " + sandbox.id() + ": its machine was started by a version that cannot grow volume " + volume
                + " while it is in use; it grows when the pod starts anew.";
        return refusal == null
                ? new HyperdException(HyperdException.Kind.UNSUPPORTED, message)
                : new HyperdException(HyperdException.Kind.UNSUPPORTED, message, refusal);
    }
}
