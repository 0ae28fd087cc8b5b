package io.hypernetes.kubelet.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Reads one container's log, written in CRI's format: `TIME STREAM P|F CONTENT`, one entry a line.
///
/// Following ends when the container has ended and everything it wrote is out. A rotated file is read to its end before its
/// successor is opened, which may have been rotated meanwhile too, so rotation loses nothing; one that failed, after which a file has its
/// name back, doubles nothing.
final class LogReader {
    private static final int BUFFER = 64 << 10;

    private final Path file;
    private final LogOptions options;
    private final BooleanSupplier ended;
    private final OutputStream out;
    private final LogWatch watch;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long left;
    private boolean middle;
    private @Nullable Object inode;
    /// The newest part of the log that is older than what is being read, or is that itself.
    private String floor = "";
    /// What was read before, and how far.
    private @Nullable Object formerInode;
    private long formerPosition;

    /// @param ended true once the container can write no more; asked before the last read
    /// @param watch asked only by who follows
    LogReader(Path file, LogOptions options, BooleanSupplier ended, OutputStream out, LogWatch watch) {
        this.watch = watch;
        this.file = file;
        this.options = options;
        this.ended = ended;
        this.out = out;
        this.left = options.limitBytes() < 0 ? Long.MAX_VALUE : options.limitBytes();
    }

    /// Writes what is wanted to the output, flushing whenever the file has no more for now.
    void copy() throws IOException, InterruptedException {
        if (!options.follow()) {
            copy(null);
            return;
        }
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        try (LogWatch.Follower news = watch.follow(folder)) {
            copy(news);
        }
    }

    /// @param news null for who does not follow
    private void copy(LogWatch.@Nullable Follower news) throws IOException, InterruptedException {
        while (!Files.exists(file)) {
            // Running, but the runtime has not opened the log yet.
            if (news == null || ended.getAsBoolean()) {
                return;
            }
            news.await();
        }
        // Taken before the file is opened: a rotation in between is then seen as one, and the new file read once.
        floor = parts().stream().reduce("", (_, newer) -> newer);
        inode = inode(file);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            channel.position(options.tailLines() < 0 ? 0 : tailPosition(channel, options.tailLines()));
            while (left > 0) {
                boolean last = ended.getAsBoolean();
                drain(channel);
                out.flush();
                Optional<Path> next = options.follow() ? successor() : Optional.empty();
                if (next.isPresent()) {
                    drain(channel);
                    channel = moved(channel, next.get());
                    continue;
                }
                if (news == null || last) {
                    return;
                }
                news.await();
            }
        } finally {
            channel.close();
        }
    }

    /// The file that was written next, after a rotation; empty while there is none.
    private Optional<Path> successor() throws IOException {
        while (true) {
            Optional<Object> current = tryInode(file);
            if (current.isEmpty() ? inode == null : current.get().equals(inode)) {
                return Optional.empty();
            }
            List<String> parts = parts();
            if (!tryInode(file).equals(current)) {
                continue; // rotated meanwhile
            }
            String read = floor;
            for (String part : parts) {
                if (tryInode(file.resolveSibling(part)).filter(found -> found.equals(inode)).isPresent()) {
                    read = part;
                }
            }
            for (String part : parts) {
                if (part.compareTo(read) > 0) {
                    return Optional.of(file.resolveSibling(part));
                }
            }
            // Without one: between the renaming and the reopening.
            return current.map(_ -> file);
        }
    }

    /// Goes on in another file.
    private FileChannel moved(FileChannel from, Path to) throws IOException {
        String part = String.valueOf(to.getFileName());
        List<String> parts = parts();
        Optional<Object> next = tryInode(to);
        FileChannel opened;
        try {
            opened = FileChannel.open(to, StandardOpenOption.READ);
        } catch (NoSuchFileException renamedOrPruned) {
            return from; // there will be another one
        }
        try {
            // A rotation failed and the log has its name back.
            boolean back = next.isPresent() && next.get().equals(formerInode) && opened.size() >= formerPosition;
            opened.position(back ? formerPosition : 0);
        } catch (IOException | RuntimeException failure) {
            opened.close();
            throw failure;
        }
        formerInode = inode;
        formerPosition = from.position();
        inode = next.orElse(null);
        floor = to.equals(file) ? parts.stream().reduce(floor, (_, newer) -> newer) : part;
        from.close();
        return opened;
    }

    /// The names of the parts of the log that are written no longer, the oldest first, as names sort like times.
    private List<String> parts() throws IOException {
        String prefix = file.getFileName() + ".";
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(file.toAbsolutePath().resolveSibling(""), each -> String.valueOf(each.getFileName()).startsWith(prefix))) {
            entries.forEach(each -> names.add(String.valueOf(each.getFileName())));
        }
        Collections.sort(names);
        return names;
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    private static Optional<Object> tryInode(Path file) throws IOException {
        try {
            return Optional.of(inode(file));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    private void drain(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        while (left > 0 && channel.read(buffer) > 0) {
            buffer.flip();
            int start = 0;
            byte[] bytes = buffer.array();
            for (int i = 0; i < buffer.limit() && left > 0; i++) {
                if (bytes[i] == '\n') {
                    line.write(bytes, start, i - start);
                    entry(line.toByteArray());
                    line.reset();
                    start = i + 1;
                }
            }
            if (start < buffer.limit()) {
                line.write(bytes, start, buffer.limit() - start);
            }
            buffer.clear();
        }
    }

    private void entry(byte[] entry) throws IOException {
        int time = indexOf(entry, 0);
        int stream = indexOf(entry, time + 1);
        int tag = indexOf(entry, stream + 1);
        if (time < 0 || stream < 0) {
            return;
        }
        int tagEnd = tag < 0 ? entry.length : tag;
        String tags = new String(entry, stream + 1, tagEnd - stream - 1, StandardCharsets.US_ASCII);
        boolean partial = tags.equals("P") || tags.startsWith("P:");
        String stamp = new String(entry, 0, time, StandardCharsets.US_ASCII);
        if (options.since() != null && before(stamp, options.since())) {
            return;
        }
        if (options.timestamps() && !middle) {
            put((stamp + " ").getBytes(StandardCharsets.US_ASCII), 0, stamp.length() + 1);
        }
        if (tag >= 0) {
            put(entry, tag + 1, entry.length - tag - 1);
        }
        if (!partial) {
            put(new byte[] {'\n'}, 0, 1);
        }
        middle = partial;
    }

    private void put(byte[] bytes, int offset, int length) throws IOException {
        int some = (int) Math.min(left, length);
        out.write(bytes, offset, some);
        left -= some;
    }

    private static boolean before(String stamp, Instant since) {
        try {
            return java.time.OffsetDateTime.parse(stamp).toInstant().isBefore(since);
        } catch (DateTimeParseException malformed) {
            return false;
        }
    }

    private static int indexOf(byte[] entry, int from) {
        for (int i = Math.max(0, from); i < entry.length; i++) {
            if (entry[i] == ' ') {
                return i;
            }
        }
        return -1;
    }

    /// Where the last `lines` whole lines begin; a last line without newline counts as one.
    static long tailPosition(FileChannel channel, long lines) throws IOException {
        long size = channel.size();
        if (lines == 0) {
            return size;
        }
        long seen = 0;
        long end = size;
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        while (end > 0) {
            int length = (int) Math.min(BUFFER, end);
            buffer.clear().limit(length);
            int got = 0;
            while (got < length) {
                int count = channel.read(buffer, end - length + got);
                if (count <= 0) {
                    return 0;
                }
                got += count;
            }
            for (int i = length - 1; i >= 0; i--) {
                long at = end - length + i;
                if (buffer.get(i) == '\n' && at != size - 1) {
                    seen++;
                    if (seen == lines) {
                        return at + 1;
                    }
                }
            }
            end -= length;
        }
        return 0;
    }
}
