package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
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

    /// As Netty's usual chunks have it.
    private static final int PAGE_BYTES = 8 << 10;
    /// 256 KiB of them, two pieces of long answers: an arena keeps some that nobody uses.
    private static final int CHUNK_ORDER = 5;

    private Sockets() {}

    /// The buffers of connections that some loops look after. Each record of TLS is encrypted into one of 17 KB, which is free again as soon as it is sent: a loop
    /// has the same again and again, in its processor's cache, where Netty's default goes through megabytes for an event at a thousand watchers.
    /// On the heap too: the JDK's TLS encrypts from there and to there.
    static ByteBufAllocator buffers(int loops) {
        return new PooledByteBufAllocator(
                true,
                loops,
                loops,
                PAGE_BYTES,
                CHUNK_ORDER,
                PooledByteBufAllocator.defaultSmallCacheSize(),
                PooledByteBufAllocator.defaultNormalCacheSize(),
                false);
    }

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
