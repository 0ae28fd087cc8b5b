package io.hypernetes.apiserver.webhook;

import io.hypernetes.identity.oidc.DocumentSource;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Documents of issuers, fetched from permitted places only, whole within seconds or not at all. Safe for use by many threads.
public final class OutboundDocuments implements DocumentSource, AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int MOST_LOOKUPS = 8;

    private final ScheduledExecutorService deadlines =
            Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("issuer-deadlines").factory());
    private final ExecutorService lookups = new ThreadPoolExecutor(
            0, MOST_LOOKUPS, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), Thread.ofPlatform().daemon().name("issuer-lookup-", 0).factory());
    private final OutboundCall call;

    public OutboundDocuments(Destinations destinations) {
        this.call = new OutboundCall(destinations, ServiceResolver.NONE, deadlines, lookups);
    }

    @Override
    public byte[] get(URI address, String trust) throws IOException {
        return call.get(new OutboundCall.Peer.Url(address, trust.getBytes(StandardCharsets.US_ASCII)), TIMEOUT);
    }

    @Override
    public void close() {
        deadlines.shutdownNow();
        lookups.shutdownNow();
    }
}
