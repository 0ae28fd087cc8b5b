package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Writes an OCI image layout from shell scripts, independent of the product's own image code.
final class OciLayout {
    private OciLayout() {}

    /// @param layers each a script run in an empty folder that becomes the layer
    /// @param config the `config` object of the image configuration, as JSON
    static Path write(Path layout, List<String> layers, String config) throws IOException {
        Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
        List<String> diffIds = new ArrayList<>();
        List<String> descriptors = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            Path content = Files.createDirectories(layout.resolve("work" + i));
            Path tar = layout.resolve("layer" + i + ".tar");
            Run.of(Duration.ofMinutes(1), Map.of(), new byte[0], List.of("sh", "-ec",
                    "cd " + content + "\n" + layers.get(i) + "\ntar --numeric-owner --owner=0 --group=0 -cf " + tar + " .")).ok();
            diffIds.add(digest(Files.readAllBytes(tar)));
            Run.of("gzip", "-n", tar.toString()).ok();
            byte[] blob = Files.readAllBytes(Path.of(tar + ".gz"));
            descriptors.add(descriptor("application/vnd.oci.image.layer.v1.tar+gzip", put(blobs, blob), blob.length));
        }
        byte[] configuration = """
                {"architecture":"amd64","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}
                """.formatted(config, diffIds.stream().map(id -> '"' + id + '"').collect(Collectors.joining(","))).getBytes(StandardCharsets.UTF_8);
        byte[] manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}
                """.formatted(descriptor("application/vnd.oci.image.config.v1+json", put(blobs, configuration), configuration.length), String.join(",", descriptors))
                .getBytes(StandardCharsets.UTF_8);
        String entry = descriptor("application/vnd.oci.image.manifest.v1+json", put(blobs, manifest), manifest.length);
        Files.writeString(layout.resolve("index.json"), "{\"schemaVersion\":2,\"manifests\":[" + entry.substring(0, entry.length() - 1)
                + ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"image\"}}]}");
        Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        return layout;
    }

    private static String descriptor(String mediaType, String digest, int size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest, size);
    }

    private static String put(Path blobs, byte[] blob) throws IOException {
        String digest = digest(blob);
        Files.write(blobs.resolve(digest.substring("sha256:".length())), blob);
        return digest;
    }

    private static String digest(byte[] bytes) {
        try {
            return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
