package io.hypernetes.hyperd.docker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;

/// Reads a container's log file (lines `TIME stdout|stderr F|P CONTENT`) as `docker logs` shows it. For one thread.
final class LogReplay {
    private static final int MOST_TAIL = 1_000_000;

    private final Path file;
    private final Multiplexed out;
    private final boolean stdout;
    private final boolean stderr;
    private final boolean times;
    private final Instant since;
    private final Instant until;
    private long position;

    LogReplay(Path file, Multiplexed out, boolean stdout, boolean stderr, boolean times, Instant since, Instant until) {
        this.file = file;
        this.out = out;
        this.stdout = stdout;
        this.stderr = stderr;
        this.times = times;
        this.since = since;
        this.until = until;
    }

    /// Passes over all but the last `lines` lines.
    void tail(int lines) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        ArrayDeque<Long> starts = new ArrayDeque<>();
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            byte[] buffer = new byte[1 << 16];
            long at = 0;
            long start = 0;
            for (int count = log.read(buffer); count > 0; count = log.read(buffer)) {
                for (int i = 0; i < count; i++) {
                    if (buffer[i] == '\n') {
                        starts.addLast(start);
                        if (starts.size() > Math.min(lines, MOST_TAIL)) {
                            starts.removeFirst();
                        }
                        start = at + i + 1;
                    }
                }
                at += count;
            }
            position = starts.isEmpty() ? start : starts.getFirst();
        }
    }

    /// Writes the whole lines that have come since the last call.
    void more() throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            log.seek(position);
            byte[] buffer = new byte[1 << 16];
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int count = log.read(buffer); count > 0; count = log.read(buffer)) {
                int from = 0;
                for (int i = 0; i < count; i++) {
                    if (buffer[i] == '\n') {
                        line.write(buffer, from, i - from);
                        position += line.size() + 1;
                        show(line.toByteArray());
                        line.reset();
                        from = i + 1;
                    }
                }
                line.write(buffer, from, count - from);
            }
        }
    }

    private void show(byte[] line) throws IOException {
        String head = new String(line, 0, Math.min(line.length, 64), StandardCharsets.ISO_8859_1);
        String[] words = head.split(" ", 4);
        if (words.length < 3) {
            return;
        }
        int kind = words[1].equals("stdout") ? 1 : 2;
        Instant at = Instant.parse(words[0]);
        if (!(kind == 1 ? stdout : stderr) || at.isBefore(since) || at.isAfter(until)) {
            return;
        }
        int skip = words[0].length() + words[1].length() + words[2].length() + 3;
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        if (times) {
            shown.writeBytes((words[0] + " ").getBytes(StandardCharsets.US_ASCII));
        }
        shown.write(line, skip, line.length - skip);
        if (words[2].equals("F")) {
            shown.write('\n');
        }
        out.write(kind, shown.toByteArray(), 0, shown.size());
    }
}
