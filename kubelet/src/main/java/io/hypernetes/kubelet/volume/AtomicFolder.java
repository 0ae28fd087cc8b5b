package io.hypernetes.kubelet.volume;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A folder whose files change all at once: they lie in a version folder, `..data` points to the present one, and every
/// top-level name is a link through `..data`. Readers see the old set or the new one, never a mixture.
public final class AtomicFolder {
    private static final String DATA = "..data";
    /// So deep the runtime reads a folder.
    private static final int MOST_DEPTH = 32;

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
    /// @param files by relative path; paths that leave the folder, or lead too deep, are refused
    /// @param version a name that no version of this folder had before, such as a timestamp
    /// @param group whose the files are; null for the group of who writes them
    /// @return false when it held them already
    public static boolean write(Path folder, Map<String, Content> files, String version, @Nullable Integer group) throws IOException {
        files.keySet().forEach(AtomicFolder::check);
        Files.createDirectories(folder);
        Path link = folder.resolve(DATA);
        Path before = Files.isSymbolicLink(link) ? folder.resolve(Files.readSymbolicLink(link)) : null;
        if (before != null && Files.isDirectory(before) && holds(before, files)) {
            return false;
        }
        Path fresh = folder.resolve(".." + version);
        removeVersions(folder, before);
        try {
            fill(fresh, files, group);
        } catch (IOException | RuntimeException failure) {
            // It is tried again and again, each time under another name.
            removeVersions(folder, before);
            throw failure;
        }
        Path swap = folder.resolve("..data_tmp");
        Files.createSymbolicLink(swap, fresh.getFileName());
        Files.move(swap, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        links(folder, files.keySet());
        removeVersions(folder, fresh);
        return true;
    }

    private static void fill(Path version, Map<String, Content> files, @Nullable Integer group) throws IOException {
        Files.createDirectories(version);
        for (Map.Entry<String, Content> file : files.entrySet()) {
            Path path = version.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue().bytes());
            Files.setPosixFilePermissions(path, permissions(file.getValue().mode()));
            if (group != null) {
                Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /// Also those that were begun by who died.
    private static void removeVersions(Path folder, @Nullable Path kept) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                if (name.startsWith("..") && !name.equals(DATA) && !entry.equals(kept)) {
                    remove(entry);
                }
            }
        }
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

    private static void check(String path) {
        try {
            Path relative = Path.of(path);
            if (relative.isAbsolute() || path.isEmpty() || path.startsWith("..") || !relative.normalize().equals(relative)) {
                throw new VolumeException("the path \"" + path + "\" may not leave the volume or begin with \"..\"");
            }
            if (relative.getNameCount() > MOST_DEPTH) {
                throw new VolumeException("the path \"" + path + "\" leads through more than " + MOST_DEPTH + " folders, the most that a guest is given");
            }
        } catch (InvalidPathException wrong) {
            throw new VolumeException("the path \"" + path + "\" cannot be a file's: " + wrong.getReason(), wrong);
        }
    }

    /// Whether these files are there and no others. Read one by one, and only as far as they are alike.
    private static boolean holds(Path version, Map<String, Content> files) throws IOException {
        for (Map.Entry<String, Content> file : files.entrySet()) {
            if (!isSame(version.resolve(file.getKey()), file.getValue())) {
                return false;
            }
        }
        try (Stream<Path> there = Files.find(version, Integer.MAX_VALUE, (_, attributes) -> !attributes.isDirectory())) {
            return there.limit(files.size() + 1L).count() == files.size();
        } catch (UncheckedIOException broken) {
            throw broken.getCause();
        }
    }

    private static boolean isSame(Path file, Content content) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        int mode = attributes.permissions().stream().mapToInt(AtomicFolder::bit).sum();
        return attributes.size() == content.bytes().length && mode == content.mode() && Arrays.equals(Files.readAllBytes(file), content.bytes());
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
