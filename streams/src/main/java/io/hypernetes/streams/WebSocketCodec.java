package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Server's end of RFC 6455 without extensions. Messages go on in parts, of whatever size their frames are; pings are answered and
/// closes confirmed here.
final class WebSocketCodec extends ByteToMessageDecoder {
    static final int CLOSE_NORMAL = 1000;
    static final int CLOSE_PROTOCOL_ERROR = 1002;
    static final int CLOSE_INVALID_PAYLOAD = 1007;
    static final int CLOSE_INTERNAL_ERROR = 1011;

    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int LAST_FRAME = 0x80;
    private static final int MAX_CONTROL_PAYLOAD = 125;

    private long payloadLeft;
    private boolean inPayload;
    private boolean inMessage;
    private boolean lastFrame;
    private boolean beginning;
    private final byte[] mask = new byte[4];
    private int maskAt;
    private boolean closeSent;
    private boolean over;
    private boolean pongUnderWay;
    private byte @Nullable [] nextPong;
    private @Nullable ChannelHandlerContext context;

    /// A whole message as one frame.
    static ByteBuf message(boolean text, ByteBuf payload) {
        ByteBuf head = head(LAST_FRAME | (text ? TEXT : BINARY), payload.readableBytes());
        return Unpooled.wrappedBuffer(head, payload);
    }

    private static ByteBuf head(int first, int length) {
        ByteBuf head = Unpooled.buffer(10).writeByte(first);
        if (length < 126) {
            return head.writeByte(length);
        }
        return length < 65_536 ? head.writeByte(126).writeShort(length) : head.writeByte(127).writeLong(length);
    }

    /// Sends CLOSE, once.
    void close(int code, String reason, ChannelPromise said) {
        ChannelHandlerContext it = context;
        if (it == null || closeSent) {
            said.trySuccess();
            return;
        }
        closeSent = true;
        ByteBuf text = Unpooled.copiedBuffer(reason, StandardCharsets.UTF_8);
        ByteBuf payload = Unpooled.buffer().writeShort(code).writeBytes(text, Math.min(text.readableBytes(), MAX_CONTROL_PAYLOAD - 2));
        text.release();
        it.writeAndFlush(Unpooled.wrappedBuffer(head(LAST_FRAME | CLOSE, payload.readableBytes()), payload), said);
    }

    /// An unasked pong: a one-way sign of life.
    void heartbeat() {
        pong(new byte[0]);
    }

    private void pong(byte[] payload) {
        ChannelHandlerContext it = context;
        if (it == null || closeSent) {
            return;
        }
        if (pongUnderWay) {
            // The protocol lets us answer the newest ping alone, and so a flood of pings costs one answer at a time.
            nextPong = payload;
            return;
        }
        pongUnderWay = true;
        it.writeAndFlush(Unpooled.wrappedBuffer(head(LAST_FRAME | PONG, payload.length), Unpooled.wrappedBuffer(payload)))
                .addListener(done -> {
                    pongUnderWay = false;
                    byte[] next = nextPong;
                    nextPong = null;
                    if (next != null && done.isSuccess()) {
                        pong(next);
                    }
                });
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        this.context = context;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (over) {
            ReferenceCountUtil.release(message);
        } else {
            super.channelRead(context, message);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (over) {
            in.skipBytes(in.readableBytes());
        } else if (inPayload) {
            payload(in, out);
        } else {
            header(context, in, out);
        }
    }

    private void header(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        int at = in.readerIndex();
        if (in.readableBytes() < 2) {
            return;
        }
        int first = in.getUnsignedByte(at);
        int second = in.getUnsignedByte(at + 1);
        int opcode = first & 0x0f;
        boolean control = opcode >= CLOSE;
        int shortLength = second & 0x7f;
        int lengthBytes = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0;
        String violation = violation(first, second, opcode, shortLength);
        if (violation != null) {
            violated(context, violation);
            return;
        }
        int head = 2 + lengthBytes + mask.length;
        if (in.readableBytes() < head || control && in.readableBytes() < head + shortLength) {
            return;
        }
        long length = lengthBytes == 0 ? shortLength : lengthBytes == 2 ? in.getUnsignedShort(at + 2) : in.getLong(at + 2);
        if (length < 0) {
            violated(context, "a frame of negative length");
            return;
        }
        in.skipBytes(2 + lengthBytes).readBytes(mask);
        maskAt = 0;
        if (control) {
            byte[] payload = new byte[shortLength];
            in.readBytes(payload);
            unmask(payload);
            control(context, opcode, payload);
            return;
        }
        beginning = !inMessage;
        inMessage = true;
        lastFrame = (first & LAST_FRAME) != 0;
        payloadLeft = length;
        inPayload = true;
        if (length == 0) {
            payload(in, out);
        }
    }

    private @Nullable String violation(int first, int second, int opcode, int shortLength) {
        if ((first & 0x70) != 0) {
            return "reserved bits without an extension";
        }
        if ((second & 0x80) == 0) {
            return "a frame of a client without a mask";
        }
        if (opcode >= CLOSE && ((first & LAST_FRAME) == 0 || shortLength > MAX_CONTROL_PAYLOAD)) {
            return "a control frame in parts or too long";
        }
        return switch (opcode) {
            case CONTINUATION -> inMessage ? null : "a continuation of nothing";
            case TEXT, BINARY -> inMessage ? "a message within another" : null;
            case CLOSE, PING, PONG -> null;
            default -> "unknown opcode " + opcode;
        };
    }

    private void payload(ByteBuf in, List<Object> out) {
        int length = (int) Math.min(payloadLeft, in.readableBytes());
        if (length == 0 && payloadLeft > 0) {
            return;
        }
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        unmask(bytes);
        payloadLeft -= length;
        inPayload = payloadLeft > 0;
        boolean last = !inPayload && lastFrame;
        out.add(new WebSocketChunk(Unpooled.wrappedBuffer(bytes), beginning, last));
        beginning = false;
        if (last) {
            inMessage = false;
        }
    }

    private void unmask(byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= mask[maskAt];
            maskAt = maskAt + 1 & 3;
        }
    }

    private void control(ChannelHandlerContext context, int opcode, byte[] payload) {
        if (opcode == PING) {
            pong(payload);
        } else if (opcode == CLOSE) {
            over = true;
            ChannelPromise said = context.newPromise();
            said.addListener(ChannelFutureListener.CLOSE);
            close(CLOSE_NORMAL, "", said);
        }
    }

    private void violated(ChannelHandlerContext context, String violation) {
        over = true;
        ChannelPromise said = context.newPromise();
        said.addListener(ChannelFutureListener.CLOSE);
        close(CLOSE_PROTOCOL_ERROR, violation, said);
    }
}
