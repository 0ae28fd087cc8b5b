package io.hypernetes.identity.local;

import io.hypernetes.objects.ApiTime;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is kept of one token of a user: not the token itself but its hash. Immutable.
///
/// @param user whose it is
/// @param userUid of the Secret that holds the user: somebody of the same name who comes later is somebody else
/// @param id names it among the user's tokens, eight hexadecimal digits
/// @param hash of its secret, SHA-256 in hexadecimal
/// @param session whether a login made it: then it ends when the password changes and can be renewed
/// @param generation of the user when it was made
/// @param expires when it ends
/// @param renewableUntil how long a session goes on when it is renewed; the same as `expires` otherwise
/// @param description what the operator wrote about it
public record LocalToken(
        String user,
        String userUid,
        String id,
        String hash,
        boolean session,
        String generation,
        Instant expires,
        Instant renewableUntil,
        String description) {
    /// The type of the Secrets that hold tokens.
    public static final String TYPE = "hypernetes.io/user-token";
    /// The label of such a Secret that names the user.
    public static final String USER_LABEL = "hypernetes.io/user";

    private static final String PREFIX = "hn1.";
    private static final int MOST_CHARACTERS = 256;
    private static final int ID_BYTES = 4;
    private static final int SECRET_BYTES = 32;

    /// A token as its holder has it: `hn1.USER.ID.SECRET`. [#toString] hides the secret.
    public record Text(String user, String id, String secret) {
        /// A new one.
        public static Text generate(String user, SecureRandom random) {
            var id = new byte[ID_BYTES];
            var secret = new byte[SECRET_BYTES];
            random.nextBytes(id);
            random.nextBytes(secret);
            return new Text(user, HexFormat.of().formatHex(id), Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
        }

        /// Reads a token; empty when the text is not of this form.
        public static Optional<Text> parse(String text) {
            if (!text.startsWith(PREFIX) || text.length() > MOST_CHARACTERS) {
                return Optional.empty();
            }
            int secret = text.lastIndexOf('.');
            int id = text.lastIndexOf('.', secret - 1);
            if (id <= PREFIX.length()) {
                return Optional.empty();
            }
            var read = new Text(text.substring(PREFIX.length(), id), text.substring(id + 1, secret), text.substring(secret + 1));
            return LocalUser.isName(read.user) && read.id.matches("[0-9a-f]{8}") ? Optional.of(read) : Optional.empty();
        }

        /// What the holder shows.
        public String text() {
            return PREFIX + user + "." + id + "." + secret;
        }

        /// What is kept of the secret: it has 256 random bits, so one fast hash is enough.
        public String hash() {
            try {
                return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("SHA-256 is part of every JDK", e);
            }
        }

        @Override
        public String toString() {
            return "Text[" + user + ", " + id + "]";
        }
    }

    /// The name of the Secret that holds a token.
    public static String secretOf(String user, String id) {
        return secretsOf(user) + id;
    }

    /// What the names of the Secrets that hold a user's tokens begin with. Those of a user `a.b` begin with that of `a` too.
    public static String secretsOf(String user) {
        return "user-token-" + user + ".";
    }

    /// Whether a token is the one that this was made of.
    public boolean fits(Text text) {
        return MessageDigest.isEqual(hash.getBytes(StandardCharsets.US_ASCII), text.hash().getBytes(StandardCharsets.US_ASCII));
    }

    /// Whether it is good for a user at a moment, its secret apart.
    ///
    /// @param uid of the Secret that holds the user now
    public boolean goodFor(LocalUser holder, String uid, Instant now) {
        return !holder.disabled()
                && user.equals(holder.name())
                && userUid.equals(uid)
                && now.isBefore(expires)
                && (!session || generation.equals(holder.generation()));
    }

    /// The texts that the Secret holds.
    public Map<String, String> data() {
        return Map.of(
                "user", user,
                "user-uid", userUid,
                "id", id,
                "hash", hash,
                "session", Boolean.toString(session),
                "generation", generation,
                "expires", ApiTime.format(expires),
                "renewable-until", ApiTime.format(renewableUntil),
                "description", description);
    }

    /// Reads what a Secret holds; null when that is no token.
    public static @Nullable LocalToken of(Map<String, String> data) {
        try {
            return new LocalToken(
                    data.getOrDefault("user", ""),
                    data.getOrDefault("user-uid", ""),
                    data.getOrDefault("id", ""),
                    data.getOrDefault("hash", ""),
                    data.getOrDefault("session", "").equals("true"),
                    data.getOrDefault("generation", ""),
                    ApiTime.parse(data.getOrDefault("expires", "")),
                    ApiTime.parse(data.getOrDefault("renewable-until", "")),
                    data.getOrDefault("description", ""));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
