package io.hypernetes.streams;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import java.util.List;
import java.util.Optional;

/// Turns an exec or attach request into a [RemoteCommandSession]. Stateless.
///
/// A server calls [#negotiate] on the request, answers with [#refusal] when that is empty, and [#accept] otherwise.
public final class RemoteCommandHandshake {

    private RemoteCommandHandshake() {}

    /// The first of the client's offers that is spoken here; empty when the request asks for no upgrade or offers nothing known.
    public static Optional<RemoteCommandProtocol> negotiate(HttpRequest request) {
        if (UpgradeRequest.isWebSocket(request)) {
            List<String> offers = UpgradeRequest.offers(request, UpgradeRequest.WEBSOCKET_PROTOCOL);
            return offers.isEmpty() ? Optional.of(RemoteCommandProtocol.WEBSOCKET_UNNAMED) : first(offers, false);
        }
        if (UpgradeRequest.isSpdy(request)) {
            List<String> offers = UpgradeRequest.offers(request, UpgradeRequest.STREAM_PROTOCOL);
            return offers.isEmpty() ? Optional.of(RemoteCommandProtocol.SPDY_V1) : first(offers, true);
        }
        return Optional.empty();
    }

    /// The answer to a request that [#negotiate] could not serve: 400 without an upgrade, else 403 naming what is spoken.
    public static FullHttpResponse refusal(HttpRequest request) {
        return UpgradeRequest.refusal(
                request, List.of("v5.channel.k8s.io", "v4.channel.k8s.io"), List.of("v4.channel.k8s.io", "v3.channel.k8s.io"));
    }

    /// Answers 101 and gives the connection to a session. Returns at once and may be called from any thread, the channel's event
    /// loop included; the session's own methods block and are for other threads.
    ///
    /// The channel's pipeline must hold an `HttpServerCodec`. That handler and all behind it are removed; those before it
    /// (TLS) stay. Nothing but the 101 may have been written for this request, and no later request may have been read.
    ///
    /// @param protocol what [#negotiate] gave for this request
    /// @param streams what the request asks for
    public static RemoteCommandSession accept(
            Channel channel, HttpRequest request, RemoteCommandProtocol protocol, RemoteCommandStreams streams) {
        return NettyRemoteCommand.open(channel, request, protocol, streams);
    }

    private static Optional<RemoteCommandProtocol> first(List<String> offers, boolean spdy) {
        for (String offer : offers) {
            for (RemoteCommandProtocol protocol : RemoteCommandProtocol.values()) {
                if (protocol.isSpdy() == spdy && protocol.wireName().equals(offer)) {
                    return Optional.of(protocol);
                }
            }
        }
        return Optional.empty();
    }
}
