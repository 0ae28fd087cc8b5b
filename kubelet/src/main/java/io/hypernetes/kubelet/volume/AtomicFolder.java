package io.hypernetes.kubelet.volume;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A folder whose files change all at once: they lie in a version folder, `..data` points to the present one, and every
/// top-level name is a link through `..data`. Readers see the old set or the new one, never a mixture.
public final class AtomicFolder {
    private static final String DATA = "..data";

    private AtomicFolder() {}

    /// A file to be there.
    ///
    /// @param mode permission bits such as 0644
    public record Content(byte[] bytes, int mode) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Content that && mode == that.mode && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes) * 31 + mode;
        }
    }

    /// Makes the folder hold exactly these files.
    ///
    /// @param files by relative path; paths that leave the folder are refused
    /// @param version a name that no version of this folder had before, such as a timestamp
    /// @param group whose the files are; null for the group of who writes them
    /// @return false when it held them already
    public static boolean write(Path folder, Map<String, Content> files, String version, @Nullable Integer group) throws IOException {
        for (String path : files.keySet()) {
            Path relative = Path.of(path);
            if (relative.isAbsolute() || path.isEmpty() || path.startsWith("..") || !relative.normalize().equals(relative)) {
                throw new VolumeException("the path \"" + path + "\" may not leave the volume or begin with \"..\"");
            }
        }
        Files.createDirectories(folder);
        Path link = folder.resolve(DATA);
        Path before = Files.isSymbolicLink(link) ? folder.resolve(Files.readSymbolicLink(link)) : null;
        if (before != null && Files.isDirectory(before) && read(before).equals(new TreeMap<>(files))) {
            return false;
        }
        Path fresh = folder.resolve(".." + version);
        remove(fresh);
        Files.createDirectories(fresh);
        for (Map.Entry<String, Content> file : files.entrySet()) {
            Path path = fresh.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue().bytes());
            Files.setPosixFilePermissions(path, permissions(file.getValue().mode()));
            if (group != null) {
                Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
            }
        }
        Path swap = folder.resolve("..data_tmp");
        Files.deleteIfExists(swap);
        Files.createSymbolicLink(swap, fresh.getFileName());
        Files.move(swap, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        links(folder, files.keySet());
        if (before != null) {
            remove(before);
        }
        return true;
    }

    private static void links(Path folder, Set<String> paths) throws IOException {
        Set<String> tops = new HashSet<>();
        for (String path : paths) {
            tops.add(Path.of(path).getName(0).toString());
        }
        for (String top : tops) {
            Path link = folder.resolve(top);
            if (!Files.isSymbolicLink(link)) {
                Files.createSymbolicLink(link, Path.of(DATA, top));
            }
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                if (!name.startsWith("..") && !tops.contains(name)) {
                    Files.delete(entry);
                }
            }
        }
    }

    private static Map<String, Content> read(Path version) throws IOException {
        Map<String, Content> files = new TreeMap<>();
        Files.walkFileTree(version, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                int mode = 0;
                for (PosixFilePermission permission : Files.getPosixFilePermissions(file)) {
                    mode |= bit(permission);
                }
                files.put(version.relativize(file).toString(), new Content(Files.readAllBytes(file), mode));
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    /// Removes a tree; nothing there is fine.
    public static void remove(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, java.io.@org.jspecify.annotations.Nullable IOException failure) throws IOException {
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission permission : PosixFilePermission.values()) {
            if ((mode & bit(permission)) != 0) {
                permissions.add(permission);
            }
        }
        return permissions;
    }

    /// The enum runs from OWNER_READ (0400) to OTHERS_EXECUTE (0001).
    private static int bit(PosixFilePermission permission) {
        return 0400 >> permission.ordinal();
    }
}
