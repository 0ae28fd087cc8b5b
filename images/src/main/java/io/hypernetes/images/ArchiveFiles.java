package io.hypernetes.images;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/// The files of an image archive: a folder, or a tar that is read in place.
interface ArchiveFiles extends AutoCloseable {

    boolean has(String path);

    long size(String path) throws IOException;

    InputStream open(String path) throws IOException;

    default byte[] small(String path) throws IOException {
        try (InputStream in = open(path)) {
            byte[] content = in.readNBytes(Documents.MOST_BYTES + 1);
            if (content.length > Documents.MOST_BYTES) {
                throw new TooLargeException("'" + Text.shortened(path) + "' has more than " + Documents.MOST_BYTES + " bytes");
            }
            return content;
        }
    }

    @Override
    void close() throws IOException;

    /// Opens a folder or a tar, compressed or not.
    ///
    /// @param work where a compressed tar is unpacked meanwhile
    static ArchiveFiles open(Path file, Path work, ImageSettings settings, NativeZstd zstd) throws IOException {
        if (Files.isDirectory(file)) {
            return new Folder(file.toRealPath());
        }
        Path tar = Files.createTempFile(work, "archive-", ".tar");
        boolean kept = false;
        try (InputStream in = Files.newInputStream(file);
                BufferedInputStream start = new BufferedInputStream(in)) {
            start.mark(4);
            boolean compressed = LayerStream.isCompressed(start.readNBytes(4));
            start.reset();
            if (compressed) {
                try (InputStream plain = LayerStream.over(start, settings.limits().unpackedBytes(), zstd)) {
                    Files.copy(plain, tar, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                }
            }
            ArchiveFiles files = new Tar(compressed ? tar : file, tar, settings.limits().entries());
            kept = true;
            return files;
        } finally {
            if (!kept) {
                Files.deleteIfExists(tar);
            }
        }
    }

    final class Folder implements ArchiveFiles {
        private final Path root;

        Folder(Path root) {
            this.root = root;
        }

        @Override
        public boolean has(String path) {
            return Files.isRegularFile(root.resolve(path).normalize());
        }

        @Override
        public long size(String path) throws IOException {
            return Files.size(inside(path));
        }

        @Override
        public InputStream open(String path) throws IOException {
            return Files.newInputStream(inside(path));
        }

        private Path inside(String path) throws IOException {
            Path file = root.resolve(path).toRealPath();
            if (!file.startsWith(root)) {
                throw new IOException("'" + Text.shortened(path) + "' leads out of " + root);
            }
            return file;
        }

        @Override
        public void close() {}
    }

    /// Holds where each file of the tar begins; symbolic links among them are followed.
    final class Tar implements ArchiveFiles {
        private record Span(long offset, long length) {}

        private final Path tar;
        private final Path temporary;
        private final Map<String, Span> files = new HashMap<>();
        private final Map<String, String> links = new HashMap<>();

        Tar(Path tar, Path temporary, int mostEntries) throws IOException {
            this.tar = tar;
            this.temporary = temporary;
            try (FileChannel channel = FileChannel.open(tar, StandardOpenOption.READ)) {
                TarReader reader = new TarReader(Channels.newInputStream(channel));
                for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                    String path = LayerPath.clean(entry.name());
                    if (files.size() + links.size() > mostEntries) {
                        throw new TooLargeException("the archive holds more than " + mostEntries + " files");
                    }
                    if (entry.type() == TarEntry.Type.FILE) {
                        files.put(path, new Span(channel.position(), entry.size()));
                    } else if (entry.type() == TarEntry.Type.SYMBOLIC_LINK) {
                        links.put(path, LayerPath.clean(LayerPath.child(LayerPath.parent(path), entry.linkName())));
                    } else if (entry.type() == TarEntry.Type.HARD_LINK) {
                        links.put(path, LayerPath.clean(entry.linkName()));
                    }
                }
            }
        }

        @Override
        public boolean has(String path) {
            return files.containsKey(followed(path));
        }

        @Override
        public long size(String path) throws IOException {
            return span(path).length;
        }

        @Override
        public InputStream open(String path) throws IOException {
            Span span = span(path);
            FileChannel channel = FileChannel.open(tar, StandardOpenOption.READ);
            channel.position(span.offset);
            return new Part(Channels.newInputStream(channel), span.length);
        }

        private String followed(String path) {
            String at = links.containsKey(path) ? links.getOrDefault(path, path) : path;
            return links.getOrDefault(at, at);
        }

        private Span span(String path) throws IOException {
            Span span = files.get(followed(path));
            if (span == null) {
                throw new IOException("the archive holds no '" + Text.shortened(path) + "'");
            }
            return span;
        }

        @Override
        public void close() throws IOException {
            Files.deleteIfExists(temporary);
        }
    }

    final class Part extends FilterInputStream {
        private long left;

        Part(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int read = in.read(buffer, from, (int) Math.min(length, left));
            left -= Math.max(read, 0);
            return read;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
