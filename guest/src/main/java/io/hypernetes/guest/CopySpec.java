package io.hypernetes.guest;

import org.jspecify.annotations.Nullable;

/// Files to be copied out of or into a container as a tar archive, by the guest itself: the image needs no program for it. The
/// container may run or not; one that does not is shown with all its mounts too.
///
/// The process ends with code 0, or with what went wrong in a sentence on standard error and [#FAILED], [#NOT_FOUND],
/// [#WRONG_KIND] or [#BAD_ARCHIVE].
///
/// @param container the container's id
/// @param path absolute: what is copied out (of a symbolic link the link itself), or the folder to copy into
/// @param name out: name of the archive's first entry; empty for the last part of the path
/// @param keepKinds in: refuse to replace a folder by something else, and the other way round
/// @param owner in: to whom everything belongs; null for whom the archive says
public record CopySpec(
        String container, Direction direction, String path, String name, boolean keepKinds, @Nullable Owner owner) {

    /// Something failed, for instance a write to a read-only file system.
    public static final int FAILED = 1;
    /// The path is not there.
    public static final int NOT_FOUND = 2;
    /// A folder where there must be none, or none where there must be one.
    public static final int WRONG_KIND = 3;
    /// What came is no archive that is understood.
    public static final int BAD_ARCHIVE = 4;

    /// Which way.
    public enum Direction {
        /// The archive is standard output.
        OUT(1),
        /// The archive is standard input; close it behind the end.
        IN(2),
        /// Only says what is there; see [Guest#fileStatus].
        STATUS(3),
        /// The whole root as an archive; of what is mounted in it, empty folders and files.
        EXPORT(4),
        /// What the container wrote, as a layer of an image.
        LAYER(5),
        /// The paths that are not as in the image: `A` (added), `C` (changed) or `D` (removed), the path, NUL.
        CHANGES(6);

        final int number;

        Direction(int number) {
            this.number = number;
        }
    }

    /// @param uid user
    /// @param gid group
    public record Owner(long uid, long gid) {}

    /// What is at a path of a container, as an archive.
    public static CopySpec out(String container, String path) {
        return new CopySpec(container, Direction.OUT, path, "", false, null);
    }

    /// Of a container as a whole: [Direction#EXPORT], [Direction#LAYER], [Direction#CHANGES].
    public static CopySpec whole(String container, Direction direction) {
        return new CopySpec(container, direction, "/", "", false, null);
    }

    /// An archive put into a folder of a container.
    public static CopySpec into(String container, String folder) {
        return new CopySpec(container, Direction.IN, folder, "", false, null);
    }
}
