package io.hypernetes.guest;

/// A file to be read from a container or a volume.
///
/// @param container id, or empty when it is in a volume
/// @param volume name, or empty when it is in a container
/// @param path absolute in a container, relative in a volume
/// @param limitBytes at most so many bytes, up to 1 MiB; 0 for 1 MiB
/// @param part which end of a longer file
public record FileRequest(String container, String volume, String path, long limitBytes, Part part) {

    public enum Part {
        FIRST_BYTES,
        LAST_BYTES
    }

    /// The last bytes of a file of a container.
    public static FileRequest tail(String container, String path, long limitBytes) {
        return new FileRequest(container, "", path, limitBytes, Part.LAST_BYTES);
    }
}
