package io.hypernetes.hyperd.sandbox;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Kernels out of images, a folder each: `tree`, what the image has below /boot and /lib/modules; `cache`, what is made of it; `verdict`, what a boot has
/// shown. Everything in it can be made again. For one thread at a time.
final class KernelFolder {
    private static final String TREE = "tree", CACHE = "cache", VERDICT = "verdict";
    private static final List<String> WANTED = List.of("boot/vmlinuz*", "boot/config*", "lib/modules", "usr/lib/modules");
    private static final int MINUTES = 5;

    private final Path folder;

    KernelFolder(Path folder) {
        this.folder = folder;
    }

    private Path of(String imageId) {
        return folder.resolve(imageId.replaceAll("[^a-z0-9]", "-"));
    }

    Path cache(String imageId) {
        return of(imageId).resolve(CACHE);
    }

    /// What a boot has shown: empty text when nothing is missing. Absent when it was not tried with such a hyperstart.
    Optional<String> verdict(String imageId, String stamp) throws IOException {
        Path file = of(imageId).resolve(VERDICT);
        if (!Files.exists(file) || !Files.isDirectory(of(imageId).resolve(TREE))) {
            return Optional.empty();
        }
        String[] lines = Files.readString(file).split("\n", 2);
        return lines.length == 2 && lines[0].equals(stamp) ? Optional.of(lines[1]) : Optional.empty();
    }

    void keep(String imageId, String stamp, String lacks) throws IOException {
        Path next = Files.writeString(of(imageId).resolve(VERDICT + ".next"), stamp + "\n" + lacks);
        Files.move(next, of(imageId).resolve(VERDICT), StandardCopyOption.ATOMIC_MOVE);
    }

    /// The tree of an image, unpacked now unless it is there.
    ///
    /// @param layers squashfs files, the lowest first
    Path unpacked(String imageId, List<Path> layers) throws IOException, InterruptedException {
        Path tree = of(imageId).resolve(TREE);
        if (Files.isDirectory(tree)) {
            return tree;
        }
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        Path fresh = of(imageId).resolve(TREE + ".next");
        deleteAll(fresh);
        Files.createDirectories(fresh);
        for (Path layer : layers) {
            unpack(layer, fresh);
            removeWhiteouts(fresh);
        }
        Files.move(fresh, tree, StandardCopyOption.ATOMIC_MOVE);
        return tree;
    }

    /// A layer that has none of the wanted files is none to complain of.
    private static void unpack(Path layer, Path into) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "unsquashfs", "-no-progress", "-quiet", "-no-xattrs", "-force", "-processors", "1", "-dest", into.toString(), layer.toString()));
        command.addAll(WANTED);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            byte[] printed = process.getInputStream().readNBytes(8 << 10);
            process.getInputStream().transferTo(OutputStream.nullOutputStream());
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                throw new IOException("unsquashfs did not end within " + MINUTES + " minutes on " + layer);
            }
            if (process.exitValue() == 1) {
                throw new IOException("unsquashfs of " + layer + ": " + new String(printed, StandardCharsets.UTF_8).strip());
            }
        } finally {
            process.destroyForcibly();
        }
    }

    // Overlayfs' sign for a file of a lower layer that is gone is a device with number 0.
    private static void removeWhiteouts(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                boolean plain = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
                if (!plain) {
                    // Links are not followed either: what they lead to may be anything of the host.
                    Files.delete(path);
                }
            }
        } catch (UncheckedIOException failure) {
            throw failure.getCause();
        }
    }

    private static void deleteAll(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }
}
