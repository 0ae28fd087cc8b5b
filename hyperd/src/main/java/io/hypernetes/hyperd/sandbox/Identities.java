package io.hypernetes.hyperd.sandbox;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;

/// Names that nobody can guess and that never meet again.
final class Identities {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int ID_BYTES = 16;
    private static final int ENTROPY_BYTES = 256;

    private Identities() {}

    /// A new sandbox or container id: 32 hexadecimal digits, short enough for paths of sockets.
    static String id() {
        return HexFormat.of().formatHex(random(ID_BYTES));
    }

    /// The 16 bytes by which a guest knows whose machine it is.
    static byte[] nonce(UUID machineId) {
        return ByteBuffer.allocate(16)
                .putLong(machineId.getMostSignificantBits())
                .putLong(machineId.getLeastSignificantBits())
                .array();
    }

    static byte[] entropy() {
        return random(ENTROPY_BYTES);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }
}
