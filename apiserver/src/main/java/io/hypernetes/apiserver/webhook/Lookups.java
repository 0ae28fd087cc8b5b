package io.hypernetes.apiserver.webhook;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/// Looks up the names that tenants say, on threads of their own kind: the call into the C library cannot be interrupted, and on a virtual thread
/// a slow name server of one tenant would hold up the requests of all. Who asks for a name that is being looked up for the same tenant waits for
/// that, and a tenant has a few names looked up at once, so none takes all the threads. Thread-safe.
final class Lookups implements AutoCloseable {
    private static final int MOST = 32;
    private static final int MOST_OF_A_TENANT = 4;

    /// How the address of a name is found.
    interface Resolver {
        InetAddress resolve(String host) throws IOException;
    }

    private record Question(String tenant, String host) {}

    private final Resolver resolver;
    private final ExecutorService threads;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Question, FutureTask<InetAddress>> asked = new HashMap<>();

    /// @param name of the threads
    Lookups(Resolver resolver, String name) {
        this.resolver = resolver;
        this.threads = new ThreadPoolExecutor(
                0,
                MOST,
                30,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name(name + "-lookup-", 0).factory());
    }

    /// The address of a host.
    ///
    /// @param tenant whose word the name is; empty for many tenants
    /// @throws IOException when it is not found in time or may not be reached; the message says why
    InetAddress resolve(String tenant, String host, Duration timeout) throws IOException {
        try {
            return lookup(new Question(tenant, host)).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof UnknownHostException
                    ? new IOException("lookup " + host + ": no such host", e)
                    : new IOException(String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
        } catch (TimeoutException e) {
            throw new IOException("lookup " + host + ": context deadline exceeded", e);
        } catch (RejectedExecutionException e) {
            throw new IOException("lookup " + host + ": too many names are being looked up", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the server is stopping", e);
        }
    }

    private FutureTask<InetAddress> lookup(Question question) {
        lock.lock();
        try {
            var running = asked.get(question);
            if (running != null) {
                return running;
            }
            if (!question.tenant.isEmpty() && asked.keySet().stream().filter(other -> other.tenant.equals(question.tenant)).count() >= MOST_OF_A_TENANT) {
                throw new RejectedExecutionException("tenant " + question.tenant + " has " + MOST_OF_A_TENANT + " names looked up already");
            }
            var task = new FutureTask<>(() -> {
                try {
                    return resolver.resolve(question.host);
                } finally {
                    forget(question);
                }
            });
            threads.execute(task);
            asked.put(question, task);
            return task;
        } finally {
            lock.unlock();
        }
    }

    private void forget(Question question) {
        lock.lock();
        try {
            asked.remove(question);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
