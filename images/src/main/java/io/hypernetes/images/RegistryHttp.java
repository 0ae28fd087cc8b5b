package io.hypernetes.images;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The HTTP of pulls: what each may be given connections by, and what all of them share, which is no connection. Safe for use by many threads.
final class RegistryHttp implements AutoCloseable {
    private final Duration connectTimeout;
    private final HostLookup lookup;
    private final RegistryTrust trust = new RegistryTrust();
    /// Those of as many pulls are in memory at a time, of four to sixteen MiB each.
    private final Places longDocuments = new Places(4, 16);
    private final Set<RegistryConnections> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param connectTimeout longest wait for a connection, and for an answer's beginning three times that
    RegistryHttp(Duration connectTimeout) {
        this(connectTimeout, HostLookup.SYSTEM);
    }

    /// @param lookup finds hosts, for [Destinations] too
    RegistryHttp(Duration connectTimeout, HostLookup lookup) {
        this.connectTimeout = connectTimeout;
        this.lookup = lookup;
    }

    /// Places of pulls with long documents.
    Places longDocuments() {
        return longDocuments;
    }

    HostLookup lookup() {
        return lookup;
    }

    /// What one pull connects to, until it closes them: a connection that was good enough for one requester is never another's.
    ///
    /// @param registry says whom to trust
    RegistryConnections connections(Destinations destinations, ImageSettings.Registry registry) {
        RegistryConnections connections = new RegistryConnections(destinations, () -> trust.context(registry), connectTimeout, open::remove);
        open.add(connections);
        if (closed) {
            connections.close();
        }
        return connections;
    }

    /// How many have connections, or could have.
    int openOnes() {
        return open.size();
    }

    /// Ends what is under way.
    @Override
    public void close() {
        closed = true;
        open.forEach(RegistryConnections::close);
    }
}
