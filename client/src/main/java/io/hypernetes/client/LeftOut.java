package io.hypernetes.client;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/// Tells of objects that cannot be decoded and are left out, so many times a minute: whoever can make one can make many. Thread-safe.
final class LeftOut {
    static final int A_MINUTE = 20;

    private static final Logger LOG = LoggerFactory.getLogger(LeftOut.class);
    private static final int LONGEST = 400;

    private final LongSupplier nanos;
    private long since;
    private int told;
    private long untold;

    /// @param nanos a monotonic clock
    LeftOut(LongSupplier nanos) {
        this.nanos = nanos;
        this.since = nanos.getAsLong();
    }

    /// @param where what was asked for
    void tell(ObjectHead object, String where, Throwable misfit) {
        long before = take();
        if (before >= 0) {
            LOG.warn(
                    "event=object-not-understood tenant={} namespace={} name={} request=\"{}\" error=\"{}\" effect=\"it is left out\" untold={}",
                    object.tenant(), object.namespace(), object.name(), where, reason(misfit), before);
        }
    }

    /// How many were passed over in silence before one that may be told; negative when this one may not.
    synchronized long take() {
        long now = nanos.getAsLong();
        if (now - since >= TimeUnit.MINUTES.toNanos(1)) {
            since = now;
            told = 0;
        }
        if (told == A_MINUTE) {
            untold++;
            return -1;
        }
        told++;
        long before = untold;
        untold = 0;
        return before;
    }

    private static String reason(Throwable misfit) {
        String text = misfit instanceof JacksonException jackson ? String.valueOf(jackson.getOriginalMessage()) : misfit.toString();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    }
}
