package io.hypernetes.apiserver.http;

import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;

/// Where one request came from and how its answer goes back there: by the network, or to another part of this process. It waits for slow readers.
sealed interface Connection permits ChannelConnection, LocalConnection {

    SocketAddress remoteAddress();

    /// What the client showed in the TLS handshake, its own certificate first; empty when it showed none.
    List<X509Certificate> clientCertificates();

    /// The tenant whose door the connection came by; empty when it came by none.
    String door();

    /// The name of the part of this process that asks; empty for whoever comes by the network.
    String component();

    /// Whether HTTP can be left on it.
    boolean upgradable();

    /// Runs `action` once the client is gone, at once when it is gone already.
    void onDisconnect(Runnable action);

    /// Answers whole.
    ///
    /// @param headers may be completed
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    void send(int status, HttpHeaders headers, List<Part> parts, boolean headOnly) throws IOException;

    /// Begins an answer whose length is not known.
    AnswerStream stream(int status, HttpHeaders headers, boolean headOnly) throws IOException;

    /// Leaves HTTP; where it is [#upgradable].
    RawConnection upgrade(byte[] head) throws IOException;

    /// Leaves HTTP for the door of a tenant; where it is [#upgradable].
    void leadIn(String tenant, SSLContext tls, byte[] head) throws IOException;

    /// Ends it so that the client sees the answer broken off.
    void abort();
}
