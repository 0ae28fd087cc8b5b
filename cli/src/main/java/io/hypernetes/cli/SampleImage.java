package io.hypernetes.cli;

import io.hypernetes.images.ImageArchive;
import io.hypernetes.images.ImageConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A small ordinary image for a first pod, assembled from Debian's busybox-static; no registry is asked.
final class SampleImage {
    static final String NAME = "hypernetes.io/sample/busybox:1";

    private static final Path BUSYBOX = Path.of("/usr/bin/busybox");
    private static final Path BUSYBOX_OLD = Path.of("/bin/busybox");

    private SampleImage() {}

    /// Writes it as an OCI layout in a tar, unless it is there.
    static Path write(Path file) throws IOException {
        if (Files.exists(file)) {
            return file;
        }
        Path busybox = Files.exists(BUSYBOX) ? BUSYBOX : BUSYBOX_OLD;
        if (!Files.exists(busybox)) {
            throw new IOException("there is no busybox; install the package busybox-static");
        }
        ImageArchive image = new ImageArchive(NAME, new ImageConfig(
                List.of(), List.of("sh"), List.of("PATH=/usr/bin:/bin:/usr/sbin:/sbin"), "", "/", "", List.of(), List.of(), Map.of()));
        image.file("bin/busybox", 0755, busybox);
        for (String applet : applets(busybox)) {
            if (!applet.equals("busybox")) {
                image.symbolicLink("bin/" + applet, "busybox");
            }
        }
        image.file("etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".getBytes(StandardCharsets.US_ASCII));
        image.file("etc/group", 0644, "root:x:0:\nnogroup:x:65534:\n".getBytes(StandardCharsets.US_ASCII));
        image.folder("root", 0700).folder("tmp", 01777).folder("var/tmp", 01777);
        Files.createDirectories(file.getParent());
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        image.writeTo(unfinished);
        Files.move(unfinished, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        return file;
    }

    private static List<String> applets(Path busybox) throws IOException {
        Process list = new ProcessBuilder(busybox.toString(), "--list").start();
        try (InputStream names = list.getInputStream()) {
            return new String(names.readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
        }
    }
}
