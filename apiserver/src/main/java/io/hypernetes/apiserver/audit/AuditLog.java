package io.hypernetes.apiserver.audit;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Files of audit lines: `audit.log`, and behind it `audit.log.1` and so on, the oldest of which goes when a new one begins. Thread-safe.
///
/// Lines are written by a thread of its own. When the disk is slower than the requests, requests wait, for two seconds at most, those of whoever causes the most
/// and the longest lines first; a line that cannot be written is counted and told in the server's log, and no request fails for it.
public final class AuditLog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AuditLog.class);
    /// How much memory the lines hold that wait: of ordinary ones some 7,000 of one tenant, and as many of all others together.
    private static final long ROOM = 32 << 20;
    private static final int BATCH = 500;
    private static final int BUFFER = 64 << 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Path file;
    private final long maxBytes;
    private final int files;
    private final Backlog backlog = new Backlog(ROOM);
    private final Thread writer;
    private @Nullable OutputStream out;
    private long size;
    private long lost;

    /// Opens the log; what is there is kept.
    ///
    /// @param file of the newest lines, made with mode 0600
    /// @param maxBytes after which a new file begins
    /// @param files how many are kept, the newest included; 1 or more
    public AuditLog(Path file, long maxBytes, int files) {
        this.file = file;
        this.maxBytes = maxBytes;
        this.files = files;
        this.writer = Thread.ofPlatform().daemon().name("audit-log").start(this::run);
    }

    /// Appends a line.
    public void append(AuditLine line) {
        try {
            if (!backlog.offer(line, PATIENCE_NANOS)) {
                tellLost(1, "the disk does not keep up with what those of the tenant \"" + line.origin() + "\" ask, or the server stops");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            tellLost(1, "the request was interrupted while the disk did not keep up");
        }
    }

    /// The files there are, the newest first.
    public static List<Path> files(Path file) {
        var found = new ArrayList<Path>();
        for (int i = 0; ; i++) {
            var one = numbered(file, i);
            if (!Files.exists(one)) {
                return found;
            }
            found.add(one);
        }
    }

    /// The file of the newest lines.
    public Path file() {
        return file;
    }

    private void run() {
        try {
            for (var batch = backlog.take(BATCH); !batch.isEmpty(); batch = backlog.take(BATCH)) {
                write(batch);
            }
        } finally {
            closeFile();
        }
    }

    private void write(List<AuditLine> batch) {
        int kept = 0;
        try {
            for (var line : batch) {
                var text = bytes(line);
                if (text.length > 0) {
                    var to = open();
                    to.write(text);
                    size += text.length;
                }
                kept++;
            }
            if (out != null) {
                out.flush();
            }
        } catch (IOException | RuntimeException | Error e) {
            closeFile();
            tellLost(batch.size() - kept, e.toString());
        }
    }

    /// A line with its end; nothing when it cannot be told, which no other line shall suffer from.
    private byte[] bytes(AuditLine line) {
        try {
            return (line.text() + '\n').getBytes(StandardCharsets.UTF_8);
        } catch (RuntimeException | Error e) {
            tellLost(1, e.toString());
            return new byte[0];
        }
    }

    private OutputStream open() throws IOException {
        if (out != null && size >= maxBytes) {
            out.flush();
            closeFile();
            rotate();
        }
        if (out == null) {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (!Files.exists(file)) {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            size = Files.size(file);
            var opened = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.APPEND), BUFFER);
            out = opened;
            if (endsWithinALine()) {
                opened.write('\n');
                size++;
            }
        }
        return out;
    }

    /// Whether a crash or a full disk cut off the last line: the next shall not be taken for its end.
    private boolean endsWithinALine() throws IOException {
        if (size == 0) {
            return false;
        }
        try (var written = new RandomAccessFile(file.toFile(), "r")) {
            written.seek(size - 1);
            return written.read() != '\n';
        }
    }

    private void rotate() throws IOException {
        Files.deleteIfExists(numbered(file, files - 1));
        for (int i = files - 2; i >= 0; i--) {
            if (Files.exists(numbered(file, i))) {
                Files.move(numbered(file, i), numbered(file, i + 1), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private void closeFile() {
        try {
            if (out != null) {
                out.close();
            }
        } catch (IOException e) {
            log.debug("event=audit-file-not-closed cause={}", e.toString());
        }
        out = null;
    }

    private synchronized void tellLost(int lines, String why) {
        lost += lines;
        log.warn("event=audit-lines-lost lines={} file={} cause={}", lost, file, why);
    }

    private static Path numbered(Path file, int number) {
        return number == 0 ? file : file.resolveSibling(file.getFileName() + "." + number);
    }

    @Override
    public void close() {
        try {
            // Not by an interrupt: it would close the file under a line that is being written.
            backlog.close();
            writer.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
