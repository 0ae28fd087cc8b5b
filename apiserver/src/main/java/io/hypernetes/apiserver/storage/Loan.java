package io.hypernetes.apiserver.storage;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/// A place in a feed that an event loop has while its reader waits. Belongs to the loop until it is given back.
final class Loan implements Round.Member {
    private final Place place;
    private final ChangeCursor.Taker taker;
    private final Round round;
    private final Thread reader = Thread.currentThread();
    private volatile boolean lent = true;

    /// What is lent.
    interface Place {
        /// Gives a change, and more until a time of [System#nanoTime].
        Round.Outcome serve(ChangeCursor.Taker taker, long until);

        /// Whether its reader has to have it, as nothing more will come; from any thread. Whoever makes it so wakes the reader, or begins the round.
        boolean over();
    }

    /// By the thread that waits, with [#untilBack].
    Loan(Place place, ChangeCursor.Taker taker, Round round) {
        this.place = place;
        this.taker = taker;
        this.round = round;
    }

    /// Lends the place until a time of [System#nanoTime], or until the loop leaves it to the reader.
    void untilBack(long end) throws InterruptedException {
        boolean interrupted = false;
        boolean askedBack = false;
        try {
            taker.loop().execute(() -> round.admit(this));
            while (lent) {
                long left = end - System.nanoTime();
                if (askedBack) {
                    LockSupport.park(this);
                } else if (left <= 0 || interrupted || place.over()) {
                    askedBack = true;
                    taker.loop().execute(() -> round.dismiss(this));
                } else {
                    LockSupport.parkNanos(this, left);
                }
                interrupted |= Thread.interrupted();
            }
        } catch (RejectedExecutionException stopped) {
            // The loop does nothing more for anybody.
        }
        if (interrupted) {
            throw new InterruptedException();
        }
    }

    @Override
    public Round.Outcome serve(long until) {
        return place.serve(taker, until);
    }

    @Override
    public void giveBack() {
        lent = false;
        LockSupport.unpark(reader);
    }
}
