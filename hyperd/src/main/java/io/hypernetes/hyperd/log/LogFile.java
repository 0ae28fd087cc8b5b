package io.hypernetes.hyperd.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One file of a container's log, open for appending. Lines are `TIME stdout|stderr F|P CONTENT`: `F` ends with the newline that the
/// container wrote, `P` is content without one (a line longer than the bound, or an end without newline). So the content bytes
/// that a file holds can be counted from the file alone: each `P` line its content, each `F` line one more.
///
/// Not safe for use by several threads at a time.
final class LogFile implements AutoCloseable {
    private static final int SCAN_BYTES = 1 << 20;

    private final FileChannel channel;
    private final long inode;
    private final Map<LogStream, Long> content;
    private long length;

    private LogFile(FileChannel channel, long inode, long length, Map<LogStream, Long> content) {
        this.channel = channel;
        this.inode = inode;
        this.length = length;
        this.content = content;
    }

    /// Opens `file`, made when missing (its folders too). A last line without newline was torn by a crash and is cut off.
    static LogFile open(Path file) throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        FileChannel channel = FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
        try {
            Scan scan = scan(channel);
            if (scan.wholeLines < channel.size()) {
                channel.truncate(scan.wholeLines);
            }
            channel.position(scan.wholeLines);
            return new LogFile(channel, inode(file), scan.wholeLines, scan.content);
        } catch (IOException | RuntimeException failure) {
            channel.close();
            throw failure;
        }
    }

    /// The file with this inode number in `folder`, whatever it is called now.
    static Optional<Path> find(Path folder, long inode) throws IOException {
        if (inode == 0 || !Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS) && inode(entry) == inode) {
                    return Optional.of(entry);
                }
            }
        }
        return Optional.empty();
    }

    static long inode(Path file) throws IOException {
        return (Long) Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    long inode() {
        return inode;
    }

    /// Its bytes.
    long length() {
        return length;
    }

    /// Content bytes of `stream` in this file.
    long content(LogStream stream) {
        return content.getOrDefault(stream, 0L);
    }

    /// Appends whole lines or nothing: after a failure the file is as it was.
    void append(ByteBuffer lines, LogStream stream, long contentBytes) throws IOException {
        int size = lines.remaining();
        try {
            while (lines.hasRemaining()) {
                channel.write(lines);
            }
        } catch (IOException failure) {
            channel.truncate(length);
            channel.position(length);
            throw failure;
        }
        length += size;
        content.merge(stream, contentBytes, Long::sum);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException failure) {
            throw new UncheckedIOException("closing a container log", failure);
        }
    }

    private record Scan(long wholeLines, Map<LogStream, Long> content) {}

    private static Scan scan(FileChannel channel) throws IOException {
        Map<LogStream, Long> content = new EnumMap<>(LogStream.class);
        LineCounter counter = new LineCounter(content);
        ByteBuffer buffer = ByteBuffer.allocate(SCAN_BYTES);
        long position = 0;
        while (true) {
            buffer.clear();
            int count = channel.read(buffer, position);
            if (count <= 0) {
                return new Scan(counter.wholeLines, content);
            }
            for (int i = 0; i < count; i++) {
                counter.next(buffer.get(i), position + i);
            }
            position += count;
        }
    }

    /// Reads a log byte by byte without keeping any line: only the three words in front matter, and the length of the rest.
    private static final class LineCounter {
        private final Map<LogStream, Long> content;
        private final byte[] word = new byte[8];
        private int words;
        private int wordLength;
        private long contentBytes;
        private Optional<LogStream> stream = Optional.empty();
        private boolean partial;
        long wholeLines;

        LineCounter(Map<LogStream, Long> content) {
            this.content = content;
        }

        void next(byte value, long at) {
            if (value == '\n') {
                long bytes = contentBytes + (partial ? 0 : 1);
                if (words >= 3) {
                    stream.ifPresent(known -> content.merge(known, bytes, Long::sum));
                }
                wholeLines = at + 1;
                words = 0;
                wordLength = 0;
                contentBytes = 0;
                stream = Optional.empty();
                partial = false;
            } else if (words >= 3) {
                contentBytes++;
            } else if (value == ' ') {
                endWord();
            } else if (wordLength < word.length) {
                word[wordLength++] = value;
            }
        }

        private void endWord() {
            String text = new String(word, 0, wordLength, US_ASCII);
            if (words == 1) {
                stream = text.equals("stdout")
                        ? Optional.of(LogStream.STDOUT)
                        : text.equals("stderr") ? Optional.of(LogStream.STDERR) : Optional.empty();
            } else if (words == 2) {
                partial = text.startsWith("P");
            }
            words++;
            wordLength = 0;
        }
    }
}
