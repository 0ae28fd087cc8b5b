package io.hypernetes.apiserver.webhook;

import io.hypernetes.identity.oidc.DocumentSource;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// Documents of issuers, fetched from permitted places only, whole within seconds or not at all. Safe for use by many threads.
public final class OutboundDocuments implements DocumentSource, AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final OutboundCall call;

    public OutboundDocuments(Destinations destinations) {
        this.call = new OutboundCall(destinations, ServiceResolver.NONE, "issuer");
    }

    @Override
    public byte[] get(String tenant, URI address, String trust) throws IOException {
        return call.get(new OutboundCall.Peer.Url(tenant, address, trust.getBytes(StandardCharsets.US_ASCII)), TIMEOUT);
    }

    @Override
    public void close() {
        call.close();
    }
}
