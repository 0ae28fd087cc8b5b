package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.ErrnoException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The last of what a machine prints: the guest's serial console and QEMU's own complaints, through one named pipe.
///
/// A pipe bounds it on the host whatever the guest does: what nobody reads is lost, nothing waits, and an engine that comes back
/// opens the same pipe again.
final class ConsoleTail {
    private static final int KEPT = 16 * 1024;
    private static final String PANIC = "Kernel panic";
    private static final Duration LOOK_AGAIN = Duration.ofHours(1);

    private final int pipe;
    private final byte[] ring = new byte[KEPT];
    private final CountDownLatch ended = new CountDownLatch(1);
    private long written;

    private ConsoleTail(int pipe) {
        this.pipe = pipe;
    }

    /// Opens the pipe, so that writers can open it too.
    static ConsoleTail of(Path fifo) {
        return new ConsoleTail(Descriptors.openFifoForReading(fifo));
    }

    /// Closes the pipe when no machine came to write to it.
    void discard() {
        Descriptors.close(pipe);
        ended.countDown();
    }

    /// Reads until the machine ends. To be called when it has the pipe open, since a pipe without a writer reads as ended.
    void follow(String name) {
        Thread.ofVirtual().name("console-" + name).start(this::read);
    }

    private void read() {
        byte[] bytes = new byte[4096];
        try {
            while (true) {
                if (!Descriptors.awaitReadable(pipe, LOOK_AGAIN)) {
                    continue;
                }
                try {
                    int got = Descriptors.read(pipe, bytes);
                    if (got == 0) {
                        return;
                    }
                    keep(bytes, got);
                } catch (ErrnoException failure) {
                    if (failure.errno() != ErrnoException.EAGAIN) {
                        throw failure;
                    }
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            Descriptors.close(pipe);
            ended.countDown();
        }
    }

    private synchronized void keep(byte[] bytes, int count) {
        for (int i = 0; i < count; i++) {
            ring[(int) (written++ % KEPT)] = bytes[i];
        }
    }

    /// Waits until all that the machine printed before its end has been read.
    void awaitEnd(Duration timeout) throws InterruptedException {
        ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /// All that is kept, made printable.
    synchronized String text() {
        int size = (int) Math.min(written, KEPT);
        byte[] tail = new byte[size];
        for (int i = 0; i < size; i++) {
            tail[i] = ring[(int) ((written - size + i) % KEPT)];
        }
        return new String(tail, StandardCharsets.UTF_8).replaceAll("\u001b\\[[0-9;?]*[A-Za-z]", "").replaceAll("[^\\n\\t\\x20-\\x7e]", "");
    }

    /// At most `count` lines of it, joined by ` | `; in front of them the one in which the kernel says why it panics, when that came earlier.
    String lastLines(int count) {
        return last(text(), count);
    }

    static String last(String text, int count) {
        List<String> lines = text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
        int from = Math.max(0, lines.size() - count);
        String end = String.join(" | ", lines.subList(from, lines.size()));
        // What follows is registers and a stack.
        return lines.subList(0, from).stream().filter(line -> line.contains(PANIC)).reduce((former, later) -> later).map(panic -> panic + " | … | " + end).orElse(end);
    }
}
