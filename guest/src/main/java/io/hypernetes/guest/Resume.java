package io.hypernetes.guest;

/// What makes a fresh machine or a clone an individual.
///
/// @param nonce 16 bytes, the machine's identity; the guest tells it again at each attach
/// @param wallNanos nanoseconds since 1970
/// @param entropy 32 to 512 random bytes
/// @param hostname at most 64 bytes; empty to leave it
/// @param machineId 32 hexadecimal digits; empty to leave it
public record Resume(byte[] nonce, long wallNanos, byte[] entropy, String hostname, String machineId) {

    public Resume {
        if (nonce.length != 16) {
            throw new IllegalArgumentException("a nonce has 16 bytes, not " + nonce.length);
        }
        if (entropy.length < 32 || entropy.length > 512) {
            throw new IllegalArgumentException("entropy has 32 to 512 bytes, not " + entropy.length);
        }
        nonce = nonce.clone();
        entropy = entropy.clone();
    }
}
