package io.hypernetes.streams;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;

final class NettyRemoteCommand {
    private NettyRemoteCommand() {}

    static RemoteCommandSession open(Channel channel, HttpRequest request, RemoteCommandProtocol protocol, RemoteCommandStreams streams) {
        throw new UnsupportedOperationException("the session comes with the next commit");
    }
}
