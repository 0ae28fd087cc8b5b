package io.hypernetes.identity;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/// All that a machine needs to join as a node, in one word to copy: where the API server is, how to recognise it, and a
/// bootstrap token. [#toString] hides the secret.
///
/// @param server such as `https://192.0.2.1:6443`
/// @param authorityHash SHA-256 over the public key of the root authority, 64 hexadecimal digits
public record JoinToken(URI server, String authorityHash, BootstrapToken token) {
    /// Begins every token of this version.
    private static final String PREFIX = "hn1-";

    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final int CHECKSUM_BYTES = 4;
    private static final int MAX_CHARS = 4096;

    public JoinToken {
        if (!"https".equals(server.getScheme()) || server.getHost() == null) {
            throw new IllegalArgumentException("the server of a join token must be an https URL with a host, not " + server);
        }
        if (!HASH.matcher(authorityHash).matches()) {
            throw new IllegalArgumentException("the authority hash of a join token must be 64 hexadecimal digits");
        }
    }

    /// A token for the API server at `server` whose certificates `authority` signs.
    public static JoinToken of(URI server, X509Certificate authority, BootstrapToken token) {
        return new JoinToken(server, hashOf(authority), token);
    }

    /// Reads the text form.
    ///
    /// @throws IllegalArgumentException when it is none, saying what is wrong and what to do; it is not repeated
    public static JoinToken parse(String text) {
        String word = text.strip();
        if (word.length() > MAX_CHARS) {
            throw bad("it is too long");
        }
        if (!word.startsWith(PREFIX)) {
            throw word.matches("hn[0-9]+-.*")
                    ? bad("it was made by another version of hypernetes; use the same version on master and node")
                    : bad("it does not begin with " + PREFIX);
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(word.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw bad("it holds characters that do not belong there");
        }
        int end = bytes.length - CHECKSUM_BYTES;
        if (end < 0 || !Arrays.equals(checksum(Arrays.copyOf(bytes, end)), Arrays.copyOfRange(bytes, end, bytes.length))) {
            throw bad("it was cut off or changed when copied");
        }
        String[] lines = new String(bytes, 0, end, StandardCharsets.UTF_8).split("\n", -1);
        if (lines.length != 3) {
            throw bad("it has " + lines.length + " parts instead of 3");
        }
        try {
            return new JoinToken(new URI(lines[0]), lines[1], BootstrapToken.parse(lines[2]));
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw bad(String.valueOf(e.getMessage()));
        }
    }

    /// The text form, secret included: one word of letters, digits, `-` and `_`.
    public String text() {
        byte[] body = (server + "\n" + authorityHash + "\n" + token.text()).getBytes(StandardCharsets.UTF_8);
        byte[] sum = checksum(body);
        byte[] all = Arrays.copyOf(body, body.length + sum.length);
        System.arraycopy(sum, 0, all, body.length, sum.length);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(all);
    }

    /// The authority among certificates that a server presented.
    ///
    /// @throws IdentityException when none is the one this token was made for
    public X509Certificate authorityIn(List<X509Certificate> presented) {
        for (X509Certificate candidate : presented) {
            if (candidate.getBasicConstraints() >= 0 && hashOf(candidate).equals(authorityHash)) {
                return candidate;
            }
        }
        throw new IdentityException("the server at " + server + " does not hold the authority that the join token names:"
                + " it is another installation, or someone stands in between; make a new token on the master");
    }

    @Override
    public String toString() {
        return "JoinToken[" + server + ", " + token + "]";
    }

    private static String hashOf(X509Certificate authority) {
        return HexFormat.of().formatHex(sha256(authority.getPublicKey().getEncoded()));
    }

    private static byte[] checksum(byte[] body) {
        return Arrays.copyOf(sha256(body), CHECKSUM_BYTES);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    private static IllegalArgumentException bad(String why) {
        return new IllegalArgumentException(
                "this is not a join token: " + why + " (copy the whole word that the master printed)");
    }
}
