package io.hypernetes.identity.local;

import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/// Passwords hashed with argon2id, in the usual text form `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. Making or checking one takes some 50 ms of a
/// processor and 19 MiB of memory: that is what slows down whoever guesses, so callers bound how many run at once.
public final class PasswordHash {
    /// The shortest password that is taken, in characters.
    public static final int LEAST_CHARACTERS = 8;
    /// The longest password that is taken, in characters.
    public static final int MOST_CHARACTERS = 1024;

    private static final int MEMORY_KIB = 19_456;
    private static final int PASSES = 2;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final Pattern FORM = Pattern.compile(
            "\\$argon2id\\$v=19\\$m=(\\d{1,6}),t=(\\d{1,2}),p=1\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})");
    private static final int MOST_MEMORY_KIB = 256 << 10;

    private PasswordHash() {}

    /// Hashes a new password.
    ///
    /// @throws IllegalArgumentException when it is too short or too long
    public static String of(char[] password, SecureRandom random) {
        if (password.length < LEAST_CHARACTERS || password.length > MOST_CHARACTERS) {
            throw new IllegalArgumentException("a password has " + LEAST_CHARACTERS + " to " + MOST_CHARACTERS + " characters, not " + password.length);
        }
        var salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        var encoder = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=1$" + encoder.encodeToString(salt) + "$"
                + encoder.encodeToString(hash(password, salt, MEMORY_KIB, PASSES, HASH_BYTES));
    }

    /// Whether a password is the one that was hashed. A text that is no hash fits no password and takes as long.
    public static boolean fits(char[] password, String hash) {
        var form = FORM.matcher(hash);
        boolean readable = form.matches();
        int memory = readable ? Integer.parseInt(form.group(1)) : MEMORY_KIB;
        int passes = readable ? Integer.parseInt(form.group(2)) : PASSES;
        if (password.length > MOST_CHARACTERS || memory < 8 || memory > MOST_MEMORY_KIB || passes < 1 || passes > 16) {
            return false;
        }
        var salt = readable ? Base64.getDecoder().decode(form.group(3)) : new byte[SALT_BYTES];
        var wanted = readable ? Base64.getDecoder().decode(form.group(4)) : new byte[HASH_BYTES];
        return MessageDigest.isEqual(hash(password, salt, memory, passes, wanted.length), wanted) && readable;
    }

    private static byte[] hash(char[] password, byte[] salt, int memoryKib, int passes, int bytes) {
        var text = StandardCharsets.UTF_8.encode(CharBuffer.wrap(password));
        var input = new byte[text.remaining()];
        text.get(input);
        Arrays.fill(text.array(), (byte) 0);
        try {
            var generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(memoryKib)
                    .withIterations(passes)
                    .withParallelism(1)
                    .withSalt(salt)
                    .build());
            var result = new byte[bytes];
            generator.generateBytes(input, result);
            return result;
        } finally {
            Arrays.fill(input, (byte) 0);
        }
    }
}
