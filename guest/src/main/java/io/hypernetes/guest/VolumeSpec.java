package io.hypernetes.guest;

/// A volume of a pod. Declaring it again with the same kind changes nothing.
///
/// @param name 1 to 128 of `A-Z a-z 0-9 . _ -`, not beginning with `.`
/// @param kind where it lives
/// @param bytes size limit; 0 for half the machine's RAM, and for none on the scratch disk, which must have been formatted with project quotas
/// @param mode permission bits, or [#DEFAULT_MODE]; this and the owner of a `DISK` are on the disk
/// @param uid owner
/// @param gid group; all that is on a `DISK` is given to it, so that it may read and write it, unless it is 0
/// @param keepGroup of a `DISK`: nothing is given when its root is the group's already
public record VolumeSpec(String name, Kind kind, long bytes, int mode, int uid, int gid, boolean keepGroup) {
    /// 0777 for `SCRATCH` and `MEMORY`, 0755 for `FILES`.
    public static final int DEFAULT_MODE = -1;

    public VolumeSpec(String name, Kind kind) {
        this(name, kind, 0, DEFAULT_MODE, 0, 0);
    }

    public VolumeSpec(String name, Kind kind, long bytes, int mode, int uid, int gid) {
        this(name, kind, bytes, mode, uid, gid, false);
    }

    public enum Kind {
        /// A directory on the scratch disk.
        SCRATCH(1),
        /// A tmpfs of its own.
        MEMORY(2),
        /// In memory, filled by [Guest#writeFiles].
        FILES(3),
        /// The file system on the disk whose serial is the volume's name, at most 20 bytes.
        DISK(4);

        final int number;

        Kind(int number) {
            this.number = number;
        }
    }
}
