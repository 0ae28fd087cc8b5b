package io.hypernetes.streams;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import java.util.List;
import java.util.Optional;

/// Turns a port-forward request into a [PortForwardSession]. Stateless; used as [RemoteCommandHandshake] is.
public final class PortForwardHandshake {

    private PortForwardHandshake() {}

    /// The first of the client's offers that is spoken here; empty when the request asks for no upgrade or offers nothing known.
    public static Optional<PortForwardProtocol> negotiate(HttpRequest request) {
        if (UpgradeRequest.isWebSocket(request)) {
            List<String> offers = UpgradeRequest.offers(request, UpgradeRequest.WEBSOCKET_PROTOCOL);
            return offers.isEmpty()
                    ? Optional.of(PortForwardProtocol.WEBSOCKET_UNNAMED)
                    : offers.stream().flatMap(offer -> named(offer).stream()).filter(found -> found != PortForwardProtocol.SPDY).findFirst();
        }
        if (UpgradeRequest.isSpdy(request)) {
            List<String> offers = UpgradeRequest.offers(request, UpgradeRequest.STREAM_PROTOCOL);
            return offers.isEmpty() || offers.contains(PortForwardProtocol.SPDY.wireName())
                    ? Optional.of(PortForwardProtocol.SPDY)
                    : Optional.empty();
        }
        return Optional.empty();
    }

    /// The answer to a request that [#negotiate] could not serve: 400 without an upgrade, else 403 naming what is spoken.
    public static FullHttpResponse refusal(HttpRequest request) {
        return UpgradeRequest.refusal(
                request,
                List.of(PortForwardProtocol.SPDY_IN_WEBSOCKET.wireName(), PortForwardProtocol.WEBSOCKET_V4.wireName()),
                List.of(PortForwardProtocol.SPDY.wireName()));
    }

    /// Answers 101 and gives the connection to a session, under the conditions of [RemoteCommandHandshake#accept].
    ///
    /// @param ports 1 to 65,535 each, at most 100: the ports of the request, used when the protocol needs them
    public static PortForwardSession accept(Channel channel, HttpRequest request, PortForwardProtocol protocol, List<Integer> ports) {
        return NettyPortForward.open(channel, request, protocol, ports);
    }

    private static Optional<PortForwardProtocol> named(String offer) {
        for (PortForwardProtocol protocol : PortForwardProtocol.values()) {
            if (protocol.wireName().equals(offer)) {
                return Optional.of(protocol);
            }
        }
        return Optional.empty();
    }
}
