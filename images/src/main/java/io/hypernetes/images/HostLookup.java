package io.hypernetes.images;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Finds the addresses of a host that a registry, or whoever named it, chose. The system's own lookup cannot be cut short, and would hold the carrier of a
/// virtual thread as long as name servers like, so it has a thread of the platform's, which nobody waits for longer than `atMost`. Safe for use by many threads.
///
/// @param resolver blocks for as long as it takes
record HostLookup(Resolver resolver, Duration atMost) {
    /// The system's own; where the first of two name servers is dead it takes less time than that.
    static final HostLookup SYSTEM = new HostLookup(InetAddress::getAllByName, Duration.ofSeconds(15));

    /// How it is done.
    interface Resolver {
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    /// @throws UnknownHostException when there is no such host
    /// @throws SocketTimeoutException when nobody told it in time
    List<InetAddress> addresses(String host) throws IOException {
        try {
            return List.of(InetAddress.ofLiteral(host));
        } catch (IllegalArgumentException aName) {
            // Told by nothing else.
        }
        FutureTask<InetAddress[]> found = new FutureTask<>(() -> resolver.addresses(host));
        Thread.ofPlatform().daemon().name("registry-lookup").start(found);
        try {
            List<InetAddress> addresses = List.of(found.get(atMost.toNanos(), TimeUnit.NANOSECONDS));
            if (addresses.isEmpty()) { // of none everything could be said
                throw new UnknownHostException(Text.shortened(host));
            }
            return addresses;
        } catch (TimeoutException late) {
            throw (SocketTimeoutException) new SocketTimeoutException("looking up " + Text.shortened(host) + " took longer than " + atMost.toSeconds() + " s").initCause(late);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while looking up " + Text.shortened(host)).initCause(closing);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof UnknownHostException
                    ? (UnknownHostException) new UnknownHostException(Text.shortened(host)).initCause(failure)
                    : new IOException("looking up " + Text.shortened(host) + " failed: " + failure.getCause(), failure);
        }
    }
}
