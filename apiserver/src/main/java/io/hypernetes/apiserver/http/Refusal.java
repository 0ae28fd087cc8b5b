package io.hypernetes.apiserver.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/// What the edge answers by itself, before there is a request to hand on.
enum Refusal {
    BAD_REQUEST(400, "BadRequest", "the request is not valid HTTP or its head is too large"),
    BODY_TOO_LARGE(413, "RequestEntityTooLarge", "the request body is larger than the server accepts"),
    BUSY(503, "ServiceUnavailable", "the server has no memory for the request body just now, try again later");

    private static final int LINGER_MILLIS = 500;

    private final int code;
    private final String reason;
    private final String message;

    Refusal(int code, String reason, String message) {
        this.code = code;
        this.reason = reason;
        this.message = message;
    }

    /// Answers a request from within this process.
    void send(Exchange exchange) throws IOException {
        exchange.send(code, "application/json", status());
    }

    /// Answers and soon closes: what follows on the connection can no longer be told apart. A connection closed at once, with
    /// bytes of the client still unread, would be reset, and the client might never see the answer.
    void send(ChannelHandlerContext context) {
        var body = status();
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code), Unpooled.wrappedBuffer(body));
        response.headers().set("Content-Type", "application/json");
        response.headers().set("Content-Length", body.length);
        response.headers().set("Connection", "close");
        if (this == BUSY) {
            // Without it clients do not try again.
            response.headers().set("Retry-After", "1");
        }
        var channel = context.channel();
        channel.writeAndFlush(response)
                .addListener(written -> channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS));
    }

    private byte[] status() {
        return ("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"%s\","
                        + "\"reason\":\"%s\",\"code\":%d}\n")
                .formatted(message, reason, code)
                .getBytes(StandardCharsets.UTF_8);
    }
}
