package io.hypernetes.apiserver.http;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Requests of one part of this process, served as those from the network are, stage by stage, but without sockets and TLS. Thread-safe.
///
/// Closing breaks off what is under way, and waits up to five seconds for what is being served.
public final class LocalCalls implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LocalCalls.class);
    private static final Duration LONGEST_END = Duration.ofSeconds(5);

    private final EdgeSettings settings;
    private final ExchangeHandler handler;
    private final String component;
    private final ExecutorService threads;
    private final Set<LocalConnection> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param settings how large a body may be, and how long a reader may take nothing
    /// @param component who asks, such as `system:kube-scheduler`
    public LocalCalls(EdgeSettings settings, ExchangeHandler handler, String component) {
        this.settings = settings;
        this.handler = handler;
        this.component = component;
        this.threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("request-" + component + "-", 0).factory());
    }

    /// What came back.
    ///
    /// @param body for one reader, who closes it: an answer nobody reads waits until it is cut off
    public record Answer(int status, InputStream body) {}

    /// Makes a request and waits until its answer begins.
    ///
    /// @param uri the path, percent-encoded, with its query
    /// @param body must not change; empty for none
    /// @throws IOException when there is no answer within the limit, or none at all
    public Answer call(String method, String uri, Map<String, String> headers, byte[] body, Duration limit)
            throws IOException, InterruptedException {
        var connection = new LocalConnection(component, settings.slowWrite());
        var sent = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
        headers.forEach(sent::add);
        var exchange = new Exchange(connection, method, uri, sent, body);
        open.add(connection);
        boolean begun = false;
        try {
            if (closed) {
                throw new IOException("the server is stopping");
            }
            threads.execute(() -> {
                try {
                    exchange.serveBy(body.length > settings.maxBodyBytes() ? Refusal.BODY_TOO_LARGE::send : handler);
                } finally {
                    // Nothing, where it was answered.
                    connection.abort();
                    open.remove(connection);
                }
            });
            int status = connection.head().get(limit.toNanos(), TimeUnit.NANOSECONDS);
            begun = true;
            return new Answer(status, connection.body());
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + limit.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException("the server broke off before its answer", e.getCause());
        } catch (RejectedExecutionException e) {
            throw new IOException("the server is stopping", e);
        } finally {
            if (!begun) {
                open.remove(connection);
                connection.body().close();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        open.forEach(connection -> {
            connection.abort();
            connection.body().close();
        });
        threads.shutdown();
        try {
            if (!threads.awaitTermination(LONGEST_END.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("event=requests-left-behind component={} after={}", component, LONGEST_END);
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
