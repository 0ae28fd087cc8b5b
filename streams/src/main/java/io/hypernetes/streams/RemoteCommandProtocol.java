package io.hypernetes.streams;

/// The dialects in which a client may speak exec and attach.
///
/// What differs: whether the final status is JSON (version 4 on) or bare text, whether terminal sizes can be sent (3 on), and
/// whether a WebSocket client can end its standard input (5).
public enum RemoteCommandProtocol {
    WEBSOCKET_V5("v5.channel.k8s.io", Transport.WEBSOCKET, 5),
    WEBSOCKET_V4("v4.channel.k8s.io", Transport.WEBSOCKET, 4),
    WEBSOCKET_V4_BASE64("v4.base64.channel.k8s.io", Transport.WEBSOCKET_BASE64, 4),
    WEBSOCKET_V1("channel.k8s.io", Transport.WEBSOCKET, 1),
    WEBSOCKET_V1_BASE64("base64.channel.k8s.io", Transport.WEBSOCKET_BASE64, 1),
    /// A WebSocket client that names no subprotocol.
    WEBSOCKET_UNNAMED("", Transport.WEBSOCKET, 1),
    SPDY_V4("v4.channel.k8s.io", Transport.SPDY, 4),
    SPDY_V3("v3.channel.k8s.io", Transport.SPDY, 3),
    SPDY_V2("v2.channel.k8s.io", Transport.SPDY, 2),
    SPDY_V1("channel.k8s.io", Transport.SPDY, 1);

    private final String wireName;
    private final Transport transport;
    private final int version;

    RemoteCommandProtocol(String wireName, Transport transport, int version) {
        this.wireName = wireName;
        this.transport = transport;
        this.version = version;
    }

    /// The name in `Sec-WebSocket-Protocol` or `X-Stream-Protocol-Version`.
    public String wireName() {
        return wireName;
    }

    /// True when streams are carried by SPDY/3.1, false for WebSocket messages.
    public boolean isSpdy() {
        return transport == Transport.SPDY;
    }

    Transport transport() {
        return transport;
    }

    int version() {
        return version;
    }

    boolean hasJsonStatus() {
        return version >= 4;
    }

    /// Old WebSocket clients have the resize channel too; SPDY clients open the stream from version 3 on.
    boolean hasResize() {
        return transport != Transport.SPDY || version >= 3;
    }

    boolean hasHalfClose() {
        return version >= 5;
    }

    enum Transport {
        WEBSOCKET,
        WEBSOCKET_BASE64,
        SPDY
    }
}
