package io.hypernetes.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.fuzz.Fuzzer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySettingsFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyHeaders;
import io.netty.handler.codec.spdy.SpdyProtocolException;
import io.netty.handler.codec.spdy.SpdyStreamStatus;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Throws mutated frames at everything that reads what a client of exec, attach or port-forward sends.
class HostileClientTest {
    private static final int ANSWERS_TO_ONE_INPUT = 1 << 20;
    /// Found by this test: a header whose name has a zero byte in it.
    private static final String ZERO_IN_A_NAME =
            "80030001000000330000000100000000000078bbe3c6a7c202e50e703a2b294a4dcc851625acc525c03c014aa656f0c48fc2b0c3845b13"
                    + "82fae6bb4742041c575b2596535b8a004c7dfcdbdc836f92e57793731d2b5e9f879f2fa44d35c07f0f956b155e0670626a4f9846ee8d5b"
                    + "65c8f99d3323d2a2c67ed51790981316f169f45dfa";

    @Test
    void webSocketFramesAreReadOrEndTheConnection() {
        assertThat(fuzz("websocket", webSocketSeeds(), false, false).read()).isPositive();
    }

    @Test
    void messagesInBase64AreReadOrEndTheConnection() {
        List<byte[]> seeds = new ArrayList<>(webSocketSeeds());
        seeds.add(webSocket(0x81, "0aGVsbG8="));
        seeds.add(webSocket(0x01, "0aGV"));
        seeds.add(webSocket(0x80, "sbG8="));
        assertThat(fuzz("websocket-base64", seeds, true, false).read()).isPositive();
    }

    @Test
    void spdyFramesAreReadOrEndTheConnection() {
        assertThat(fuzz("spdy", spdySeeds(), false, true).read()).isPositive();
    }

    private static Fuzzer.Outcome fuzz(String name, List<byte[]> seeds, boolean base64, boolean spdy) {
        return new Fuzzer(name, seeds).run(5_000, (input, random) -> {
            Heard heard = new Heard(input.length);
            EmbeddedChannel channel = spdy ? spdy(heard) : webSocket(heard, base64);
            try {
                return feed(channel, input, random);
            } finally {
                channel.finishAndReleaseAll();
            }
        });
    }

    /// True while the connection is open at the end.
    private static boolean feed(EmbeddedChannel channel, byte[] input, Random random) throws Exception {
        int answered = 0;
        for (int at = 0; at < input.length && channel.isOpen(); ) {
            int part = Math.min(input.length - at, random.nextInt(1, 3_000));
            try {
                channel.writeInbound(Unpooled.copiedBuffer(input, at, part));
                channel.checkException();
            } catch (Exception refused) {
                // Netty's own SPDY codec refuses so, and the connection is then aborted (Link). Ours never throw.
                Throwable cause = refused instanceof DecoderException && refused.getCause() != null ? refused.getCause() : refused;
                if (!(cause instanceof SpdyProtocolException) && !isOfACodec(cause)) {
                    throw refused;
                }
                return false;
            }
            at += part;
            for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
                answered += out instanceof ByteBuf bytes ? bytes.readableBytes() : 0;
                io.netty.util.ReferenceCountUtil.release(out);
            }
        }
        assertThat(answered).as("bytes sent in answer to %d", input.length).isLessThan(ANSWERS_TO_ONE_INPUT);
        return channel.isOpen();
    }

    /// A name of a header that none may have, which Netty's codec finds when it keeps it: nothing of ours stands between the two.
    private static boolean isOfACodec(Throwable cause) {
        return cause instanceof IllegalArgumentException
                && Arrays.stream(cause.getStackTrace())
                        .map(StackTraceElement::getClassName)
                        .filter(name -> name.startsWith("io.hypernetes.") || name.equals(SpdyFrameCodec.class.getName()))
                        .findFirst()
                        .filter(SpdyFrameCodec.class.getName()::equals)
                        .isPresent();
    }

    private static EmbeddedChannel webSocket(StreamEvents events, boolean base64) {
        WebSocketCodec codec = new WebSocketCodec();
        return new EmbeddedChannel(codec, new ChannelMessages(codec, events, base64, true));
    }

    private static EmbeddedChannel spdy(StreamEvents events) {
        SpdyStreams streams = new SpdyStreams(events, null);
        EmbeddedChannel channel = new EmbeddedChannel(SpdyStreams.codec(), streams);
        streams.join(new Link(channel, streams, events));
        return channel;
    }

    private static List<byte[]> webSocketSeeds() {
        return List.of(
                webSocket(0x82, "\0hello"), webSocket(0x02, "\0part one"), webSocket(0x00, "part two"), webSocket(0x80, "part three"),
                webSocket(0x89, "ping"), webSocket(0x8a, "pong"), webSocket(0x88, "\u0003\u00e8bye"),
                webSocket(0x82, "\4{\"Width\":80,\"Height\":24}"), webSocket(0x82, "\u00ff\0"), webSocket(0x82, "\0" + "x".repeat(70_000)),
                webSocket(0x82, "\0" + "y".repeat(300)));
    }

    private static byte[] webSocket(int first, String text) {
        byte[] payload = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(first);
        if (payload.length < 126) {
            frame.write(0x80 | payload.length);
        } else if (payload.length < 65_536) {
            frame.writeBytes(new byte[] {(byte) 0xfe, (byte) (payload.length >>> 8), (byte) payload.length});
        } else {
            frame.writeBytes(new byte[] {(byte) 0xff, 0, 0, 0, 0, 0, (byte) (payload.length >>> 16), (byte) (payload.length >>> 8), (byte) payload.length});
        }
        frame.writeBytes(new byte[] {1, 2, 3, 4});
        for (int i = 0; i < payload.length; i++) {
            frame.write(payload[i] ^ 1 + i % 4);
        }
        return frame.toByteArray();
    }

    /// As a client's codec writes them; the headers of each are compressed anew, as nothing holds their order.
    private static List<byte[]> spdySeeds() {
        DefaultSpdySynStreamFrame opening = new DefaultSpdySynStreamFrame(1, 0, (byte) 0);
        opening.headers().set("streamtype", "stdin").set(":method", "POST");
        DefaultSpdySynStreamFrame second = new DefaultSpdySynStreamFrame(3, 0, (byte) 0);
        second.headers().set("streamtype", "error");
        DefaultSpdySettingsFrame settings = new DefaultSpdySettingsFrame();
        settings.setValue(4, 1 << 20);
        return List.of(
                encoded(opening), encoded(second), encoded(settings), HexFormat.of().parseHex(ZERO_IN_A_NAME),
                encoded(new DefaultSpdyDataFrame(1, Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8))),
                encoded(new DefaultSpdyDataFrame(1).setLast(true)),
                encoded(new DefaultSpdyPingFrame(7)),
                encoded(new DefaultSpdyRstStreamFrame(1, SpdyStreamStatus.CANCEL)),
                encoded(new DefaultSpdyWindowUpdateFrame(1, 100)));
    }

    private static byte[] encoded(Object frame) {
        EmbeddedChannel client = new EmbeddedChannel((ChannelHandler) SpdyStreams.codec());
        client.writeOutbound(frame);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (ByteBuf part = client.readOutbound(); part != null; part = client.readOutbound()) {
            byte[] copy = new byte[part.readableBytes()];
            part.readBytes(copy);
            bytes.writeBytes(copy);
            part.release();
        }
        client.finishAndReleaseAll();
        return bytes.toByteArray();
    }

    /// Sees that no more is told than was sent.
    private static final class Heard implements StreamEvents {
        private final int sent;
        private int told;
        private final InboundBuffer stdin = new InboundBuffer(by -> {});
        private final TerminalSizes sizes = new TerminalSizes();

        Heard(int sent) {
            this.sent = sent;
        }

        @Override
        public boolean opened(int stream, SpdyHeaders headers) {
            return "stdin".equals(headers.getAsString("streamtype"));
        }

        @Override
        public void data(int stream, ByteBuf bytes) {
            told += bytes.readableBytes();
            if (told > sent) {
                throw new IllegalStateException(told + " bytes told, " + sent + " sent");
            }
            if (stream == 4) {
                sizes.offer(bytes);
            } else {
                stdin.offer(bytes);
            }
        }

        @Override
        public void ended(int stream) {
            stdin.end();
        }

        @Override
        public void reset(int stream) {
            stdin.fail("reset");
        }

        @Override
        public void closed(String reason) {
            stdin.fail(reason);
        }
    }
}
