package io.hypernetes.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Says which process is the master or the node of an installation. The kernel drops the lock with its process, however that
/// ends, so a stale file never fools anyone; the pid written inside is only for finding the holder.
final class ProcessLock implements AutoCloseable {
    private static final int MOST_TOLD = 100;

    private final FileChannel channel;

    private ProcessLock(FileChannel channel) {
        this.channel = channel;
    }

    /// Takes the lock for this process.
    ///
    /// @throws UsageException when another process holds it
    static ProcessLock take(Path file, String process) {
        return take(file, process, List.of());
    }

    /// The same, for a process of which others want to know more than that it runs.
    ///
    /// @param told one line each
    static ProcessLock take(Path file, String process, List<String> told) {
        try {
            Files.createDirectories(file.getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (channel.tryLock(Long.MAX_VALUE - 1, 1, false) == null) {
                channel.close();
                throw new UsageException(
                        "the " + process + " is already running" + holder(file).map(p -> " as process " + p.pid()).orElse("")
                                + " (it holds " + file + "); `hypernetes down` stops it",
                        UsageException.UNAVAILABLE);
            }
            channel.truncate(0);
            List<String> lines = new ArrayList<>(List.of(Long.toString(ProcessHandle.current().pid())));
            lines.addAll(told);
            channel.write(ByteBuffer.wrap(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)), 0);
            return new ProcessLock(channel);
        } catch (IOException e) {
            throw new UsageException("locking " + file + " for the " + process + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// The process that holds the lock now.
    static Optional<ProcessHandle> holder(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw");
                FileLock lock = content.getChannel().tryLock(Long.MAX_VALUE - 1, 1, false)) {
            if (lock != null) {
                return Optional.empty();
            }
            String pid = content.readLine();
            return pid == null ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid.trim()));
        } catch (OverlappingFileLockException ours) {
            return Optional.of(ProcessHandle.current());
        } catch (IOException | NumberFormatException e) {
            throw new UsageException("asking who holds " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// What the process that holds the lock now has told; empty when there is none, or when who asks has no right to know.
    static List<String> told(Path file) {
        return Files.isWritable(file) && holder(file).isPresent() ? toldLast(file) : List.of();
    }

    /// The same of the process that holds the lock, or held it last.
    static List<String> toldLast(Path file) {
        if (!Files.isWritable(file)) {
            return List.of();
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(1).limit(MOST_TOLD).toList();
        } catch (IOException | UncheckedIOException e) {
            throw new UsageException("reading what the holder of " + file + " has told: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The kernel releases the lock with the process anyway.
        }
    }
}
