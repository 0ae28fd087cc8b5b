package io.hypernetes.streams;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;

final class NettyPortForward {
    private NettyPortForward() {}

    static PortForwardSession open(Channel channel, HttpRequest request, PortForwardProtocol protocol, java.util.List<Integer> ports) {
        throw new UnsupportedOperationException("the session comes with the next commit");
    }
}
