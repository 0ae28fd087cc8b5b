package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
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
final class RegistryClient {
    private static final String ACCEPTED = String.join(", ", Documents.OCI_INDEX, Documents.DOCKER_LIST,
            Documents.OCI_MANIFEST, Documents.DOCKER_MANIFEST);
    private static final int MOST_REDIRECTS = 5;
    private static final int MOST_ERROR_BYTES = 1 << 16;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final HttpClient http;
    private final ImageSettings settings;
    private final ImageReference reference;
    private final @Nullable RegistryCredentials credentials;
    private final URI base;
    private volatile @Nullable String authorization;

    RegistryClient(HttpClient http, ImageSettings settings, ImageReference reference,
            @Nullable RegistryCredentials credentials) {
        this.http = http;
        this.settings = settings;
        this.reference = reference;
        this.credentials = credentials;
        String host = reference.host().equals("docker.io") ? "registry-1.docker.io" : reference.host();
        this.base = URI.create((RegistryHosts.plain(host, settings) ? "http://" : "https://") + host + "/v2/"
                + reference.repository() + "/");
    }

    /// A manifest or index as the registry holds it.
    record Fetched(Digest digest, byte[] content) {}

    /// @param tagOrDigest what to ask for; content asked for by digest is checked against it
    Fetched manifest(String tagOrDigest) {
        URI address = base.resolve("manifests/" + tagOrDigest);
        String what = "manifest of " + reference;
        byte[] content = retrying(what, () -> {
            try (Answer answer = get(address, Map.of("Accept", ACCEPTED))) {
                return answer.status() == 200
                        ? bounded(answer.body(), Documents.MOST_BYTES, what)
                        : this.<byte[]>refused(answer, what);
            }
        });
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
    byte[] smallBlob(Documents.Descriptor blob) {
        String what = "blob " + blob.digest() + " of " + reference;
        if (blob.size() > Documents.MOST_BYTES) {
            throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has " + blob.size() + " bytes");
        }
        byte[] content = retrying(what, () -> {
            try (Answer answer = get(blobAddress(blob.digest()), Map.of())) {
                return answer.status() == 200
                        ? bounded(answer.body(), Documents.MOST_BYTES, what)
                        : this.<byte[]>refused(answer, what);
            }
        });
        if (!blob.digest().matches(content)) {
            throw wrongContent(what, Digest.of(blob.digest().algorithm(), blob.digest().hasher().digest(content)));
        }
        return content;
    }

    /// Brings a blob into `file`, checked; goes on where a broken transfer stopped.
    void blob(Documents.Descriptor blob, Path file, LongConsumer progress) {
        String what = "layer " + blob.digest() + " of " + reference;
        if (blob.size() > settings.maxLayerBytes()) {
            throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has " + blob.size() + " bytes; at most "
                    + settings.maxLayerBytes() + " are taken");
        }
        Transfer transfer = new Transfer(blob.digest().hasher());
        try (OutputStream out = Files.newOutputStream(file)) {
            transfer.out = out;
            retrying(what, () -> {
                receive(blob, transfer, file, progress, what);
                return "";
            });
        } catch (IOException e) {
            throw Folders.failure(e, "storing " + what);
        }
        Digest found = Digest.of(blob.digest().algorithm(), transfer.hash.digest());
        if (!found.equals(blob.digest())) {
            throw wrongContent(what, found);
        }
    }

    private static final class Transfer {
        MessageDigest hash;
        OutputStream out = OutputStream.nullOutputStream();
        long done;

        Transfer(MessageDigest hash) {
            this.hash = hash;
        }
    }

    private void receive(Documents.Descriptor blob, Transfer transfer, Path file, LongConsumer progress, String what)
            throws IOException {
        Map<String, String> range = transfer.done == 0 ? Map.of() : Map.of("Range", "bytes=" + transfer.done + "-");
        try (Answer answer = get(blobAddress(blob.digest()), range)) {
            if (answer.status() != 200 && answer.status() != 206) {
                refused(answer, what);
            }
            if (answer.status() == 200 && transfer.done > 0) { // no ranges here: from the start again
                transfer.out.close();
                transfer.out = Files.newOutputStream(file);
                transfer.hash = blob.digest().hasher();
                transfer.done = 0;
            }
            byte[] buffer = new byte[1 << 16];
            try (StallGuard guard = new StallGuard(answer.body(), settings.stallTimeout())) {
                for (int read = guard.read(buffer); read >= 0; read = guard.read(buffer)) {
                    transfer.done += read;
                    if (transfer.done > blob.size()) {
                        throw Documents.corrupt(what + ": the registry sends more than the stated " + blob.size() + " bytes");
                    }
                    transfer.hash.update(buffer, 0, read);
                    try {
                        transfer.out.write(buffer, 0, read);
                    } catch (IOException e) {
                        throw Folders.failure(e, "storing " + what);
                    }
                    progress.accept(transfer.done);
                }
            }
            if (transfer.done < blob.size()) {
                throw new IOException("the registry ended the transfer after " + transfer.done + " of " + blob.size() + " bytes");
            }
        }
    }

    private URI blobAddress(Digest digest) {
        return base.resolve("blobs/" + digest);
    }

    private ImageException wrongContent(String what, Digest found) {
        return Documents.corrupt(what + " is damaged or forged: its content has the digest " + found
                + "; pull again, and tell the registry's operator when it stays");
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    private <T> T retrying(String what, Attempt<T> attempt) {
        for (int n = 1; ; n++) {
            IOException failure;
            try {
                return attempt.run();
            } catch (IOException e) {
                failure = e;
            }
            boolean hopeless = isRefusal(failure);
            if (n >= settings.attempts() || hopeless) {
                throw new ImageException(ImageException.Reason.UNREACHABLE,
                        what + ": registry " + base.getScheme() + "://" + base.getRawAuthority() + " cannot be reached or breaks off ("
                                + Text.shortened(reason(failure)) + "), tried " + n
                                + (n == 1 ? " time" : " times") + "; check its address and the network",
                        failure);
            }
            pause(failure instanceof TryLater later ? later.wait : Duration.ofMillis(200L * n * n));
        }
    }

    private static boolean isRefusal(IOException failure) {
        return failure instanceof ConnectException || failure instanceof UnknownHostException
                || failure.getCause() instanceof UnresolvedAddressException;
    }

    private static String reason(IOException failure) {
        if (failure.getCause() instanceof UnresolvedAddressException
                || (failure.getCause() != null && failure.getCause().getCause() instanceof UnresolvedAddressException)) {
            return "the host name is unknown";
        }
        String message = failure.getMessage();
        return message != null ? message : failure instanceof ConnectException ? "connection refused" : failure.toString();
    }

    private static void pause(Duration wait) {
        try {
            Thread.sleep(wait); // a registry that asked for patience cannot tell when it is over
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNREACHABLE, "the pull was interrupted", e);
        }
    }

    /// The registry has no time now.
    private static final class TryLater extends IOException {
        private static final long serialVersionUID = 1L;
        final transient Duration wait;

        TryLater(String message, Duration wait) {
            super(message);
            this.wait = wait;
        }
    }

    private record Answer(HttpResponse<InputStream> response) implements AutoCloseable {
        int status() {
            return response.statusCode();
        }

        InputStream body() {
            return response.body();
        }

        @Override
        public void close() throws IOException {
            response.body().close();
        }
    }

    /// GET with authentication and redirects.
    private Answer get(URI address, Map<String, String> headers) throws IOException {
        Answer answer = follow(address, headers);
        if (answer.status() == 401 && authenticate(answer)) {
            answer.close();
            answer = follow(address, headers);
        }
        return answer;
    }

    private Answer follow(URI address, Map<String, String> headers) throws IOException {
        URI at = address;
        for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
            boolean home = at.getHost() != null && at.getRawAuthority().equals(base.getRawAuthority())
                    && at.getScheme().equals(base.getScheme());
            Answer answer = send(at, headers, home ? authorization : null);
            Optional<String> location = answer.response.headers().firstValue("Location");
            if (!REDIRECTS.contains(answer.status()) || location.isEmpty()) {
                return answer;
            }
            answer.close();
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

    private Answer send(URI address, Map<String, String> headers, @Nullable String authorization) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(settings.connectTimeout().multipliedBy(3))
                .header("User-Agent", "hypernetes");
        headers.forEach(request::header);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try {
            return new Answer(http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Answers a challenge; false when there is nothing more to offer.
    private boolean authenticate(Answer answer) throws IOException {
        String before = authorization;
        for (AuthChallenge challenge : AuthChallenge.parse(answer.response.headers().allValues("WWW-Authenticate"))) {
            if (challenge.scheme().equals("bearer")) {
                String token = token(challenge);
                if (token != null) {
                    authorization = "Bearer " + token;
                    return true;
                }
            } else if (challenge.scheme().equals("basic") && credentials != null) {
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
        URI address;
        try {
            address = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
        } catch (IllegalArgumentException e) {
            throw new IOException("the registry names a malformed token service", e);
        }
        // A password goes out in the clear only where the registry itself is spoken to so.
        if (!"https".equals(address.getScheme()) && !("http".equals(address.getScheme()) && "http".equals(base.getScheme()))) {
            throw new IOException("the registry's token service " + Text.shortened(realm) + " is not https");
        }
        String what = "token for " + reference + " from " + Text.shortened(realm);
        try (Answer answer = send(address, Map.of(), credentials == null ? null : basic(credentials))) {
            if (answer.status() != 200) {
                return refused(answer, what);
            }
            JsonNode json = Documents.tree(bounded(answer.body(), MOST_ERROR_BYTES, what), what);
            String token = json.path("token").asString(json.path("access_token").asString(""));
            return token.isEmpty() || token.chars().anyMatch(c -> c <= ' ' || c > '~') ? null : token;
        }
    }

    private static String basic(RegistryCredentials credentials) {
        return "Basic " + java.util.Base64.getEncoder()
                .encodeToString((credentials.username() + ":" + credentials.password()).getBytes(UTF_8));
    }

    private <T> T refused(Answer answer, String what) throws IOException {
        String words = errorText(answer.body());
        String message = what + ": the registry answered " + answer.status() + (words.isEmpty() ? "" : " (" + words + ")");
        int status = answer.status();
        if (status == 429 || status >= 500) {
            throw new TryLater("status " + status + (words.isEmpty() ? "" : ": " + words), patience(answer));
        }
        if (status == 401 || status == 403) {
            throw new ImageException(ImageException.Reason.UNAUTHORIZED, message
                    + (credentials == null
                            ? "; it may be private or not exist: give credentials (imagePullSecrets) or check the name"
                            : "; the user " + credentials.username() + " may not read it, or it does not exist"));
        }
        if (status == 404) {
            throw new ImageException(ImageException.Reason.NOT_FOUND, message + "; check name and tag");
        }
        throw new ImageException(ImageException.Reason.CORRUPT, message);
    }

    private static Duration patience(Answer answer) {
        long seconds = answer.response.headers().firstValue("Retry-After")
                .filter(value -> value.matches("[0-9]{1,3}")).map(Long::parseLong).orElse(1L);
        return Duration.ofSeconds(Math.min(seconds, 20));
    }

    /// The registry's own words: `{"errors":[{"code","message","detail"}]}`, or plain text.
    private static String errorText(InputStream body) throws IOException {
        byte[] content = body.readNBytes(MOST_ERROR_BYTES);
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

    private byte[] bounded(InputStream body, int most, String what) throws IOException {
        try (StallGuard guard = new StallGuard(body, settings.stallTimeout())) {
            byte[] content = guard.readUpTo(most + 1);
            if (content.length > most) {
                throw new ImageException(ImageException.Reason.TOO_LARGE, what + " has more than " + most + " bytes");
            }
            return content;
        }
    }
}
