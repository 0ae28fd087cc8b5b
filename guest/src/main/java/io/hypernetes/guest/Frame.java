package io.hypernetes.guest;

/// One frame of the protocol.
///
/// @param stream 0 for requests, answers and events
/// @param type see [FrameType]
/// @param more whether the message goes on in the next frame of the same request
/// @param request id of the request; 0 in events and frames of streams
/// @param payload at most [#MAX_PAYLOAD] bytes; not copied
record Frame(int stream, int type, boolean more, int request, byte[] payload) {
    static final int MAX_PAYLOAD = 65_519;
    static final int MAX_MESSAGE = 8 << 20;
    /// Bytes around a payload: length, stream, type, flags and request before it, the trailer behind it.
    static final int OVERHEAD = 17;
    static final int HEADER = 16;
    static final int MIN_LENGTH = 13;
    static final int MAX_LENGTH = 65_532;
    static final int FLAG_MORE = 1;
    static final byte TRAILER = (byte) 0xA5;

    byte[] encode() {
        byte[] bytes = new byte[OVERHEAD + payload.length];
        Bytes.putU32(bytes, 0, MIN_LENGTH + payload.length);
        Bytes.putU32(bytes, 4, stream);
        Bytes.putU16(bytes, 8, type);
        Bytes.putU16(bytes, 10, more ? FLAG_MORE : 0);
        Bytes.putU32(bytes, 12, request);
        System.arraycopy(payload, 0, bytes, HEADER, payload.length);
        bytes[bytes.length - 1] = TRAILER;
        return bytes;
    }
}
