package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Speaks the registry HTTP API (OCI distribution specification 1.1) to one repository, for one pull.
///
/// Redirects are followed by hand, so that credentials never go to another host. What a registry sends is bounded and hashed.
/// Safe for use by several threads.
final class RegistryClient implements AutoCloseable {
    private static final String ACCEPTED = String.join(", ", Documents.OCI_INDEX, Documents.DOCKER_LIST,
            Documents.OCI_MANIFEST, Documents.DOCKER_MANIFEST);
    private static final int MOST_REDIRECTS = 5;
    private static final int MOST_ERROR_BYTES = 1 << 16;
    private static final int MOST_PARTING_BYTES = 1 << 12;
    private static final Duration LONGEST_PARTING = Duration.ofSeconds(1);
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final RegistryConnections connections;
    private final ImageSettings settings;
    private final ImageReference reference;
    private final @Nullable RegistryCredentials credentials;
    private final URI base;
    private final Retries retries;
    private volatile @Nullable String authorization;

    /// The client of a registry itself.
    ///
    /// @param requester named the registry
    RegistryClient(RegistryHttp http, ImageSettings settings, ImageReference reference, @Nullable RegistryCredentials credentials, Requester requester) {
        this(http, settings, reference, credentials, home(reference, settings), requester, settings.registry(reference.host()));
    }

    /// @param base where the repository is: the registry itself, or a mirror of it
    /// @param requester named whom is spoken to
    /// @param registry settings for whom is spoken to
    RegistryClient(RegistryHttp http, ImageSettings settings, ImageReference reference,
            @Nullable RegistryCredentials credentials, URI base, Requester requester, ImageSettings.Registry registry) {
        this.settings = settings;
        this.reference = reference;
        this.credentials = credentials;
        this.base = base;
        this.connections = http.connections(new Destinations(base, requester, settings.operators(), http.lookup()), registry);
        this.retries = new Retries(settings.transfers(), "registry " + base.getScheme() + "://" + base.getRawAuthority());
    }

    private static URI home(ImageReference reference, ImageSettings settings) {
        String host = reference.host().equals("docker.io") ? "registry-1.docker.io" : reference.host();
        String address = (RegistryHosts.plain(reference.host(), settings) ? "http://" : "https://") + host + "/v2/" + reference.repository() + "/";
        try {
            URI home = URI.create(address);
            if (home.getHost() != null) {
                return home;
            }
        } catch (IllegalArgumentException e) {
            // Brackets around what is no address.
        }
        throw new ImageException(ImageException.Reason.INVALID_REFERENCE, "image " + reference + " names a registry at " + Text.shortened(host)
                + ", which is no host; write [host[:port]/]repository[:tag][@digest]");
    }

    /// Ends its connections.
    @Override
    public void close() {
        connections.close();
    }

    /// How errors and logs call what is spoken to.
    String place() {
        return base.getRawAuthority();
    }

    /// A manifest or index as the registry holds it.
    record Fetched(Digest digest, byte[] content) {}

    /// @param tagOrDigest what to ask for; content asked for by digest is checked against it
    /// @param most bytes that are taken, beyond which it is TOO_LARGE
    Fetched manifest(String tagOrDigest, int most, TransferTime time) {
        String what = "manifest of " + reference;
        byte[] content = document(base.resolve("manifests/" + tagOrDigest), Map.of("Accept", ACCEPTED), most, time, what);
        Digest digest = Digest.sha256(content);
        if (tagOrDigest.contains(":")) {
            Digest wanted = Digest.parse(tagOrDigest);
            if (!wanted.matches(content)) {
                throw Documents.corrupt(what + ": asked for " + wanted + ", the registry sent " + digest);
            }
            digest = wanted;
        }
        return new Fetched(digest, content);
    }

    /// A small blob, checked.
    ///
    /// @param most bytes that are taken, beyond which it is TOO_LARGE
    byte[] smallBlob(Documents.Descriptor blob, int most, TransferTime time) {
        String what = "blob " + blob.digest() + " of " + reference;
        if (blob.size() > most) {
            throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has " + blob.size() + " bytes");
        }
        byte[] content = document(blobAddress(blob.digest()), Map.of(), most, time, what);
        if (!blob.digest().matches(content)) {
            throw Documents.forged(what, Digest.of(blob.digest().algorithm(), blob.digest().hasher().digest(content)));
        }
        return content;
    }

    private byte[] document(URI address, Map<String, String> headers, int most, TransferTime time, String what) {
        return retries.until(what, () -> {
            if (time.left().isZero()) {
                throw new ImageException(ImageException.Reason.UNREACHABLE, what + ": it did not come in " + time.passed().toSeconds() + " s, and nothing may take longer");
            }
            try (HttpAnswer answer = get(address, headers)) {
                return answer.status() == 200
                        ? bounded(answer.body(), most, time.left(), what)
                        : this.<byte[]>refused(answer, what);
            }
        });
    }

    /// Brings a blob into `file`, checked; goes on where a broken transfer stopped, also one of an earlier process that left the
    /// beginning in `file`. What stays in `file` after a failure is such a beginning, or nothing when its content was wrong.
    void blob(Documents.Descriptor blob, Path file, TransferTime time, LongConsumer progress) {
        String what = "layer " + blob.digest() + " of " + reference;
        if (blob.size() > settings.limits().layerBytes()) {
            throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has " + blob.size() + " bytes; at most "
                    + settings.limits().layerBytes() + " are taken");
        }
        BlobTransfer.Source source = from -> {
            HttpAnswer answer = get(blobAddress(blob.digest()), from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-"));
            if (answer.status() == 200 || answer.status() == 206 || (answer.status() == 416 && from > 0)) {
                return answer;
            }
            try (answer) {
                return refused(answer, what);
            }
        };
        new BlobTransfer(blob, file, source, retries, settings.transfers().stallTimeout(), time, progress, what).run();
    }

    /// Done with an answer whose head said all; when no more than a few words follow, and soon, its connection serves the next request. Those that
    /// only the end of the connection ends are not waited for: there are servers that send none and leave it open.
    private static void leave(HttpAnswer answer) {
        boolean few = answer.header("Content-Length").filter(length -> length.matches("[0-9]{1,4}") && Integer.parseInt(length) <= MOST_PARTING_BYTES).isPresent();
        try (answer) {
            if (few || answer.header("Transfer-Encoding").isPresent()) {
                try (StallGuard guard = new StallGuard(answer.body(), LONGEST_PARTING, LONGEST_PARTING)) {
                    guard.readUpTo(MOST_PARTING_BYTES);
                }
            }
        } catch (IOException brokenOff) {
            // There is another connection for what is next.
        }
    }

    private URI blobAddress(Digest digest) {
        return base.resolve("blobs/" + digest);
    }

    /// What was answered in the end, and where.
    private record Reached(URI at, HttpAnswer answer) {}

    /// GET with authentication and redirects.
    private HttpAnswer get(URI address, Map<String, String> headers) throws IOException {
        Reached reached = follow(address, headers);
        HttpAnswer answer = reached.answer();
        if (answer.status() != 401 || !isHome(reached.at())) { // credentials are nothing that others may ask for, nor say where they go
            return answer;
        }
        boolean again;
        try {
            again = authenticate(answer);
        } catch (IOException | RuntimeException failure) {
            answer.close();
            throw failure;
        }
        if (!again) {
            return answer;
        }
        leave(answer);
        return follow(address, headers).answer();
    }

    private boolean isHome(URI address) {
        return address.getHost() != null && address.getRawAuthority().equals(base.getRawAuthority())
                && address.getScheme().equals(base.getScheme());
    }

    private Reached follow(URI address, Map<String, String> headers) throws IOException {
        URI at = address;
        for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
            HttpAnswer answer = send(at, headers, isHome(at) ? authorization : null);
            Optional<String> location = answer.header("Location");
            if (!REDIRECTS.contains(answer.status()) || location.isEmpty()) {
                return new Reached(at, answer);
            }
            leave(answer);
            URI next;
            try {
                next = at.resolve(location.get());
            } catch (IllegalArgumentException e) {
                throw new IOException("a redirect to a malformed address", e);
            }
            boolean allowed = "https".equals(next.getScheme()) || ("http".equals(next.getScheme()) && "http".equals(at.getScheme()));
            if (!allowed || next.getHost() == null) {
                throw new IOException("a redirect to " + Text.shortened(String.valueOf(next.getScheme())) + " is not followed");
            }
            at = next;
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects");
    }

    private HttpAnswer send(URI address, Map<String, String> headers, @Nullable String authorization) throws IOException {
        Map<String, String> all = new LinkedHashMap<>(headers);
        if (authorization != null) {
            all.put("Authorization", authorization);
        }
        return connections.send(address, all, null);
    }

    /// Answers a challenge; false when there is nothing more to offer.
    private boolean authenticate(HttpAnswer answer) throws IOException {
        String before = authorization;
        if (credentials != null && !credentials.registryToken().isEmpty()) { // already what a token service would give
            authorization = "Bearer " + credentials.registryToken();
            return before == null;
        }
        boolean asked = false;
        for (AuthChallenge challenge : AuthChallenge.parse(answer.all("WWW-Authenticate"))) {
            // Of several services one is asked, as whoever lists them may list any number.
            if (challenge.scheme().equals("bearer") && !asked && !challenge.parameter("realm").isEmpty()) {
                asked = true;
                String token = token(challenge);
                if (token != null) {
                    authorization = "Bearer " + token;
                    return true;
                }
            } else if (challenge.scheme().equals("basic") && credentials != null && !credentials.username().isEmpty()) {
                String basic = basic(credentials);
                if (!basic.equals(before)) {
                    authorization = basic;
                    return true;
                }
            }
        }
        return false;
    }

    private @Nullable String token(AuthChallenge challenge) throws IOException {
        String realm = challenge.parameter("realm");
        String scope = challenge.parameter("scope");
        String query = "service=" + URLEncoder.encode(challenge.parameter("service"), UTF_8) + "&scope="
                + URLEncoder.encode(scope.isEmpty() ? "repository:" + reference.repository() + ":pull" : scope, UTF_8);
        URI service;
        URI address;
        try {
            service = URI.create(realm);
            address = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
        } catch (IllegalArgumentException e) {
            throw new IOException("the registry names a malformed token service", e);
        }
        // A password goes out in the clear only where the registry itself is spoken to so.
        if (!"https".equals(address.getScheme()) && !("http".equals(address.getScheme()) && "http".equals(base.getScheme()))) {
            throw new IOException("the registry's token service " + Text.shortened(realm) + " is not https");
        }
        String what = "token for " + reference + " from " + Text.shortened(realm);
        try (HttpAnswer answer = credentials != null && !credentials.identityToken().isEmpty()
                // The OAuth 2 form of a token service takes an identity token for a token of one repository.
                ? connections.send(service, Map.of(), query + "&grant_type=refresh_token&client_id=hypernetes&refresh_token="
                        + URLEncoder.encode(credentials.identityToken(), UTF_8))
                : send(address, Map.of(), credentials == null || credentials.username().isEmpty() ? null : basic(credentials))) {
            if (answer.status() != 200) {
                return refused(answer, what);
            }
            JsonNode json = Documents.tree(bounded(answer.body(), MOST_ERROR_BYTES, settings.transfers().layerTimeout(), what), what);
            String token = json.path("token").asString(json.path("access_token").asString(""));
            return token.isEmpty() || token.chars().anyMatch(c -> c <= ' ' || c > '~') ? null : token;
        }
    }

    private static String basic(RegistryCredentials credentials) {
        return "Basic " + java.util.Base64.getEncoder()
                .encodeToString((credentials.username() + ":" + credentials.password()).getBytes(UTF_8));
    }

    private <T> T refused(HttpAnswer answer, String what) throws IOException {
        String words = errorText(answer.body());
        String message = what + ": the registry answered " + answer.status() + (words.isEmpty() ? "" : " (" + words + ")");
        int status = answer.status();
        if (status == 429 || status >= 500) {
            throw new Retries.TryLater("status " + status + (words.isEmpty() ? "" : ": " + words), patience(answer));
        }
        if (status == 401 || status == 403) {
            throw new ImageException(ImageException.Reason.UNAUTHORIZED, message
                    + (credentials == null
                            ? "; it may be private or not exist: give credentials (imagePullSecrets) or check the name"
                            : "; " + (credentials.username().isEmpty() ? "the token given" : "the user " + credentials.username()) + " may not read it, or it does not exist"));
        }
        if (status == 404) {
            throw new ImageException(ImageException.Reason.NOT_FOUND, message + "; check name and tag");
        }
        throw new ImageException(ImageException.Reason.CORRUPT, message);
    }

    /// What `Retry-After` asks for, in either of its forms (RFC 9110, 10.2.3); null when it does not.
    private static @Nullable Duration patience(HttpAnswer answer) {
        String value = answer.header("Retry-After").map(String::strip).orElse("");
        if (value.matches("[0-9]{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Duration until = Duration.between(Instant.now(), ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME));
            return until.isNegative() ? Duration.ZERO : until;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /// The registry's own words: `{"errors":[{"code","message","detail"}]}`, or plain text.
    private String errorText(InputStream body) throws IOException {
        byte[] content;
        try (StallGuard guard = new StallGuard(body, settings.transfers().stallTimeout())) {
            content = guard.readUpTo(MOST_ERROR_BYTES);
        }
        try {
            StringBuilder words = new StringBuilder();
            for (JsonNode error : Documents.JSON.readTree(content).path("errors")) {
                words.append(words.isEmpty() ? "" : "; ")
                        .append(error.path("code").asString(""))
                        .append(": ")
                        .append(error.path("message").asString(""));
                JsonNode detail = error.path("detail");
                if (!detail.isMissingNode() && !detail.isNull()) {
                    words.append(" ").append(detail.isString() ? detail.asString() : detail.toString());
                }
            }
            return Text.shortened(words.toString());
        } catch (tools.jackson.core.JacksonException e) {
            return Text.shortened(new String(content, UTF_8));
        }
    }

    private byte[] bounded(InputStream body, int most, Duration atMost, String what) throws IOException {
        try (StallGuard guard = new StallGuard(body, settings.transfers().stallTimeout(), atMost)) {
            byte[] content = guard.readUpTo(most + 1);
            if (content.length > most) {
                throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has more than " + most + " bytes");
            }
            return content;
        }
    }
}
