package io.hypernetes.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A bootstrap token `abcdef.0123456789abcdef`: a public id and a secret. [#toString] hides the secret.
public record BootstrapToken(String id, String secret) {
    private static final Pattern FORM = Pattern.compile("([a-z0-9]{6})\\.([a-z0-9]{16})");
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

    public BootstrapToken {
        if (!FORM.matcher(id + "." + secret).matches()) {
            throw new IllegalArgumentException("a bootstrap token has the form abcdef.0123456789abcdef");
        }
    }

    /// A new random token (about 82 bits of secret).
    public static BootstrapToken generate(SecureRandom random) {
        return new BootstrapToken(letters(random, 6), letters(random, 16));
    }

    /// Reads a token.
    ///
    /// @throws IllegalArgumentException when it is none; the text is not repeated in the message
    public static BootstrapToken parse(String text) {
        Matcher m = FORM.matcher(text.length() > 23 ? "" : text.strip());
        if (!m.matches()) {
            throw new IllegalArgumentException("a bootstrap token has the form abcdef.0123456789abcdef");
        }
        return new BootstrapToken(m.group(1), m.group(2));
    }

    /// The whole token, secret included.
    public String text() {
        return id + "." + secret;
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    public boolean matches(BootstrapToken other) {
        boolean sameId = id.equals(other.id);
        boolean sameSecret = MessageDigest.isEqual(
                secret.getBytes(StandardCharsets.US_ASCII), other.secret.getBytes(StandardCharsets.US_ASCII));
        return sameId & sameSecret;
    }

    @Override
    public String toString() {
        return id + ".****************";
    }

    private static String letters(SecureRandom random, int length) {
        StringBuilder out = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            out.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return out.toString();
    }
}
