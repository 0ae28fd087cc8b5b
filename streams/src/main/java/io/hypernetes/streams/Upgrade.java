package io.hypernetes.streams;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Takes an HTTP connection over.
final class Upgrade {
    private Upgrade() {}

    /// Sends the head of the 101 response and puts handlers in the place of the HTTP codec and all behind it.
    ///
    /// @param then runs on the event loop when that is done
    static void install(Channel channel, String head, List<? extends ChannelHandler> handlers, Runnable then) {
        ChannelHandlerContext codec = channel.pipeline().context(HttpServerCodec.class);
        if (codec == null) {
            throw new IllegalStateException("taking over the connection of " + channel.remoteAddress()
                    + " needs an HttpServerCodec in its pipeline, which holds " + channel.pipeline().names());
        }
        if (channel.eventLoop().inEventLoop()) {
            installNow(channel, codec, head, handlers, then);
        } else {
            channel.eventLoop().execute(() -> installNow(channel, codec, head, handlers, then));
        }
    }

    private static void installNow(
            Channel channel,
            ChannelHandlerContext codec,
            String head,
            List<? extends ChannelHandler> handlers,
            Runnable then) {
        ChannelPipeline pipeline = channel.pipeline();
        List<String> names = pipeline.names();
        List<String> replaced = new ArrayList<>(names.subList(names.indexOf(codec.name()) + 1, names.size()));
        handlers.forEach(pipeline::addLast);
        codec.write(Unpooled.copiedBuffer(head, StandardCharsets.US_ASCII));
        // The codec goes last: what it has read of the new protocol then comes to the new handlers.
        for (String name : replaced) {
            if (pipeline.get(name) != null) {
                pipeline.remove(name);
            }
        }
        pipeline.remove(codec.handler());
        channel.flush();
        channel.config().setAutoRead(true);
        then.run();
        if (!channel.isActive()) {
            pipeline.fireChannelInactive();
        }
    }

    static List<ChannelHandler> handlers(ChannelHandler... handlers) {
        return Arrays.asList(handlers);
    }
}
