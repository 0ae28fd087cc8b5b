package io.hypernetes.hyperd.container;

import java.time.Duration;

/// Carries what one client types to a container, and ends when the client has gone: what it sent last has a little time to arrive, even when the
/// program does not read. One that has the container's input to end, of which a paused pod learns later, waits for that. To be closed by the thread that serves the client.
public final class InputThread implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final Thread thread;
    private final Duration grace;

    private InputThread(Thread thread, Duration grace) {
        this.thread = thread;
        this.grace = grace;
    }

    /// Starts it.
    ///
    /// @param work ends when it is interrupted
    public static InputThread start(String name, Runnable work) {
        return start(name, work, GRACE);
    }

    static InputThread start(String name, Runnable work, Duration grace) {
        return new InputThread(Thread.ofVirtual().name(name).start(work), grace);
    }

    /// Lets it end, and interrupts it when it has not after a while. Waits for neither.
    @Override
    public void close() {
        Thread.ofVirtual().name(thread.getName() + "-end").start(() -> {
            try {
                if (!thread.join(grace)) {
                    thread.interrupt();
                }
            } catch (InterruptedException stopping) {
                thread.interrupt();
            }
        });
    }
}
