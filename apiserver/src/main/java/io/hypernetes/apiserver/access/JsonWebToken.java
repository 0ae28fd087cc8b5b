package io.hypernetes.apiserver.access;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A JSON web token in its compact form, taken apart. Nothing it says is believed before its signature is checked.
///
/// @param keyId which key is said to have signed it
/// @param signed the bytes that the signature is over
record JsonWebToken(String keyId, ObjectNode claims, byte[] signed, byte[] signature) {
    private static final int MAX_CHARS = 16 << 10;
    private static final String ALGORITHM = "ES256";

    /// Reads a token; empty when the text is none, or is of an algorithm that is not used here.
    static Optional<JsonWebToken> parse(String text) {
        int first = text.indexOf('.');
        int last = text.lastIndexOf('.');
        if (text.length() > MAX_CHARS || first <= 0 || last <= first || text.indexOf('.', first + 1) != last) {
            return Optional.empty();
        }
        try {
            var decoder = Base64.getUrlDecoder();
            var header = Json.readObject(decoder.decode(text.substring(0, first)));
            if (!Json.string(header, "alg").equals(ALGORITHM) || header.has("crit")) {
                return Optional.empty();
            }
            return Optional.of(new JsonWebToken(
                    Json.string(header, "kid"),
                    Json.readObject(decoder.decode(text.substring(first + 1, last))),
                    text.substring(0, last).getBytes(StandardCharsets.US_ASCII),
                    decoder.decode(text.substring(last + 1))));
        } catch (IllegalArgumentException | MalformedJsonException e) {
            return Optional.empty();
        }
    }

    /// What a signature is to be made over.
    static String unsigned(String keyId, ObjectNode claims) {
        return encode(Json.bytes(Json.object().put("alg", ALGORITHM).put("kid", keyId))) + "." + encode(Json.bytes(claims));
    }

    /// The whole token.
    static String text(String unsigned, byte[] signature) {
        return unsigned + "." + encode(signature);
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
