package io.hypernetes.hyperd.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hypernetes.hyperd.HyperdException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A container's log. Every byte of output is written once: [#written] tells up to which byte of a stream the log is on the file, and
/// only so far may the guest be told to forget. A line is written when its newline has come, or when it is longer than
/// [#LINE_BYTES], or at the end of the stream.
///
/// **After a crash** the same number is counted again from the files: see [#open]. Output that is newer still lies in the guest.
///
/// **Rotation** is a kubelet's ([#reopen]), who looks now and then; a container may write gigabytes between two looks. So where a bound is given, a file that
/// reaches it is renamed here, the output goes on in a new one, and older files are removed.
///
/// Safe for use by many threads.
public final class ContainerLog implements AutoCloseable {
    /// The longest content of one log line; longer ones are split.
    public static final int LINE_BYTES = 16 * 1024;

    private static final String FILE_BYTES_ANNOTATION = "hypernetes.io/log-file-bytes";
    private static final long LEAST_FILE_BYTES = 1 << 20;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

    private static final Logger LOG = LoggerFactory.getLogger(ContainerLog.class);

    private final Path path;
    private final Clock clock;
    private final Consumer<LogPosition> journal;
    private final long mostFileBytes;
    private final Map<LogStream, ByteArrayOutputStream> unfinished = new EnumMap<>(LogStream.class);
    private LogPosition position;
    private LogFile file;
    private long appends;
    private boolean ended;
    private boolean stuck;

    private ContainerLog(Path path, Clock clock, Consumer<LogPosition> journal, long mostFileBytes, LogPosition position, LogFile file) {
        this.path = path;
        this.clock = clock;
        this.journal = journal;
        this.mostFileBytes = mostFileBytes;
        this.position = position;
        this.file = file;
        for (LogStream stream : LogStream.values()) {
            unfinished.put(stream, new ByteArrayOutputStream(256));
        }
    }

    /// How long a file of a container's log may become, by the container's annotations.
    ///
    /// @throws HyperdException when they say what is no length, or less than a mebibyte
    public static long mostFileBytes(Map<String, String> annotations) {
        String asked = annotations.get(FILE_BYTES_ANNOTATION);
        if (asked == null) {
            return Long.MAX_VALUE;
        }
        long bytes = asked.matches("[0-9]{1,18}") ? Long.parseLong(asked) : 0;
        if (bytes >= LEAST_FILE_BYTES) {
            return bytes;
        }
        throw HyperdException.invalid("The annotation " + FILE_BYTES_ANNOTATION + " says \"" + asked + "\"; it takes bytes, " + LEAST_FILE_BYTES + " or more.");
    }

    /// Opens the log at `path`, a new one or one that an earlier process wrote.
    ///
    /// @param position what the journal holds: [LogPosition#START] for a new log
    /// @param journal keeps a new position durably before it returns
    /// @param mostFileBytes how long a file may become; of former ones the newest is kept, and what comes to no more than that with it; [Long#MAX_VALUE] for any length
    public static ContainerLog open(Path path, LogPosition position, Clock clock, Consumer<LogPosition> journal, long mostFileBytes)
            throws IOException {
        LogPosition current = position;
        if (position.inode() != 0 && !(Files.exists(path) && LogFile.inode(path) == position.inode())) {
            // Somebody renamed the file and died, or we died, before the new one was journalled: count the renamed one in.
            Path folder = Optional.ofNullable(path.getParent()).orElse(path);
            Optional<Path> renamed = LogFile.find(folder, position.inode());
            if (renamed.isPresent()) {
                try (LogFile old = LogFile.open(renamed.get())) {
                    current = new LogPosition(
                            0,
                            position.stdoutBase() + old.content(LogStream.STDOUT),
                            position.stderrBase() + old.content(LogStream.STDERR));
                }
            }
        }
        LogFile file = LogFile.open(path);
        LogPosition opened = current;
        if (file.inode() != current.inode()) {
            opened = new LogPosition(
                    file.inode(),
                    // What a file that we did not know holds already is not of this container.
                    current.stdoutBase() - file.content(LogStream.STDOUT),
                    current.stderrBase() - file.content(LogStream.STDERR));
            journal.accept(opened);
        }
        return new ContainerLog(path, clock, journal, mostFileBytes, opened, file);
    }

    /// Offset in `stream` up to which its content is in the log.
    public synchronized long written(LogStream stream) {
        return position.base(stream) + file.content(stream);
    }

    /// Where to go on reading `stream` in a new session: what had been read beyond that and not written is dropped, to be read again.
    public synchronized long resume(LogStream stream) {
        pending(stream).reset();
        return written(stream);
    }

    /// Says that the guest no longer has the bytes of `stream` before `offset`: when files with log content were removed in our
    /// absence, counting goes on from there.
    public synchronized void forgotten(LogStream stream, long offset) {
        long missing = offset - written(stream);
        if (missing > 0) {
            position = stream == LogStream.STDOUT
                    ? new LogPosition(position.inode(), position.stdoutBase() + missing, position.stderrBase())
                    : new LogPosition(position.inode(), position.stdoutBase(), position.stderrBase() + missing);
            journal.accept(position);
        }
    }

    /// Takes the next bytes of a stream and writes the lines that they complete.
    ///
    /// @return as [#written]
    /// @throws IOException when the file cannot be written; the bytes are kept, and the next append or [#retry] tries again
    public synchronized long append(LogStream stream, ByteBuffer bytes) throws IOException {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        pending(stream).writeBytes(copy);
        return write(stream, false);
    }

    /// Tries again to write what could not be written.
    public synchronized long retry(LogStream stream) throws IOException {
        return write(stream, false);
    }

    /// The stream has ended: what lacks a newline is written too.
    public synchronized long end(LogStream stream) throws IOException {
        return write(stream, true);
    }

    /// Goes on in a new file at the same path, after somebody has renamed the present one.
    public synchronized void reopen() throws IOException {
        LogFile next = LogFile.open(path);
        if (next.inode() == file.inode()) {
            next.close();
            return;
        }
        LogPosition moved =
                new LogPosition(next.inode(), written(LogStream.STDOUT), written(LogStream.STDERR));
        try {
            journal.accept(moved);
        } catch (RuntimeException failure) {
            next.close();
            // Whoever renamed the file gives it its name back where there is no other, and only then do readers go on in it.
            if (next.length() == 0) {
                Files.deleteIfExists(path);
            }
            throw failure;
        }
        file.close();
        file = next;
        position = moved;
    }

    @Override
    public synchronized void close() {
        file.close();
    }

    /// A number that is another when something was written, or somebody woke the readers, since.
    public synchronized long appends() {
        return appends;
    }

    /// Waits until something is written after `seen` was asked for, somebody wakes the readers, or all is written; false in the last case.
    public synchronized boolean awaitAppend(long seen) throws InterruptedException {
        if (appends == seen && !ended) {
            wait();
        }
        return !ended;
    }

    /// Lets those who wait for more look after what else they wait for.
    public synchronized void wake() {
        appends++;
        notifyAll();
    }

    /// All is written: those who wait for more are told so.
    public synchronized void complete() {
        ended = true;
        notifyAll();
    }

    private ByteArrayOutputStream pending(LogStream stream) {
        ByteArrayOutputStream buffer = unfinished.get(stream);
        if (buffer == null) {
            throw new IllegalStateException("no buffer for " + stream);
        }
        return buffer;
    }

    private long write(LogStream stream, boolean ended) throws IOException {
        ByteArrayOutputStream buffer = pending(stream);
        byte[] content = buffer.toByteArray();
        ByteArrayOutputStream lines = new ByteArrayOutputStream(content.length + 256);
        byte[] head = (TIME.format(Instant.now(clock)) + " " + stream.word() + " ").getBytes(US_ASCII);
        int from = 0;
        for (int i = 0; i < content.length; i++) {
            if (content[i] == '\n') {
                line(lines, head, 'F', content, from, i);
                from = i + 1;
            } else if (i + 1 - from == LINE_BYTES && i + 1 < content.length && content[i + 1] != '\n') {
                line(lines, head, 'P', content, from, i + 1);
                from = i + 1;
            }
        }
        if (ended && from < content.length) {
            line(lines, head, 'P', content, from, content.length);
            from = content.length;
        }
        if (from > 0) {
            file.append(ByteBuffer.wrap(lines.toByteArray()), stream, from);
            appends++;
            notifyAll();
            buffer.reset();
            buffer.write(content, from, content.length - from);
            if (file.length() > mostFileBytes) {
                rotate();
            }
        }
        return written(stream);
    }

    /// What was written stays where it is when this fails, and the next write tries again.
    private void rotate() {
        try {
            Path part = LogParts.unused(path, clock.instant());
            boolean renamed = rename(path, part);
            try {
                reopen();
            } catch (IOException | RuntimeException failure) {
                if (renamed) {
                    Files.move(part, path, StandardCopyOption.ATOMIC_MOVE);
                }
                throw failure;
            }
            LogParts.prune(path, mostFileBytes);
            stuck = false;
        } catch (IOException | RuntimeException failure) {
            if (!stuck) {
                LOG.warn("event=log-not-rotated file={} bytes={} error=\"{}\" effect=\"it becomes longer\"", path, file.length(), failure.toString());
            }
            stuck = true;
        }
    }

    /// False when a kubelet has just done so.
    private static boolean rename(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (NoSuchFileException rotated) {
            return false;
        }
    }

    private static void line(ByteArrayOutputStream to, byte[] head, char tag, byte[] content, int from, int until) {
        to.writeBytes(head);
        to.write(tag);
        to.write(' ');
        to.write(content, from, until - from);
        to.write('\n');
    }
}
