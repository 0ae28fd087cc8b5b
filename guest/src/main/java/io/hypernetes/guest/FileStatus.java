package io.hypernetes.guest;

/// What is at a path; of a symbolic link, the link itself.
///
/// @param mode kind and permissions as in `st_mode` of stat(2)
/// @param modifiedNanos since 1970
/// @param target where a symbolic link leads; empty for all else
public record FileStatus(int mode, long size, long modifiedNanos, long uid, long gid, String target) {}
