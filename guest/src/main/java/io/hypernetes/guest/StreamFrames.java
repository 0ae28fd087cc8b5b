package io.hypernetes.guest;

/// Encodes the frames of streams.
final class StreamFrames {
    /// What one DATA frame can carry.
    static final int MAX_DATA = Frame.MAX_PAYLOAD - 8;

    private StreamFrames() {}

    static byte[] data(int stream, long offset, byte[] bytes, int from, int length) {
        byte[] payload = new byte[8 + length];
        Bytes.putU64(payload, 0, offset);
        System.arraycopy(bytes, from, payload, 8, length);
        return new Frame(stream, FrameType.DATA, false, 0, payload).encode();
    }

    static byte[] window(int stream, long acknowledged, long limit) {
        byte[] payload = new byte[16];
        Bytes.putU64(payload, 0, acknowledged);
        Bytes.putU64(payload, 8, limit);
        return new Frame(stream, FrameType.WINDOW, false, 0, payload).encode();
    }

    static byte[] end(int stream, long length) {
        byte[] payload = new byte[12];
        Bytes.putU64(payload, 0, length);
        return new Frame(stream, FrameType.END, false, 0, payload).encode();
    }

    static byte[] close(int stream) {
        return new Frame(stream, FrameType.CLOSE, false, 0, new byte[0]).encode();
    }
}
