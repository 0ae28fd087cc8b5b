package io.hypernetes.hypervisor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A kernel that came as a tree of files, as in an image: `/boot/vmlinuz*`, `/boot/config-VERSION`, `/lib/modules/VERSION`. The tree is
/// somebody else's: no link in it is followed out of it.
///
/// @param image the one kernel
/// @param version as its name or its modules' folder say
/// @param modules folder of its modules; need not exist, for a kernel that has everything built in
/// @param config what it was built with; need not exist
record KernelTree(Path image, String version, Path modules, Path config) {
    /// Lets virtio devices be named on the kernel's command line, so that ACPI is not needed to find them.
    private static final String NAMED_DEVICES = "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y";
    private static final long LARGEST_IMAGE = 256L << 20;

    /// @throws HypervisorException when there is no kernel in it, or more than one
    static KernelTree of(Path tree) throws IOException {
        Path boot = tree.resolve("boot");
        List<Path> images = files(boot, "vmlinuz");
        if (images.size() != 1) {
            throw new HypervisorException("a kernel is one file /boot/vmlinuz*, and there " + (images.isEmpty() ? "is none" : "are " + images.size() + ": "
                    + String.join(", ", images.stream().map(file -> String.valueOf(file.getFileName())).toList())));
        }
        Path image = images.getFirst();
        if (Files.size(image) > LARGEST_IMAGE) {
            throw new HypervisorException("its kernel " + image.getFileName() + " has " + Files.size(image) + " bytes, which is more than " + LARGEST_IMAGE);
        }
        Path all = Files.isDirectory(tree.resolve("lib/modules"), LinkOption.NOFOLLOW_LINKS) ? tree.resolve("lib/modules") : tree.resolve("usr/lib/modules");
        String name = String.valueOf(image.getFileName());
        String version = name.startsWith("vmlinuz-") ? name.substring("vmlinuz-".length()) : onlyFolder(all);
        return new KernelTree(image, version, all.resolve(version), boot.resolve("config-" + version));
    }

    boolean hasModules() {
        return isInside(modules.resolve("modules.dep"));
    }

    boolean needsAcpi() throws IOException {
        return !isInside(config) || Files.readAllLines(config).stream().noneMatch(NAMED_DEVICES::equals);
    }

    private static boolean isInside(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static List<Path> files(Path folder, String prefix) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> String.valueOf(entry.getFileName()).startsWith(prefix)).filter(KernelTree::isInside).sorted().toList();
        }
    }

    private static String onlyFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> entries = Files.list(folder)) {
                List<Path> folders = entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)).toList();
                if (folders.size() == 1) {
                    return String.valueOf(folders.getFirst().getFileName());
                }
            }
        }
        return "unknown";
    }
}
