package io.hypernetes.store.keys;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// AES-256-GCM with nonces of 192 bits (XAES-256-GCM of the C2SP): the first half of the nonce makes the key of the message, the second half is
/// that key's nonce. So nonces may be drawn at random, or counted from a random beginning, without the limit of 2^32 messages a key. But for
/// [#open], for use by one thread at a time.
final class LongNonceGcm {
    static final int KEY = 32;
    static final int NONCE = 24;
    static final int HALF = NONCE / 2;
    static final int TAG = 16;

    private static final String GCM = "AES/GCM/NoPadding";

    private final Cipher block;
    private final Cipher gcm;

    LongNonceGcm() {
        try {
            block = Cipher.getInstance("AES/ECB/NoPadding");
            gcm = Cipher.getInstance(GCM);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES", e);
        }
    }

    /// The key of the messages whose nonces begin with `first`.
    SecretKey derive(byte[] key, byte[] first) {
        try {
            block.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
            byte[] mask = block.doFinal(new byte[16]);
            int carry = 0;
            for (int i = mask.length - 1; i >= 0; i--) {
                int doubled = (mask[i] & 0xff) << 1 | carry;
                mask[i] = (byte) doubled;
                carry = doubled >> 8;
            }
            // Without a branch: how long this takes tells nothing of the key.
            mask[15] ^= (byte) (0x87 & -carry);
            byte[] derived = new byte[KEY];
            for (int half = 1; half <= 2; half++) {
                byte[] message = new byte[16];
                message[1] = (byte) half;
                message[2] = 'X';
                System.arraycopy(first, 0, message, 4, HALF);
                for (int i = 0; i < message.length; i++) {
                    message[i] ^= mask[i];
                }
                block.doFinal(message, 0, 16, derived, (half - 1) * 16);
            }
            SecretKey result = new SecretKeySpec(derived, "AES");
            Arrays.fill(derived, (byte) 0);
            return result;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writes ciphertext and tag of `plain` to `out` from `at` on.
    void seal(SecretKey derived, byte[] rest, byte[] bound, byte[] plain, byte[] out, int at) {
        try {
            gcm.init(Cipher.ENCRYPT_MODE, derived, new GCMParameterSpec(TAG * 8, rest));
            gcm.updateAAD(bound);
            gcm.doFinal(plain, 0, plain.length, out, at);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What was sealed from `from` to `to`; by any thread.
    ///
    /// @throws GeneralSecurityException when it was not sealed so
    static byte[] open(SecretKey derived, byte[] rest, byte[] bound, byte[] sealed, int from, int to) throws GeneralSecurityException {
        Cipher gcm = Cipher.getInstance(GCM);
        gcm.init(Cipher.DECRYPT_MODE, derived, new GCMParameterSpec(TAG * 8, rest));
        gcm.updateAAD(bound);
        return gcm.doFinal(sealed, from, to - from);
    }
}
