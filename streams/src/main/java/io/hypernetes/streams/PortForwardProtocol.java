package io.hypernetes.streams;

/// The dialects in which a client may speak port-forward.
public enum PortForwardProtocol {
    /// Two channels a port, for ports named in the request; each begins with its port.
    WEBSOCKET_V4("v4.channel.k8s.io"),
    WEBSOCKET_V4_BASE64("v4.base64.channel.k8s.io"),
    /// A WebSocket client that names no subprotocol speaks as version 4.
    WEBSOCKET_UNNAMED(""),
    /// SPDY/3.1 inside binary WebSocket messages.
    SPDY_IN_WEBSOCKET("SPDY/3.1+portforward.k8s.io"),
    SPDY("portforward.k8s.io");

    private final String wireName;

    PortForwardProtocol(String wireName) {
        this.wireName = wireName;
    }

    /// The name in `Sec-WebSocket-Protocol` or `X-Stream-Protocol-Version`.
    public String wireName() {
        return wireName;
    }

    /// Whether the request must name the ports; with the others the client names one for each connection.
    public boolean needsPorts() {
        return this != SPDY && this != SPDY_IN_WEBSOCKET;
    }
}
