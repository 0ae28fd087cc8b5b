package io.hypernetes.images;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The images of one node. Durable, crash-safe, safe for use by many threads; two pulls of one image share the work.
public interface ImageStore extends AutoCloseable {

    /// Brings an image from its registry, verified by digest, layers converted to disk images.
    ///
    /// @param reference as a user writes it: `busybox`, `127.0.0.1:5000/a/b:tag`, `repo@sha256:…`
    /// @param credentials for the registry; null for those of the settings, or none
    /// @param requester who named the image, and so the registry
    /// @throws ImageException with the registry's own reason
    Image pull(String reference, @Nullable RegistryCredentials credentials, Requester requester, PullProgress progress);

    /// Loads the images of a docker-archive or an OCI layout (a tar file, or a folder for the latter) and gives them their names.
    ///
    /// @param name name for an image that the file leaves nameless; null when the file must name them
    List<Image> load(Path file, @Nullable String name, PullProgress progress);

    /// Writes images as one tar archive, which [#load] and other tools read. All that can be known to be missing is told before the
    /// first byte is written.
    ///
    /// @param names names or ids; an image that is named keeps that name in the archive, one given by id all its names
    /// @throws ImageException NOT_FOUND when there is no such image or its layers as they came are not kept
    /// @throws IOException when `out` cannot be written
    void save(List<String> names, ArchiveFormat format, OutputStream out) throws IOException;

    /// Makes an image of another one and a layer on top of it, as `docker commit` does.
    ///
    /// @param base name or id
    /// @param layer a tar in the form of an image's layer, not compressed; it may be removed afterwards
    /// @param configuration gives the new image's OCI configuration when it is told the layer's diff id
    /// @param name name with tag to give it; null for none
    /// @throws ImageException NOT_FOUND when there is no such image or its layers as they came are not kept, CORRUPT when the layer is none
    Image derive(String base, Path layer, Function<String, byte[]> configuration, @Nullable String name);

    /// Gives an image one more name; the name leaves the image that had it. Idempotent.
    ///
    /// @throws ImageException NOT_FOUND, or INVALID_REFERENCE when `name` goes by digest
    void tag(String nameOrId, String name);

    /// The image that a reference, image id (`sha256:…`, or a unique prefix of its hex) or repo digest names.
    Optional<Image> find(String nameOrId);

    List<Image> list();

    /// The OCI configuration of an image as it came, JSON.
    ///
    /// @throws ImageException NOT_FOUND
    byte[] configuration(String imageId);

    /// Removes a name, or with an id the image and all its names; layers that nothing uses go with it. Idempotent.
    ///
    /// @throws ImageException when a lease holds it
    void remove(String nameOrId);

    /// Removes the images that no lease holds and that are meant.
    ///
    /// @param meant asked once of each that could go; quick, as the store waits for it
    /// @return what was removed
    List<Image> prune(Predicate<Image> meant);

    /// Keeps an image and its layers from removal as long as the lease named `holder` stands; durable. Idempotent.
    void lease(String imageId, String holder);

    /// Who holds a lease: for whoever comes back and looks for those of his that stand for nothing any more.
    Set<String> holders();

    /// Ends every lease of `holder`. Idempotent.
    void release(String holder);

    /// Bytes and inodes that the store uses, and where.
    Usage usage();

    @Override
    void close();

    /// How [#save] writes.
    enum ArchiveFormat {
        /// OCI image layout, blobs as they came: every digest stays. Holds a `manifest.json` too, for tools that read docker-archives.
        OCI,
        /// docker-archive of any age: layers uncompressed. The image id stays; digests of manifests do not exist in it.
        DOCKER
    }

    /// @param folder the store's folder
    record Usage(Path folder, long bytes, long inodes) {}
}
