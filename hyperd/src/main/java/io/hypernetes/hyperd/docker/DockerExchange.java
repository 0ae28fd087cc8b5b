package io.hypernetes.hyperd.docker;

import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection: hands each request to a virtual thread and feeds it the body a piece at a time; a piece is asked for only
/// when the last one was read, so an upload never piles up in memory. Requests of one connection are answered one after another.
final class DockerExchange extends SimpleChannelInboundHandler<HttpObject> {
    private static final Logger LOG = LoggerFactory.getLogger(DockerExchange.class);

    private final DockerApi api;
    private @Nullable Body body;

    DockerExchange(DockerApi api) {
        this.api = api;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.channel().config().setAutoRead(false);
        context.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (message instanceof HttpRequest request) {
            if (HttpUtil.is100ContinueExpected(request)) {
                context.writeAndFlush(new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
            }
            Body input = new Body(context);
            body = input;
            String method = request.method().name();
            QueryStringDecoder target = new QueryStringDecoder(request.uri());
            boolean keepAlive = HttpUtil.isKeepAlive(request);
            Thread.ofVirtual().name("docker " + method + " " + target.path()).start(() -> {
                DockerApi.Answer answer;
                try {
                    answer = request.decoderResult().isSuccess()
                            ? api.answer(method, target.path(), target.parameters(), input)
                            : DockerApi.Answer.error(400, "this is not HTTP/1.1: " + request.decoderResult().cause().getMessage());
                    input.drain();
                } catch (IOException e) {
                    context.close();
                    return;
                }
                send(context, method, answer, keepAlive);
            });
        }
        if (message instanceof HttpContent content && body != null) {
            body.add(content);
        }
    }

    private void send(ChannelHandlerContext context, String method, DockerApi.Answer answer, boolean keepAlive) {
        boolean head = method.equals(HttpMethod.HEAD.name());
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(answer.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(answer.body()));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
                .set(HttpHeaderNames.CONTENT_LENGTH, answer.body().length)
                .set("Api-Version", DockerApi.VERSION)
                .set("Ostype", "linux");
        if (!keepAlive) {
            response.headers().set(HttpHeaderNames.CONNECTION, "close");
        }
        context.writeAndFlush(response).addListener(done -> {
            if (keepAlive) {
                context.read();
            } else {
                context.close();
            }
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (body != null) {
            body.cut();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("docker connection failed cause={}", cause.toString());
        context.close();
    }

    /// The body of the request under way, as a blocking stream.
    private static final class Body extends InputStream {
        private static final InputStream END = InputStream.nullInputStream();
        private static final InputStream CUT = InputStream.nullInputStream();

        private final ChannelHandlerContext context;
        private final BlockingQueue<InputStream> pieces = new LinkedBlockingQueue<>();
        private @Nullable InputStream piece;

        Body(ChannelHandlerContext context) {
            this.context = context;
        }

        void add(HttpContent content) {
            if (content.content().isReadable()) {
                pieces.add(new ByteBufInputStream(content.content().retain(), true));
            }
            if (content instanceof LastHttpContent) {
                pieces.add(END);
            } else if (pieces.isEmpty()) {
                context.read();
            }
        }

        void cut() {
            pieces.add(CUT);
        }

        void drain() throws IOException {
            skip(Long.MAX_VALUE);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            while (true) {
                InputStream current = piece;
                if (current == null) {
                    if (pieces.isEmpty()) {
                        context.read();
                    }
                    current = take();
                    piece = current;
                }
                if (current == END) {
                    return -1;
                }
                if (current == CUT) {
                    throw new IOException("the client went away before its request was complete");
                }
                int count = current.read(buffer, offset, length);
                if (count > 0) {
                    return count;
                }
                current.close();
                piece = null;
            }
        }

        private InputStream take() throws IOException {
            try {
                return pieces.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while reading a request", e);
            }
        }
    }
}
