package io.hypernetes.guest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;

/// What is sent and waited for around ATTACH, so that both ends find the beginning of a session in a byte stream that may hold the
/// remains of another.
final class Handshake {
    static final int NONCE = 16;
    private static final byte[] HOST_MAGIC = magic("HYPER-ATTACH");
    private static final byte[] GUEST_MAGIC = magic("HYPER-GUEST=");
    private static final int FILLER = 65_536;

    private Handshake() {}

    static byte[] nonce() {
        byte[] nonce = new byte[NONCE];
        new SecureRandom().nextBytes(nonce);
        return nonce;
    }

    /// Everything up to and with the ATTACH frame.
    static byte[] opening(Guest.Freshness freshness, int request, byte[] nonce) {
        byte[] attach = new Frame(0, FrameType.ATTACH, false, request, Requests.attach(nonce)).encode();
        int filler = freshness == Guest.Freshness.USED_BEFORE ? FILLER : 0;
        return ByteBuffer.allocate(filler + HOST_MAGIC.length + attach.length)
                .position(filler)
                .put(HOST_MAGIC)
                .put(attach)
                .array();
    }

    /// What the guest sends when it has seen the ATTACH with that nonce.
    static byte[] mark(byte[] nonce) {
        return ByteBuffer.allocate(GUEST_MAGIC.length + nonce.length).put(GUEST_MAGIC).put(nonce).array();
    }

    private static byte[] magic(String word) {
        return ByteBuffer.allocate(16)
                .put((byte) 0xF5)
                .put("\r\n".getBytes(StandardCharsets.US_ASCII))
                .put(word.getBytes(StandardCharsets.US_ASCII))
                .put((byte) '\n')
                .array();
    }
}
