package io.hypernetes.apiserver.http;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How sockets are waited for, read and written: by Netty's library over epoll, and by the JDK where that cannot be loaded.
final class Sockets {
    private static final Logger log = LoggerFactory.getLogger(Sockets.class);
    private static final boolean EPOLL = epoll();

    private Sockets() {}

    static IoHandlerFactory loops() {
        return EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    static Class<? extends ServerChannel> listener() {
        return EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    private static boolean epoll() {
        if (Epoll.isAvailable()) {
            return true;
        }
        log.warn("event=sockets library=jdk cause={}", String.valueOf(Epoll.unavailabilityCause()));
        return false;
    }
}
