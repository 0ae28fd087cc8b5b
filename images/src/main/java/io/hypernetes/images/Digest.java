package io.hypernetes.images;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// A content digest: `sha256:…` or `sha512:…` in lower-case hex.
record Digest(String algorithm, String hex) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SHA512 = Pattern.compile("[0-9a-f]{128}");

    /// @throws ImageException INVALID_REFERENCE when `text` is no digest that we can check
    static Digest parse(String text) {
        int colon = text.indexOf(':');
        String algorithm = colon < 0 ? "" : text.substring(0, colon);
        String hex = text.substring(colon + 1);
        boolean valid = switch (algorithm) {
            case "sha256" -> SHA256.matcher(hex).matches();
            case "sha512" -> SHA512.matcher(hex).matches();
            default -> false;
        };
        if (!valid) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE,
                    "'" + Text.shortened(text) + "' is no digest; sha256:<64 hex> or sha512:<128 hex> is understood");
        }
        return new Digest(algorithm, hex);
    }

    static Digest sha256(byte[] content) {
        return of("sha256", sha256().digest(content));
    }

    static Digest of(String algorithm, byte[] hash) {
        return new Digest(algorithm, HexFormat.of().formatHex(hash));
    }

    static MessageDigest sha256() {
        return hasher("SHA-256");
    }

    MessageDigest hasher() {
        return hasher(algorithm.equals("sha512") ? "SHA-512" : "SHA-256");
    }

    boolean matches(byte[] content) {
        return of(algorithm, hasher().digest(content)).equals(this);
    }

    String shortHex() {
        return hex.substring(0, 12);
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }

    private static MessageDigest hasher(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + name, e);
        }
    }
}
