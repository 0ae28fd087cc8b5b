package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.classic.MinimalHttpClient;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.net.URIAuthority;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/// The connections of one pull to one registry and to whom that sends on, made only to addresses that [Destinations] permitted, and kept for its next request.
///
/// Apache's client in its minimal form, which follows no redirect, asks no proxy, and knows no cookies, credentials, second tries or content codings. Safe for use by many threads,
/// which may be interrupted while they wait for an answer.
final class RegistryConnections implements AutoCloseable {
    private static final Http1Config BOUNDS = Http1Config.custom().setMaxLineLength(16 << 10).setMaxHeaderCount(100).build();

    private final Destinations destinations;
    private final Duration longestWait;
    private final Consumer<RegistryConnections> onClose;
    private final MinimalHttpClient client;
    private final Set<HttpUriRequestBase> asked = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param trust is asked when there is something to secure
    /// @param connectTimeout longest wait for a connection, and for an answer's beginning three times that
    RegistryConnections(Destinations destinations, Supplier<SSLContext> trust, Duration connectTimeout, Consumer<RegistryConnections> onClose) {
        this.destinations = destinations;
        this.longestWait = connectTimeout.multipliedBy(3);
        this.onClose = onClose;
        this.client = HttpClients.createMinimal(PoolingHttpClientConnectionManagerBuilder.create()
                .setConnectionFactory(ManagedHttpClientConnectionFactory.builder().http1Config(BOUNDS).responseParserFactory(new BoundedHeads(BOUNDS)).build())
                .setDnsResolver(new Judge())
                .setTlsSocketStrategy((socket, host, port, attachment, context) -> new DefaultClientTlsStrategy(trust.get()).upgrade(socket, host, port, attachment, context))
                // One that the other side has closed is found out before it is used again, as nothing is asked twice here.
                .setDefaultConnectionConfig(ConnectionConfig.custom().setConnectTimeout(Timeout.of(connectTimeout)).setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS).build())
                // Bounded by how many layers are fetched at a time; who waits here would be taken for one that waits for the registry.
                .setMaxConnPerRoute(Integer.MAX_VALUE)
                .setMaxConnTotal(Integer.MAX_VALUE)
                .build());
    }

    /// Asks, and returns once the head of the answer is there.
    ///
    /// @param form what to post; null for a GET
    /// @throws ImageException when whom it goes to may not be spoken to
    /// @throws IOException when there is no answer
    HttpAnswer send(URI address, Map<String, String> headers, @Nullable String form) throws IOException {
        HttpHost host = host(address);
        HttpUriRequestBase request = request(address, host, headers, form);
        // A thread of its own can be left behind, whatever it waits for, and a peer that sends a byte now and then would outlast the timeout of each read.
        FutureTask<ClassicHttpResponse> exchange = new FutureTask<>(() -> client.executeOpen(host, request, null));
        boolean answered = false;
        asked.add(request);
        try {
            if (closed) {
                throw reason(null);
            }
            Thread.startVirtualThread(exchange);
            ClassicHttpResponse answer = exchange.get(longestWait.toNanos(), TimeUnit.NANOSECONDS);
            HttpAnswer told = HttpAnswer.of(answer, () -> forget(request));
            answered = true;
            return told;
        } catch (TimeoutException late) {
            throw (IOException) new SocketTimeoutException("no answer began in " + longestWait.toSeconds() + " s").initCause(late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } catch (ExecutionException failure) {
            throw reason(failure.getCause());
        } finally {
            if (!answered) {
                forget(request);
                exchange.cancel(true);
            }
        }
    }

    private static HttpHost host(URI address) throws IOException {
        String host = address.getHost();
        if (host == null) {
            throw new IOException("an address without a host: " + Text.shortened(address.toString()));
        }
        if (address.getPort() > 0xFFFF) {
            throw new IOException("there is no port " + address.getPort());
        }
        return new HttpHost(address.getScheme(), Destinations.bare(host), address.getPort());
    }

    private static HttpUriRequestBase request(URI address, HttpHost host, Map<String, String> headers, @Nullable String form) throws IOException {
        HttpUriRequestBase request = new HttpUriRequestBase(form == null ? "GET" : "POST", URI.create(address.toASCIIString()));
        request.setAuthority(new URIAuthority(host.getHostName(), host.getPort())); // without a user's name, which goes nowhere
        request.setHeader("User-Agent", "hypernetes");
        for (Map.Entry<String, String> header : headers.entrySet()) {
            if (header.getValue().chars().anyMatch(c -> c < ' ' || c > '~')) { // perhaps a secret, so it is not told
                throw new IOException("the header " + header.getKey() + " holds characters that none can carry");
            }
            request.setHeader(header.getKey(), header.getValue());
        }
        if (form != null) { // its parts are encoded, so a byte each
            request.setEntity(new ByteArrayEntity(form.getBytes(US_ASCII), ContentType.create("application/x-www-form-urlencoded")));
        }
        return request;
    }

    private IOException reason(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (closed) {
            return new IOException("no more is pulled, as the store is closing", failure);
        }
        if (failure instanceof ImageException refused) {
            throw refused;
        }
        Throwable told = failure instanceof UncheckedIOException lookup ? lookup.getCause() : failure;
        return told instanceof IOException io ? io : new IOException("the answer cannot be understood", told);
    }

    private void forget(HttpUriRequestBase request) {
        asked.remove(request);
        request.cancel();
    }

    /// Ends what is under way.
    @Override
    public void close() {
        closed = true;
        asked.forEach(this::forget);
        client.close(CloseMode.IMMEDIATE);
        onClose.accept(this);
    }

    /// Says where a connection goes, each time that one is made.
    private final class Judge implements DnsResolver {
        @Override
        public List<InetSocketAddress> resolve(String host, int port) {
            try {
                return destinations.permitted(host, port).stream().map(address -> new InetSocketAddress(address, port)).toList();
            } catch (IOException unknown) {
                throw new UncheckedIOException(unknown);
            }
        }

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            throw new UnknownHostException(host); // without a port nobody is asked
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }
}
