package io.hypernetes.images;

import java.nio.file.Path;

/// A layer as a read-only squashfs file (lz4), whiteouts as overlayfs wants them.
///
/// @param diffId digest of the uncompressed layer tar, `sha256:…`
/// @param file the squashfs file, never changed once it is there
/// @param sizeBytes its length, a multiple of 4096
public record DiskLayer(String diffId, Path file, long sizeBytes) {}
