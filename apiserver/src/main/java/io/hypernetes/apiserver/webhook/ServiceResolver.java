package io.hypernetes.apiserver.webhook;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;

/// The way to a service of a tenant from this server.
public interface ServiceResolver {
    /// There is no way: each call says so.
    ServiceResolver NONE = (tenant, namespace, name, port, timeout) -> {
        throw new IOException("services of tenants cannot be called from the API server here: use clientConfig.url");
    };

    /// A connection to a port of a service, through the tenant's network.
    ///
    /// @throws IOException when there is none within `timeout`; the message says why
    Socket connect(String tenant, String namespace, String name, int port, Duration timeout) throws IOException;
}
