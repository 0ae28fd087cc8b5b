package io.hypernetes.hyperd.volume;

import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The files of a volume as they stand on this host at one instant.
public final class FolderContent {
    /// The most bytes that a volume of files may hold, names included: what one message to a guest carries.
    public static final long MOST_BYTES = 6L << 20;

    private static final int MOST_FILES = 10_000;
    private static final long MOST_COPIED_BYTES = 32L << 20;
    private static final int MOST_DEPTH = 32;

    private FolderContent() {}

    /// A file to push.
    ///
    /// @param path relative to the volume
    /// @param mode permission bits
    public record PushedFile(String path, int mode, int uid, int gid, byte[] data) {}

    /// Reads a volume folder. In the kubelet's layout (`..data` is a link to the present version) the files of that version, which
    /// never change; else the files that lie there. Links inside are not followed.
    ///
    /// @throws HyperdException when the folder cannot be read or holds too much
    public static List<PushedFile> read(Path folder) {
        Path data = folder.resolve("..data");
        try {
            Path version = Files.isSymbolicLink(data) ? folder.resolve(Files.readSymbolicLink(data)).normalize() : folder;
            if (!version.equals(folder) && !folder.equals(version.getParent())) {
                throw HyperdException.invalid("The volume " + folder + " points outside itself, to " + version + ".");
            }
            Reader reader = new Reader(version, version.equals(folder));
            Files.walkFileTree(version, java.util.Set.of(), MOST_DEPTH, reader);
            return reader.files;
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "The volume folder " + folder + " could not be read: " + failure + ".",
                    failure);
        }
    }

    /// Something of a folder that is copied.
    ///
    /// @param path relative to the folder; empty for the folder itself
    /// @param data content of a file, target of a link, nothing for a folder
    public record Copied(String path, Kind kind, int mode, int uid, int gid, byte[] data) {
        /// What can be copied; devices, sockets and pipes are left out.
        public enum Kind {
            FOLDER,
            FILE,
            LINK
        }
    }

    /// Everything in a folder, folders before what is in them. Links are copied as links.
    ///
    /// @throws HyperdException when the folder cannot be read or holds too much
    public static List<Copied> copy(Path folder) {
        List<Copied> copied = new ArrayList<>();
        long bytes = 0;
        try (Stream<Path> tree = Files.walk(folder, MOST_DEPTH)) {
            for (Path path : (Iterable<Path>) tree::iterator) {
                Map<String, Object> unix = Files.readAttributes(path, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
                Copied.Kind kind = Files.isSymbolicLink(path)
                        ? Copied.Kind.LINK
                        : Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) ? Copied.Kind.FOLDER : Copied.Kind.FILE;
                if (kind == Copied.Kind.FILE && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                byte[] data = switch (kind) {
                    case FOLDER -> new byte[0];
                    case LINK -> Files.readSymbolicLink(path).toString().getBytes(StandardCharsets.UTF_8);
                    case FILE -> readFile(path, (int) MOST_BYTES);
                };
                bytes += data.length + 64;
                if (bytes > MOST_COPIED_BYTES || copied.size() >= MOST_FILES) {
                    throw HyperdException.invalid("The host folder " + folder + " holds more than " + MOST_COPIED_BYTES + " bytes or "
                            + MOST_FILES + " files, the most that is copied into a guest. Use a volume of the pod's own.");
                }
                copied.add(new Copied(
                        folder.relativize(path).toString(), kind, number(unix, "mode") & 07777, number(unix, "uid"), number(unix, "gid"), data));
            }
            return copied;
        } catch (IOException | UncheckedIOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "The host folder " + folder + " could not be copied: " + failure + ".", failure);
        }
    }

    private static int number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number value ? value.intValue() : 0;
    }

    /// One file of this host as a file to push, empty when it is not there.
    public static byte[] readFile(Path file, int mostBytes) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return new byte[0];
        }
        try (InputStream in = Files.newInputStream(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            byte[] data = in.readNBytes(mostBytes + 1);
            if (data.length > mostBytes) {
                throw HyperdException.invalid(
                        "The file " + file + " is larger than " + mostBytes + " bytes and cannot be pushed into a guest.");
            }
            return data;
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "The file " + file + " could not be read: " + failure + ".", failure);
        }
    }

    private static final class Reader extends SimpleFileVisitor<Path> {
        private final Path root;
        private final boolean skipVersions;
        private final List<PushedFile> files = new ArrayList<>();
        private long bytes;

        Reader(Path root, boolean skipVersions) {
            this.root = root;
            this.skipVersions = skipVersions;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean version = skipVersions
                    && !folder.equals(root)
                    && root.equals(folder.getParent())
                    && String.valueOf(folder.getFileName()).startsWith("..");
            return version ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (!attributes.isRegularFile()) {
                return FileVisitResult.CONTINUE;
            }
            String path = root.relativize(file).toString();
            bytes += attributes.size() + path.length() + 64;
            if (bytes > MOST_BYTES || files.size() >= MOST_FILES) {
                throw HyperdException.invalid("The volume " + root + " holds more than " + MOST_BYTES + " bytes or "
                        + MOST_FILES + " files, the most that is pushed into a guest.");
            }
            Map<String, Object> unix = Files.readAttributes(file, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
            byte[] data = readFile(file, (int) MOST_BYTES);
            files.add(new PushedFile(path, number(unix, "mode") & 07777, number(unix, "uid"), number(unix, "gid"), data));
            return FileVisitResult.CONTINUE;
        }
    }
}
