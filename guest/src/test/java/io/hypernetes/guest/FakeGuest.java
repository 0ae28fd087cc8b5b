package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.function.ThrowingSupplier;

/// The guest's end of a byte stream in the hands of a test, over a real unix socket. What the host sends is collected; the test says what
/// is sent back.
final class FakeGuest implements AutoCloseable {
    private final Path folder;
    private final ServerSocketChannel server;
    private final List<SocketChannel> channels = new CopyOnWriteArrayList<>();
    private final LinkedBlockingQueue<Frame> frames = new LinkedBlockingQueue<>();
    private volatile SocketChannel channel;

    /// What a listener heard, as text.
    final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();

    FakeGuest() throws IOException {
        folder = Files.createTempDirectory("fake-guest");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }

    /// Connects and attaches a host, with garbage sent before the guest's mark.
    Guest attach(byte[]... garbage) throws Exception {
        SocketChannel host = connect();
        for (byte[] part : garbage) {
            send(part);
        }
        LinkedBlockingQueue<Object> outcome = new LinkedBlockingQueue<>();
        Thread.ofVirtual().start(() -> outcome.add(attempt(() ->
                Guest.attach("m1", GuestConnection.of(host), Guest.Freshness.USED_BEFORE, listener(), java.time.Duration.ofSeconds(60)))));
        acceptAttach();
        Object result = outcome.poll(60, TimeUnit.SECONDS);
        if (result instanceof RuntimeException failure) {
            throw failure;
        }
        return (Guest) result;
    }

    static Object attempt(ThrowingSupplier<?> work) {
        try {
            return work.get();
        } catch (Throwable failure) {
            return failure;
        }
    }

    SocketChannel connect() throws IOException {
        SocketChannel host = SocketChannel.open(server.getLocalAddress());
        channel = server.accept();
        channels.add(channel);
        frames.clear();
        return host;
    }

    /// Hunts as the protocol says, answers ATTACH, and goes on collecting frames.
    private void acceptAttach() throws Exception {
        FrameReader reader = new FrameReader(GuestConnection.of(channel));
        byte[] magic = new byte[16];
        magic[0] = (byte) 0xF5;
        System.arraycopy("\r\nHYPER-ATTACH\n".getBytes(StandardCharsets.US_ASCII), 0, magic, 1, 15);
        reader.skipPast(magic);
        Frame attach = reader.next();
        assertThat(attach.type()).isEqualTo(FrameType.ATTACH);
        byte[] nonce = Message.parse(attach.payload()).bytes(1, 16);
        send(Handshake.mark(nonce));
        answer(attach, message -> message.u32(1, 1).bytes(2, "0123456789abcdef".getBytes(StandardCharsets.US_ASCII)));
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    frames.add(reader.next());
                }
            } catch (IOException | GuestException over) {
                frames.add(new Frame(0, -1, false, 0, new byte[0]));
            }
        });
    }

    /// The next frame of the host that is of that type; others before it are passed over.
    Frame expect(int type) throws InterruptedException {
        List<Integer> seen = new ArrayList<>();
        while (true) {
            Frame frame = frames.poll(60, TimeUnit.SECONDS);
            assertThat(frame).as("a frame of type %x; seen %s", type, seen).isNotNull();
            if (frame.type() == type) {
                return frame;
            }
            seen.add(frame.type());
        }
    }

    void answer(Frame request, Consumer<MessageWriter> fields) throws IOException {
        send(new Frame(0, FrameType.ANSWER + request.type(), false, request.request(), payload(fields)).encode());
    }

    void refuse(Frame request, int errno, String step, String sentence) throws IOException {
        send(new Frame(0, FrameType.ERROR, false, request.request(), payload(it -> it.u32(1, errno).str(2, step).str(3, sentence))).encode());
    }

    void event(int type, Consumer<MessageWriter> fields) throws IOException {
        send(new Frame(0, type, false, 0, payload(fields)).encode());
    }

    void data(int stream, long offset, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        send(StreamFrames.data(stream, offset, bytes, 0, bytes.length));
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    void disconnect() throws IOException {
        channel.close();
    }

    static byte[] payload(Consumer<MessageWriter> fields) {
        MessageWriter message = new MessageWriter();
        fields.accept(message);
        return message.toBytes();
    }

    GuestListener listener() {
        return new GuestListener() {
            @Override
            public void exited(ContainerExit exit) {
                heard.add("exited " + exit.container() + " " + exit.code() + (exit.error().isEmpty() ? "" : ": " + exit.error()));
            }

            @Override
            public void outOfMemory(String container, long kills) {
                heard.add("oom " + container + " " + kills);
            }

            @Override
            public void disconnected(GuestException why) {
                heard.add("disconnected " + why.kind());
            }
        };
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel each : channels) {
            each.close();
        }
        server.close();
        Files.deleteIfExists(folder.resolve("socket"));
        Files.delete(folder);
    }
}
