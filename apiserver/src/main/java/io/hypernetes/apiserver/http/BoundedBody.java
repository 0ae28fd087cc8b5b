package io.hypernetes.apiserver.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;

/// Collects a request's body up to the limit; beyond it the client gets a Status and the connection ends.
final class BoundedBody extends HttpObjectAggregator {
    BoundedBody(int maxBytes) {
        super(maxBytes);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
        Refusal.BODY_TOO_LARGE.send(context);
    }
}
