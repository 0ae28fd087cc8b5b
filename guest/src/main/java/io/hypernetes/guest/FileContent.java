package io.hypernetes.guest;

/// A file read from the guest.
///
/// @param data what was asked of it: the end or the beginning
/// @param sizeBytes of the whole file
/// @param mode permission bits and file type
public record FileContent(byte[] data, long sizeBytes, int mode) {}
