package io.hypernetes.streams;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// A client byte by byte, so that a test can send what a library would not.
final class RawClient implements AutoCloseable {
    final Socket socket;
    final DataInputStream in;
    final OutputStream out;
    final String response;

    /// @param headers besides Host
    RawClient(int port, String request, String... headers) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
        out.write((request + " HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", headers) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            head.write(in.readUnsignedByte());
        }
        response = head.toString(StandardCharsets.US_ASCII);
    }

    static RawClient webSocket(int port, String path, String protocol) throws IOException {
        return new RawClient(
                port, "GET " + path, "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: " + protocol);
    }

    /// A masked frame.
    void frame(int firstByte, byte[] payload) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(14).put((byte) firstByte);
        if (payload.length < 126) {
            head.put((byte) (0x80 | payload.length));
        } else {
            head.put((byte) (0x80 | 127)).putLong(payload.length);
        }
        byte[] mask = {1, 2, 3, 4};
        head.put(mask);
        byte[] masked = payload.clone();
        for (int i = 0; i < masked.length; i++) {
            masked[i] ^= mask[i % 4];
        }
        out.write(head.array(), 0, head.position());
        out.write(masked);
    }

    void message(int channel, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        frame(0x82, ByteBuffer.allocate(bytes.length + 1).put((byte) channel).put(bytes).array());
    }

    record Frame(int firstByte, byte[] payload) {
        int channel() {
            return payload[0] & 0xff;
        }

        String text() {
            return new String(payload, 1, payload.length - 1, StandardCharsets.UTF_8);
        }
    }

    Frame next() throws IOException {
        int first = in.readUnsignedByte();
        int length = in.readUnsignedByte();
        long real = length == 126 ? in.readUnsignedShort() : length == 127 ? in.readLong() : length;
        byte[] payload = new byte[(int) real];
        in.readFully(payload);
        return new Frame(first, payload);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
