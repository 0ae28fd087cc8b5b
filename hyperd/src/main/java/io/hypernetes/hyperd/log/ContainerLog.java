package io.hypernetes.hyperd.log;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A container's log. Every byte of output is written once: [#written] tells up to which byte of a stream the log is on the file, and
/// only so far may the guest be told to forget. A line is written when its newline has come, or when it is longer than
/// [#LINE_BYTES], or at the end of the stream.
///
/// **After a crash** the same number is counted again from the files: see [#open]. Output that is newer still lies in the guest.
///
/// Safe for use by many threads.
public final class ContainerLog implements AutoCloseable {
    /// The longest content of one log line; longer ones are split.
    public static final int LINE_BYTES = 16 * 1024;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

    private final Path path;
    private final Clock clock;
    private final Consumer<LogPosition> journal;
    private final Map<LogStream, ByteArrayOutputStream> unfinished = new EnumMap<>(LogStream.class);
    private LogPosition position;
    private LogFile file;
    private long appends;
    private boolean ended;

    private ContainerLog(Path path, Clock clock, Consumer<LogPosition> journal, LogPosition position, LogFile file) {
        this.path = path;
        this.clock = clock;
        this.journal = journal;
        this.position = position;
        this.file = file;
        for (LogStream stream : LogStream.values()) {
            unfinished.put(stream, new ByteArrayOutputStream(256));
        }
    }

    /// Opens the log at `path`, a new one or one that an earlier process wrote.
    ///
    /// @param position what the journal holds: [LogPosition#START] for a new log
    /// @param journal keeps a new position durably before it returns
    public static ContainerLog open(Path path, LogPosition position, Clock clock, Consumer<LogPosition> journal)
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
        return new ContainerLog(path, clock, journal, opened, file);
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
        journal.accept(moved);
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
        }
        return written(stream);
    }

    private static void line(ByteArrayOutputStream to, byte[] head, char tag, byte[] content, int from, int until) {
        to.writeBytes(head);
        to.write(tag);
        to.write(' ');
        to.write(content, from, until - from);
        to.write('\n');
    }
}
