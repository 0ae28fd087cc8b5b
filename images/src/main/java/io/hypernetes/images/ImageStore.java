package io.hypernetes.images;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The images of one node. Durable, crash-safe, safe for use by many threads; two pulls of one image share the work.
public interface ImageStore extends AutoCloseable {

    /// Brings an image from its registry, verified by digest, layers converted to disk images.
    ///
    /// @param reference as a user writes it: `busybox`, `127.0.0.1:5000/a/b:tag`, `repo@sha256:…`
    /// @param credentials for the registry; null for anonymous
    /// @throws ImageException with the registry's own reason
    Image pull(String reference, @Nullable RegistryCredentials credentials, PullProgress progress);

    /// Loads the images of a docker-archive or an OCI layout (a tar file, or a folder for the latter) and gives them their names.
    ///
    /// @param name name for an image that the file leaves nameless; null when the file must name them
    List<Image> load(Path file, @Nullable String name, PullProgress progress);

    /// The image that a reference, image id (`sha256:…`, or a unique prefix of its hex) or repo digest names.
    Optional<Image> find(String nameOrId);

    List<Image> list();

    /// Removes a name, or with an id the image and all its names; layers that nothing uses go with it. Idempotent.
    ///
    /// @throws ImageException when a lease holds it
    void remove(String nameOrId);

    /// Keeps an image and its layers from removal as long as the lease named `holder` stands; durable. Idempotent.
    void lease(String imageId, String holder);

    /// Ends every lease of `holder`. Idempotent.
    void release(String holder);

    /// Bytes and inodes that the store uses, and where.
    Usage usage();

    @Override
    void close();

    /// @param folder the store's folder
    record Usage(Path folder, long bytes, long inodes) {}
}
