package io.hypernetes.images;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;

/// Long work that one does for all who want it. The interruption of who does it ends it as soon as nobody else wants it any more, and does no harm to it before. Safe for use by many threads.
final class SharedWork {
    private final ReentrantLock doing = new ReentrantLock();
    private int wanting; // guarded by this

    interface Work {
        void run() throws IOException;
    }

    /// Held by who does it.
    ReentrantLock doing() {
        return doing;
    }

    /// Somebody wants it, from now until [#leave], whether he waits for its end or for a place to do it in.
    synchronized void join() {
        wanting++;
    }

    synchronized void leave() {
        wanting--;
        notifyAll();
    }

    /// Does it, in a thread of its own: an interruption breaks whatever a thread is waiting for, also the last steps of work that others want.
    void run(Work work) throws IOException {
        FutureTask<Void> task = new FutureTask<>(() -> {
            work.run();
            return null;
        }) {
            @Override
            protected void done() {
                synchronized (SharedWork.this) {
                    SharedWork.this.notifyAll();
                }
            }
        };
        Thread worker = Thread.ofPlatform().daemon().name("shared-work").start(task); // it computes more than it waits
        if (await(task, worker)) {
            Thread.currentThread().interrupt();
        }
        if (task.state() == FutureTask.State.FAILED) {
            switch (task.exceptionNow()) {
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }

    /// @return whether this thread was interrupted meanwhile
    private synchronized boolean await(FutureTask<Void> task, Thread worker) {
        boolean interrupted = false;
        boolean ended = false;
        while (!task.isDone()) {
            if (interrupted && !ended && wanting <= 1) {
                ended = true;
                worker.interrupt();
            }
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    /// What the work reads, so that it ends at the next look into that.
    static InputStream reading(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                look();
                return in.read();
            }

            @Override
            public int read(byte[] buffer, int from, int length) throws IOException {
                look();
                return in.read(buffer, from, length);
            }
        };
    }

    private static void look() throws InterruptedIOException {
        if (Thread.interrupted()) {
            throw new InterruptedIOException("nobody waits for it any more");
        }
    }
}
