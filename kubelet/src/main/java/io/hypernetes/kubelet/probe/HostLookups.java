package io.hypernetes.kubelet.probe;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Addresses of the hosts that pods of tenants name, in their probes, hooks and images, in the time that they have: the system's own lookup cannot be cut short, and takes as long as name
/// servers let it. Whoever asks for a name that is being looked up for the tenant waits for that one.
///
/// The node has only so many at a time, and a tenant no more than are free: half of all if it is alone, and a tenant that has none finds a place while others
/// have as many as they may. Who finds none waits for one. Safe for use by many threads.
public final class HostLookups {
    private static final int MOST = 32;

    private final Resolver resolver;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition fewer = lock.newCondition();
    private final Map<Asked, FutureTask<List<InetAddress>>> underWay = new HashMap<>();

    /// Blocks for as long as it takes.
    @FunctionalInterface
    public interface Resolver {
        /// At least one.
        InetAddress[] addresses(String host) throws IOException;
    }

    private record Asked(String tenant, String host) {}

    /// Others were being looked up all the time, or for so long that too little was left, which says nothing of this host.
    public static final class NoPlaceException extends IOException {
        private static final long serialVersionUID = 1L;

        NoPlaceException(String host, @Nullable IOException late) {
            super("lookup " + host + ": too many other hosts are being looked up", late);
        }
    }

    public HostLookups(Resolver resolver) {
        this.resolver = resolver;
    }

    /// One of a host's addresses.
    ///
    /// @throws IOException as [#all], in the words that users of Go programs know
    InetAddress find(String tenant, String host, Deadline deadline) throws IOException {
        try {
            return all(tenant, host, deadline).getFirst();
        } catch (UnknownHostException none) {
            throw new IOException("dial tcp: lookup " + host + ": no such host", none);
        }
    }

    /// All addresses of a host.
    ///
    /// @param tenant whose word the name is
    /// @param host a name, or an address, which needs no lookup
    /// @throws SocketTimeoutException when nobody has answered within `left`
    /// @throws NoPlaceException when nobody was asked within `left`
    /// @throws UnknownHostException when there is no such host
    /// @throws InterruptedIOException when the thread is interrupted, as it still is then
    public List<InetAddress> all(String tenant, String host, Duration left) throws IOException {
        return all(tenant, host, Deadline.in(left));
    }

    private List<InetAddress> all(String tenant, String host, Deadline deadline) throws IOException {
        try {
            return List.of(InetAddress.ofLiteral(host));
        } catch (IllegalArgumentException aName) {
            // Told by nothing else.
        }
        try {
            return lookup(new Asked(tenant, host), deadline).get(Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw (SocketTimeoutException) new SocketTimeoutException("lookup " + host + ": i/o timeout").initCause(late);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("lookup " + host + ": interrupted").initCause(closing);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof UnknownHostException
                    ? (UnknownHostException) new UnknownHostException(host).initCause(failure)
                    : new IOException("lookup " + host + ": " + failure.getCause(), failure);
        }
    }

    private FutureTask<List<InetAddress>> lookup(Asked asked, Deadline deadline) throws NoPlaceException, InterruptedException {
        lock.lockInterruptibly();
        try {
            for (long left = deadline.leftNanos(); ; left = fewer.awaitNanos(left)) {
                FutureTask<List<InetAddress>> begun = underWay.get(asked);
                if (begun != null) {
                    return begun;
                }
                if (hasPlace(asked.tenant())) {
                    return begin(asked);
                }
                if (left <= 0) {
                    throw new NoPlaceException(asked.host(), null);
                }
                deadline.holdUp(asked.host());
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean hasPlace(String tenant) {
        return underWay.keySet().stream().filter(other -> other.tenant().equals(tenant)).count() < MOST - underWay.size();
    }

    private FutureTask<List<InetAddress>> begin(Asked asked) {
        FutureTask<List<InetAddress>> address = new FutureTask<>(() -> {
            try {
                return List.of(resolver.addresses(asked.host()));
            } finally {
                // Before the answer, so that who asks behind it looks anew.
                over(asked);
            }
        });
        // A virtual one would hold its carrier meanwhile, of which there are few. One that cannot be had leaves nothing behind.
        Thread.ofPlatform().daemon().name("lookup-" + asked.host()).start(address);
        underWay.put(asked, address);
        return address;
    }

    private void over(Asked asked) {
        lock.lock();
        try {
            underWay.remove(asked);
            fewer.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
