package io.hypernetes.kubelet.pod;

import io.hypernetes.client.ObjectKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Which images on this node each tenant may use without asking a registry: those that it has pulled here itself, or that were pulled here without any
/// credentials. That an image lies on a node, because another tenant could pull it, gives nobody a right to it. Thread-safe.
///
/// A record that is lost costs a question to the registry, nothing else: so records are empty files, written without ceremony. The operator's own pods use
/// what is there.
final class PulledImages {
    private static final String EVERYBODY = "*";

    private final Path folder;

    PulledImages(Path folder) {
        this.folder = folder;
    }

    /// @param id the runtime's name for the image, which its content decides
    boolean mayUse(String tenant, String id) {
        return tenant.equals(ObjectKey.ROOT) || Files.exists(record(tenant, id)) || Files.exists(record(EVERYBODY, id));
    }

    /// The registry gave the image to a tenant just now.
    ///
    /// @param anonymously whether it asked for no credentials
    void pulled(String tenant, String id, boolean anonymously) {
        try {
            Files.createDirectories(folder);
            Path record = record(anonymously ? EVERYBODY : tenant, id);
            if (!Files.exists(record)) {
                Files.write(record, new byte[0]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("noting in " + folder + " that tenant " + tenant + " pulled an image; check the disk", e);
        }
    }

    private Path record(String tenant, String id) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest((tenant + " " + id).getBytes(StandardCharsets.UTF_8));
            return folder.resolve(HexFormat.of().formatHex(hash));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
