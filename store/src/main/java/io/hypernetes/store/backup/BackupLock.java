package io.hypernetes.store.backup;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// How the key of one backup is found, as its header says it: `open KEY`, or `passphrase ITERATIONS SALT CHECK`. The check tells a wrong
/// passphrase from a damaged file and is worth no more to a guesser than the sealed content.
///
/// @param text for the header
record BackupLock(String text, SecretKey key) {
    private static final int BYTES = 32;
    /// What OWASP asks of PBKDF2 with HMAC-SHA-512 is 210,000; backups are kept for years.
    private static final int ITERATIONS = 600_000;
    private static final int MOST_ITERATIONS = 10_000_000;

    static BackupLock make(char @Nullable [] passphrase, SecureRandom random) {
        byte[] drawn = new byte[BYTES];
        random.nextBytes(drawn);
        if (passphrase == null) {
            return new BackupLock("open " + text(drawn), new SecretKeySpec(drawn, "AES"));
        }
        byte[] derived = derive(passphrase, drawn, ITERATIONS);
        return new BackupLock("passphrase " + ITERATIONS + " " + text(drawn) + " " + text(check(derived)), key(derived));
    }

    /// @throws BackupException when there is no such lock, or the passphrase is missing or another one
    static BackupLock of(String text, char @Nullable [] passphrase) throws BackupException {
        String[] parts = text.split(" ");
        try {
            if (parts.length == 2 && parts[0].equals("open")) {
                return new BackupLock(text, new SecretKeySpec(bytes(parts[1]), "AES"));
            }
            if (parts.length == 4 && parts[0].equals("passphrase")) {
                if (passphrase == null) {
                    throw new BackupException("the backup is locked with a passphrase; say where it is with --passphrase-file");
                }
                int iterations = Integer.parseInt(parts[1]);
                if (iterations < 1 || iterations > MOST_ITERATIONS) {
                    throw new IllegalArgumentException("iterations");
                }
                byte[] derived = derive(passphrase, bytes(parts[2]), iterations);
                if (!java.security.MessageDigest.isEqual(check(derived), bytes(parts[3]))) {
                    throw new BackupException("the passphrase is not the one that the backup was locked with");
                }
                return new BackupLock(text, key(derived));
            }
        } catch (IllegalArgumentException e) {
            throw new BackupException("the header of the backup is damaged", e);
        }
        throw new BackupException("the header of the backup is damaged, or of a newer version");
    }

    private static byte[] derive(char[] passphrase, byte[] salt, int iterations) {
        PBEKeySpec spec = new PBEKeySpec(passphrase, salt, iterations, 2 * BYTES * 8);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512").generateSecret(spec).getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no PBKDF2", e);
        } finally {
            spec.clearPassword();
        }
    }

    private static SecretKey key(byte[] derived) {
        return new SecretKeySpec(derived, 0, BYTES, "AES");
    }

    private static byte[] check(byte[] derived) {
        return Arrays.copyOfRange(derived, BYTES, 2 * BYTES);
    }

    private static String text(byte[] bytes) {
        return Base64.getEncoder().withoutPadding().encodeToString(bytes);
    }

    private static byte[] bytes(String text) {
        byte[] bytes = Base64.getDecoder().decode(text);
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("length");
        }
        return bytes;
    }
}
