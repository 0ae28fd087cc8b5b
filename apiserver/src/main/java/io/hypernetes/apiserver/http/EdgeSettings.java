package io.hypernetes.apiserver.http;

import java.net.InetSocketAddress;
import java.time.Duration;

/// Where the edge listens and what one client may cost.
///
/// @param listen address and port; port 0 takes a free one
/// @param maxBodyBytes largest request body
/// @param maxBodiesBytes the memory that the bodies of all requests may take together, a fifth of it those from one place, half those from the machine itself; beyond it clients are told to try again
/// @param maxHeaderBytes largest request head, and for HTTP/2 the largest header list
/// @param maxConnections connections beyond this many, or a fifth as many from one place (half as many from the machine itself), are closed at once
/// @param requestArrival longest time from a request's first byte to its last
/// @param idle how long a connection without any request stays open, of HTTP/2 too
/// @param slowWrite how long a client may take nothing of an answer before it is cut off
public record EdgeSettings(
        InetSocketAddress listen,
        int maxBodyBytes,
        long maxBodiesBytes,
        int maxHeaderBytes,
        int maxConnections,
        Duration requestArrival,
        Duration idle,
        Duration slowWrite) {

    /// The limits of a production server.
    public static EdgeSettings at(InetSocketAddress listen) {
        return new EdgeSettings(
                listen,
                3 * 1024 * 1024,
                Math.max(32L << 20, Runtime.getRuntime().maxMemory() / 8),
                64 * 1024,
                20_000,
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                Duration.ofSeconds(60));
    }
}
