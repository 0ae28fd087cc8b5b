package io.hypernetes.kubelet.probe;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Addresses of the hosts that probes and hooks name, in the time that they have: the system's own lookup cannot be cut short, and takes as long as name
/// servers let it. Whoever asks for a name that is being looked up for the tenant waits for that one, and a tenant has only so many at a time. Safe for
/// use by many threads.
final class HostLookups {
    private static final int MOST_OF_A_TENANT = 16;

    private final Resolver resolver;
    private final Map<Asked, CompletableFuture<InetAddress>> underWay = new HashMap<>();

    /// Blocks for as long as it takes.
    @FunctionalInterface
    interface Resolver {
        InetAddress address(String host) throws UnknownHostException;
    }

    private record Asked(String tenant, String host) {}

    HostLookups(Resolver resolver) {
        this.resolver = resolver;
    }

    /// @param host a name, or an address, which needs no lookup
    /// @throws SocketTimeoutException when nobody has answered within `left`
    /// @throws IOException when there is no such host, or too many others are being looked up
    InetAddress find(String tenant, String host, Duration left) throws IOException {
        try {
            return InetAddress.ofLiteral(host);
        } catch (IllegalArgumentException aName) {
            // Told by nothing else.
        }
        try {
            return lookup(new Asked(tenant, host)).get(left.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw (SocketTimeoutException) new SocketTimeoutException("lookup " + host + ": i/o timeout").initCause(late);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("lookup " + host + ": interrupted").initCause(closing);
        } catch (ExecutionException failure) {
            throw new IOException("dial tcp: lookup " + host + ": no such host", failure.getCause());
        }
    }

    private CompletableFuture<InetAddress> lookup(Asked asked) throws IOException {
        synchronized (underWay) {
            CompletableFuture<InetAddress> begun = underWay.get(asked);
            if (begun != null) {
                return begun;
            }
            if (underWay.keySet().stream().filter(other -> other.tenant().equals(asked.tenant())).count() >= MOST_OF_A_TENANT) {
                throw new IOException("dial tcp: lookup " + asked.host() + ": " + MOST_OF_A_TENANT + " other hosts are being looked up already");
            }
            CompletableFuture<InetAddress> address = new CompletableFuture<>();
            underWay.put(asked, address);
            // A virtual one would hold its carrier meanwhile, of which there are few.
            Thread.ofPlatform().daemon().name("lookup-" + asked.host()).start(() -> run(asked, address));
            return address;
        }
    }

    private void run(Asked asked, CompletableFuture<InetAddress> address) {
        try {
            InetAddress found = resolver.address(asked.host());
            over(asked);
            address.complete(found);
        } catch (UnknownHostException | RuntimeException none) {
            over(asked);
            address.completeExceptionally(none);
        }
    }

    /// Before the answer, so that who asks behind it looks anew.
    private void over(Asked asked) {
        synchronized (underWay) {
            underWay.remove(asked);
        }
    }
}
