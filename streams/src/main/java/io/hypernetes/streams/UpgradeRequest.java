package io.hypernetes.streams;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// What an upgrade request says in its headers, and how it is answered.
final class UpgradeRequest {
    static final String WEBSOCKET_PROTOCOL = "Sec-WebSocket-Protocol";
    static final String STREAM_PROTOCOL = "X-Stream-Protocol-Version";
    private static final String WEBSOCKET_KEY = "Sec-WebSocket-Key";
    /// The constant of RFC 6455, section 1.3.
    private static final String WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private UpgradeRequest() {}

    static boolean isWebSocket(HttpRequest request) {
        return request.method().equals(HttpMethod.GET)
                && upgradesTo(request, "websocket")
                && "13".equals(request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))
                && request.headers().contains(WEBSOCKET_KEY);
    }

    static boolean isSpdy(HttpRequest request) {
        return upgradesTo(request, "SPDY/3.1");
    }

    private static boolean upgradesTo(HttpRequest request, String protocol) {
        return request.headers().containsValue(HttpHeaderNames.CONNECTION, "upgrade", true)
                && request.headers().containsValue(HttpHeaderNames.UPGRADE, protocol, true);
    }

    /// The values of a header that may be repeated, comma-separated, or both.
    static List<String> offers(HttpRequest request, String header) {
        List<String> offers = new ArrayList<>();
        for (String line : request.headers().getAll(header)) {
            for (String offer : line.split(",")) {
                if (!offer.isBlank()) {
                    offers.add(offer.strip());
                }
            }
        }
        return offers;
    }

    static FullHttpResponse refusal(HttpRequest request, List<String> webSocketProtocols, List<String> spdyProtocols) {
        boolean webSocket = isWebSocket(request);
        boolean upgrade = webSocket || isSpdy(request);
        String text = upgrade
                ? "none of the stream protocols offered is spoken here; spoken are WebSocket " + webSocketProtocols + " and SPDY/3.1 "
                        + spdyProtocols + "\n"
                : "this address serves streams: ask for an upgrade to WebSocket " + webSocketProtocols + " or SPDY/3.1 "
                        + spdyProtocols + "\n";
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                upgrade ? HttpResponseStatus.FORBIDDEN : HttpResponseStatus.BAD_REQUEST,
                Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        if (upgrade && !webSocket) {
            spdyProtocols.forEach(protocol -> response.headers().add("X-Accepted-Stream-Protocol-Versions", protocol));
        }
        return response;
    }

    /// The head of the 101 response.
    static String switchToWebSocket(HttpRequest request, String protocol) {
        String head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + webSocketAccept(request.headers().get(WEBSOCKET_KEY, "")) + "\r\n";
        return protocol.isEmpty() ? head + "\r\n" : head + WEBSOCKET_PROTOCOL + ": " + protocol + "\r\n\r\n";
    }

    static String switchToSpdy(HttpRequest request, String protocol) {
        String head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n";
        // A client that named no version must not be told one.
        return offers(request, STREAM_PROTOCOL).isEmpty() ? head + "\r\n" : head + STREAM_PROTOCOL + ": " + protocol + "\r\n\r\n";
    }

    private static String webSocketAccept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key.strip() + WEBSOCKET_GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-1", impossible);
        }
    }
}
