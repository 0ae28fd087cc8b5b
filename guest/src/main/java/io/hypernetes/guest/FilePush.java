package io.hypernetes.guest;

import java.util.List;

/// Files for a volume of kind `FILES`; 8 MiB at most in all.
///
/// @param volume made when it is not there
/// @param files what is written
/// @param layout how
public record FilePush(String volume, List<File> files, Layout layout) {

    public FilePush {
        files = List.copyOf(files);
    }

    public enum Layout {
        /// The files are a complete set, swapped in at once in the `..data` layout; equal content is not rewritten.
        ATOMIC,
        /// Each file is written in place, others stay: for single files mounted by subPath.
        PLAIN
    }

    /// @param path relative, without empty, `.` and `..` parts
    /// @param mode permission bits; with [#FOLDER] it is a folder, with [#LINK] a symbolic link to what `data` says (both only in the
    ///     plain layout)
    /// @param data content; not copied
    public record File(String path, int mode, byte[] data, int uid, int gid) {
        public static final int FOLDER = 0040000;
        public static final int LINK = 0120000;

        public File(String path, byte[] data) {
            this(path, 0644, data, 0, 0);
        }
    }
}
