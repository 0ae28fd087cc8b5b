package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerOutput;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.OutputKind;
import io.hypernetes.hyperd.log.ContainerLog;
import io.hypernetes.hyperd.log.LogStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries one output of a container from the guest into the log, over any number of sessions: the guest is told to forget a byte
/// only after the log has it. Also hands it to attached clients.
final class OutputFollower {
    private static final Logger LOG = LoggerFactory.getLogger(OutputFollower.class);
    private static final Duration OPEN = Duration.ofSeconds(30);
    private static final Duration QUIET = Duration.ofMinutes(10);
    private static final long RETRY_SECONDS = 1, SETTLE_SECONDS = 10;

    private final String containerId;
    private final LogStream stream;
    private final @Nullable ContainerLog log;
    private final Runnable heard;
    private final Set<AttachedClient> clients = ConcurrentHashMap.newKeySet();
    private final ReentrantLock session = new ReentrantLock();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    // Written by the one that reads, under the session's lock.
    private boolean silent = true;

    /// @param heard called at the first output
    OutputFollower(String containerId, LogStream stream, @Nullable ContainerLog log, Runnable heard) {
        this.containerId = containerId;
        this.stream = stream;
        this.log = log;
        this.heard = heard;
    }

    /// Begins to follow in a new session, in the background.
    ///
    /// @param acknowledged what the guest has been told to forget
    /// @param written how much the guest has got from the container so far
    void follow(Guest guest, long acknowledged, long written) {
        if (ended.getCount() == 0) {
            return;
        }
        Thread.ofVirtual().name("log-" + containerId + "-" + stream.word()).start(() -> run(guest, acknowledged, written));
    }

    /// Whether the whole output has been carried over.
    boolean awaitEnd(long millis) throws InterruptedException {
        return ended.await(millis, TimeUnit.MILLISECONDS);
    }

    /// Nothing comes any more, whatever is missing: the machine has ended.
    void finish() {
        if (ended.getCount() > 0 && log != null) {
            try {
                log.end(stream);
            } catch (IOException | RuntimeException failure) {
                LOG.warn("event=log-end-lost container={} stream={} error={}", containerId, stream.word(), failure.toString());
            }
        }
        end();
    }

    /// Returns when no session is read any more, or after ten seconds: what is read cannot be written then, and counts as not read. To be
    /// called when the last session has ended.
    void settle() {
        try {
            if (session.tryLock(SETTLE_SECONDS, TimeUnit.SECONDS)) {
                session.unlock();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Stops waiting for a log that cannot be written.
    void stop() {
        stopped.countDown();
    }

    void attach(AttachedClient client) {
        clients.add(client);
        if (ended.getCount() == 0) {
            client.give(new AttachedClient.Chunk(null, new byte[0]));
        }
    }

    void detach(AttachedClient client) {
        clients.remove(client);
    }

    /// Ends all who are attached.
    void detachAll() {
        clients.forEach(AttachedClient::close);
        clients.clear();
    }

    // One session at a time: a former one may still be busy with its last bytes.
    private void run(Guest guest, long acknowledged, long written) {
        session.lock();
        try {
            if (ended.getCount() > 0) {
                read(guest, acknowledged, written);
            }
        } finally {
            session.unlock();
        }
    }

    private void read(Guest guest, long acknowledged, long written) {
        long from = acknowledged;
        if (log != null) {
            log.forgotten(stream, acknowledged);
            from = Math.clamp(log.resume(stream), acknowledged, Math.max(acknowledged, written));
        }
        OutputKind kind = stream == LogStream.STDOUT ? OutputKind.STDOUT : OutputKind.STDERR;
        try (ContainerOutput output = guest.openOutput(containerId, kind, from, OPEN)) {
            while (true) {
                ContainerOutput.Item item = output.read(QUIET).orElse(null);
                switch (item) {
                    case null -> LOG.trace("event=output-quiet container={} stream={}", containerId, stream.word());
                    case ContainerOutput.Bytes bytes -> output.acknowledge(keep(bytes));
                    case ContainerOutput.End end -> {
                        output.acknowledge(finishLog(end));
                        end();
                        return;
                    }
                }
            }
        } catch (GuestException lost) {
            LOG.debug("event=output-lost container={} stream={} error=\"{}\"", containerId, stream.word(), lost.getMessage());
        } catch (InterruptedException interrupted) {
            LOG.debug("event=output-left container={} stream={}", containerId, stream.word());
        }
    }

    private long keep(ContainerOutput.Bytes bytes) throws InterruptedException {
        long kept = bytes.end();
        if (silent) {
            silent = false;
            heard.run();
        }
        if (log != null) {
            ContainerLog target = log;
            // After a failure the bytes are in the log's buffer already.
            kept = write(() -> target.append(stream, ByteBuffer.wrap(bytes.data())), () -> target.retry(stream));
        }
        give(new AttachedClient.Chunk(stream, bytes.data()));
        return kept;
    }

    private long finishLog(ContainerOutput.End end) throws InterruptedException {
        if (log == null) {
            return end.length();
        }
        ContainerLog target = log;
        return Math.min(end.length(), write(() -> target.end(stream), () -> target.end(stream)));
    }

    private interface Write {
        long run() throws IOException;
    }

    // A full disk holds the container back; it does not lose its output.
    private long write(Write first, Write again) throws InterruptedException {
        Write attempt = first;
        while (true) {
            try {
                return attempt.run();
            } catch (IOException failure) {
                if (attempt == first) {
                    LOG.warn("event=log-not-written container={} stream={} error=\"{}\" effect=\"the container waits\"",
                            containerId, stream.word(), failure.toString());
                }
                attempt = again;
                if (stopped.await(RETRY_SECONDS, TimeUnit.SECONDS)) {
                    throw new InterruptedException("the container was removed");
                }
            }
        }
    }

    private void end() {
        ended.countDown();
        give(new AttachedClient.Chunk(null, new byte[0]));
    }

    private void give(AttachedClient.Chunk chunk) {
        for (AttachedClient client : clients) {
            if (!client.give(chunk)) {
                clients.remove(client);
            }
        }
    }
}
