package io.hypernetes.cli;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.ObjectNode;

/// A person's side of an OpenID Connect issuer: the authorization code with PKCE through a browser on this machine, a code typed on another device,
/// and refresh. What is said about the person is for the API server to check; here only that the answer belongs to the question.
final class OidcClient implements AutoCloseable {
    private static final Duration LONGEST_LOGIN = Duration.ofMinutes(10);

    private final Provider provider;
    private final JsonHttp http;
    private final ObjectNode endpoints;
    private final SecureRandom random = new SecureRandom();

    /// Where and as whom to log in.
    ///
    /// @param clientSecret of a client that has one; empty for a public client
    /// @param trust PEM of the authorities to trust; empty for what the JDK trusts
    record Provider(String issuer, String clientId, String clientSecret, String scope, String trust) {
        Map<String, String> saved() {
            return Map.of("issuer", issuer, "client-id", clientId, "client-secret", clientSecret, "scope", scope, "trust", trust);
        }

        static Provider of(SavedLogin login) {
            return new Provider(login.more("issuer"), login.more("client-id"), login.more("client-secret"), login.more("scope"), login.more("trust"));
        }

        @Override
        public String toString() {
            return "Provider[" + issuer + ", " + clientId + "]";
        }
    }

    /// @throws UsageException when the issuer cannot be reached or is another
    OidcClient(Provider provider) {
        this.provider = provider;
        this.http = new JsonHttp(provider.trust);
        JsonHttp.Reply found = http.get(URI.create(provider.issuer.replaceFirst("/+$", "") + "/.well-known/openid-configuration"), "");
        if (!found.good() || !Json.string(found.body(), "issuer").equals(provider.issuer)) {
            throw new UsageException(provider.issuer + " is no OpenID Connect issuer: its discovery document " + (found.good() ? "is of another" : "cannot be read (" + found.reason() + ")"),
                    UsageException.UNAVAILABLE);
        }
        this.endpoints = found.body();
    }

    /// Logs in through a browser.
    ///
    /// @param port to listen on, on loopback; 0 for a free one
    /// @param show is given the address that the person has to open
    Tokens browser(int port, java.util.function.Consumer<URI> show) {
        String state = random(32);
        String nonce = random(32);
        String verifier = random(48);
        try (LoopbackRedirect redirect = LoopbackRedirect.open(port, state, provider.issuer)) {
            Map<String, String> query = new LinkedHashMap<>();
            query.put("response_type", "code");
            query.put("client_id", provider.clientId);
            query.put("redirect_uri", redirect.address());
            query.put("scope", provider.scope);
            query.put("state", state);
            query.put("nonce", nonce);
            query.put("code_challenge", challenge(verifier));
            query.put("code_challenge_method", "S256");
            if (List.of(provider.scope.split(" ")).contains("offline_access")) {
                query.put("prompt", "consent");
            }
            URI endpoint = endpoint("authorization_endpoint");
            show.accept(URI.create(endpoint + (endpoint.getRawQuery() == null ? "?" : "&") + JsonHttp.query(query)));
            String code = redirect.await(LONGEST_LOGIN);
            JsonHttp.Reply reply = http.form(endpoint("token_endpoint"), client(Map.of(
                    "grant_type", "authorization_code", "code", code, "redirect_uri", redirect.address(), "code_verifier", verifier)));
            return tokens(reply, nonce, "");
        }
    }

    /// Logs in with a code that the person types on another device.
    ///
    /// @param show is given the address and the code
    Tokens device(java.util.function.BiConsumer<String, String> show) {
        JsonHttp.Reply begun = http.form(endpoint("device_authorization_endpoint"), client(Map.of("scope", provider.scope)));
        if (!begun.good()) {
            throw refused(begun);
        }
        String deviceCode = JsonHttp.required(begun, "device_code", provider.issuer);
        boolean complete = begun.body().has("verification_uri_complete");
        show.accept(JsonHttp.required(begun, complete ? "verification_uri_complete" : "verification_uri", provider.issuer), JsonHttp.required(begun, "user_code", provider.issuer));
        long seconds = Math.clamp(Json.number(begun.body(), 5, "interval"), 1, 60);
        Instant end = Instant.now().plusSeconds(Math.clamp(Json.number(begun.body(), 600, "expires_in"), 1, LONGEST_LOGIN.toSeconds()));
        while (Instant.now().isBefore(end)) {
            pause(seconds);
            JsonHttp.Reply reply = http.form(endpoint("token_endpoint"), client(Map.of(
                    "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", deviceCode)));
            switch (Json.string(reply.body(), "error")) {
                case "authorization_pending" -> {}
                case "slow_down" -> seconds += 5;
                default -> {
                    return tokens(reply, "", "");
                }
            }
        }
        throw new UsageException("nobody typed the code in time; log in again", UsageException.UNAVAILABLE);
    }

    /// The next token, or empty when the issuer wants the person to log in again.
    Optional<Tokens> refresh(String refreshToken) {
        JsonHttp.Reply reply = http.form(endpoint("token_endpoint"), client(Map.of("grant_type", "refresh_token", "refresh_token", refreshToken, "scope", provider.scope)));
        if (Json.string(reply.body(), "error").equals("invalid_grant")) {
            return Optional.empty();
        }
        return Optional.of(tokens(reply, "", refreshToken));
    }

    private Tokens tokens(JsonHttp.Reply reply, String nonce, String refreshToken) {
        if (!reply.good()) {
            throw refused(reply);
        }
        String id = JsonHttp.required(reply, "id_token", provider.issuer);
        ObjectNode claims = claims(id);
        boolean mine = Json.string(claims, "aud").equals(provider.clientId);
        for (var audience : claims.path("aud")) {
            mine |= audience.asString("").equals(provider.clientId);
        }
        if (!mine || !Json.string(claims, "iss").equals(provider.issuer) || !(nonce.isEmpty() || nonce.equals(Json.string(claims, "nonce")))) {
            throw new UsageException(provider.issuer + " answered a token that belongs to another login", UsageException.UNAVAILABLE);
        }
        Map<String, String> more = new HashMap<>(provider.saved());
        String next = Json.string(reply.body(), "refresh_token");
        more.put("refresh-token", next.isEmpty() ? refreshToken : next);
        return new Tokens(id, Instant.ofEpochSecond(Json.number(claims, 0, "exp")), more);
    }

    private ObjectNode claims(String jwt) {
        try {
            return Json.readObject(Base64.getUrlDecoder().decode(jwt.split("\\.", -1)[1]));
        } catch (IllegalArgumentException | MalformedJsonException | ArrayIndexOutOfBoundsException e) {
            throw new UsageException(provider.issuer + " answered something that is no token", UsageException.UNAVAILABLE);
        }
    }

    private UsageException refused(JsonHttp.Reply reply) {
        return new UsageException(provider.issuer + " refuses the login: " + reply.reason(), UsageException.UNAVAILABLE);
    }

    private URI endpoint(String name) {
        String address = Json.string(endpoints, name);
        if (!address.startsWith("https://")) {
            throw new UsageException(provider.issuer + (address.isEmpty() ? " has no " + name + ", so it cannot log anybody in that way" : " has a " + name + " without https"), UsageException.UNAVAILABLE);
        }
        return URI.create(address);
    }

    private Map<String, String> client(Map<String, String> fields) {
        Map<String, String> all = new LinkedHashMap<>(fields);
        all.put("client_id", provider.clientId);
        if (!provider.clientSecret.isEmpty()) {
            all.put("client_secret", provider.clientSecret);
        }
        return all;
    }

    private String random(int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
    }

    private static String challenge(String verifier) {
        try {
            return Base64.getUrlEncoder().withoutPadding().encodeToString(MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every JDK", e);
        }
    }

    private static void pause(long seconds) {
        try {
            // The protocol says when to ask again.
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted", 130);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
