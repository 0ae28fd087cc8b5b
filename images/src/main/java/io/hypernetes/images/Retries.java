package io.hypernetes.images;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Tries again what a network breaks off, after pauses that grow. Safe for use by several threads.
final class Retries {
    private final ImageSettings.Transfers settings;
    private final String peer;

    /// @param peer who is asked, for messages
    Retries(ImageSettings.Transfers settings, String peer) {
        this.settings = settings;
        this.peer = peer;
    }

    /// One try; it may be one of many.
    interface Attempt<T> {
        T run() throws IOException;
    }

    /// Tries until it succeeds.
    ///
    /// @param what is wanted, for messages
    /// @throws ImageException UNREACHABLE when all tries failed, or another one would
    <T> T until(String what, Attempt<T> attempt) {
        return until(what, attempt, () -> 0);
    }

    /// The same for what comes bit by bit: a try that brought more than there had ever been is followed by as many as there were at first.
    ///
    /// @param come how much has come
    <T> T until(String what, Attempt<T> attempt, LongSupplier come) {
        long most = come.getAsLong();
        int fruitless = 0;
        for (int n = 1; ; n++) {
            IOException failure;
            try {
                return attempt.run();
            } catch (IOException e) {
                failure = e;
            }
            fruitless++;
            if (come.getAsLong() > most) {
                most = come.getAsLong();
                fruitless = 0;
            }
            boolean hopeless = isRefusal(failure);
            if (fruitless >= settings.attempts() || hopeless) {
                throw new ImageException(ImageException.Reason.UNREACHABLE,
                        what + ": " + peer + " cannot be reached or breaks off ("
                                + Text.shortened(reason(failure)) + "), tried " + n
                                + (n == 1 ? " time" : " times") + "; check its address and the network",
                        failure);
            }
            pause(pauseAfter(failure, Math.max(1, fruitless)));
        }
    }

    /// What the other side asked for, else twice as long each time, never the same for two clients; bounded either way.
    private Duration pauseAfter(IOException failure, int attempt) {
        Duration asked = failure instanceof TryLater later ? later.wait : null;
        long millis = asked != null
                ? asked.toMillis()
                : (200L << Math.min(attempt - 1, 10)) * (75 + ThreadLocalRandom.current().nextInt(50)) / 100;
        return Duration.ofMillis(Math.min(millis, settings.longestPause().toMillis()));
    }

    private static boolean isRefusal(IOException failure) {
        return failure instanceof ConnectException || failure instanceof UnknownHostException;
    }

    private static String reason(IOException failure) {
        if (failure instanceof UnknownHostException) {
            return "the host name " + failure.getMessage() + " is unknown";
        }
        String message = failure.getMessage();
        return message != null ? message : failure instanceof ConnectException ? "connection refused" : failure.toString();
    }

    private static void pause(Duration wait) {
        try {
            Thread.sleep(wait); // a registry that asked for patience cannot tell when it is over
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNREACHABLE, "the pull was interrupted", e);
        }
    }

    /// The other side has no time now.
    static final class TryLater extends IOException {
        private static final long serialVersionUID = 1L;
        final transient @Nullable Duration wait;

        /// @param wait what it asked for; null when it did not say
        TryLater(String message, @Nullable Duration wait) {
            super(message);
            this.wait = wait;
        }
    }
}
