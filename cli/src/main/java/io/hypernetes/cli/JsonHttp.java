package io.hypernetes.cli;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.node.ObjectNode;

/// Calls for JSON that end within a time and a size, without redirects: a login must not be carried elsewhere.
final class JsonHttp implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final int MOST_BYTES = 1 << 20;

    private final HttpClient http;

    /// @param trust PEM of the authorities to trust; empty for what the JDK trusts
    JsonHttp(String trust) {
        SSLContext tls = trust.isEmpty() ? null : io.hypernetes.identity.Tls.trusting(trust);
        HttpClient.Builder builder = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT);
        this.http = (tls == null ? builder : builder.sslContext(tls)).build();
    }

    /// @param body an empty object when the answer holds no JSON object
    record Reply(int code, ObjectNode body) {
        boolean good() {
            return code / 100 == 2;
        }

        /// Why not, as the server says; cut and without control characters.
        String reason() {
            String text = Json.string(body, "message");
            if (text.isEmpty()) {
                text = (Json.string(body, "error") + " " + Json.string(body, "error_description")).trim();
            }
            text = text.replaceAll("\\p{Cntrl}", " ");
            return text.isEmpty() ? "status " + code : text.length() > 300 ? text.substring(0, 300) + "…" : text;
        }
    }

    Reply get(URI address, String bearer) {
        return call(request(address, bearer).GET().build());
    }

    Reply post(URI address, String bearer, ObjectNode body) {
        return call(request(address, bearer).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofByteArray(Json.bytes(body))).build());
    }

    Reply form(URI address, Map<String, String> fields) {
        return call(request(address, "").header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(query(fields))).build());
    }

    /// `name=value&…`, encoded.
    static String query(Map<String, String> fields) {
        return fields.entrySet().stream()
                .map(field -> URLEncoder.encode(field.getKey(), StandardCharsets.UTF_8) + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    private static HttpRequest.Builder request(URI address, String bearer) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(address).timeout(TIMEOUT).header("Accept", "application/json").header("User-Agent", "hypernetes");
        return bearer.isEmpty() ? builder : builder.header("Authorization", "Bearer " + bearer);
    }

    private Reply call(HttpRequest request) {
        String where = request.uri().getScheme() + "://" + request.uri().getAuthority();
        var running = http.sendAsync(request, HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES));
        try {
            HttpResponse<byte[]> response = running.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return new Reply(response.statusCode(), read(response.body()));
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            throw new UsageException(where + " cannot be reached: " + why + (why.contains("PKIX") || why.contains("certification path")
                    ? "\nIts certificate is signed by an authority that this machine does not trust; --certificate-authority FILE names it." : ""), UsageException.UNAVAILABLE);
        } catch (TimeoutException e) {
            running.cancel(true);
            throw new UsageException(where + " has not answered within " + TIMEOUT.toSeconds() + " s", UsageException.UNAVAILABLE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted", 130);
        }
    }

    private static ObjectNode read(byte[] body) {
        try {
            return body.length == 0 ? Json.object() : Json.readObject(body);
        } catch (MalformedJsonException e) {
            return Json.object();
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    /// A text that an answer must have, fit to be shown on a terminal.
    static String required(Reply reply, String field, String whose) {
        String text = Json.string(reply.body(), field);
        if (text.isEmpty() || text.chars().anyMatch(Character::isISOControl)) {
            throw new UsageException(whose + " answered without a usable " + field, UsageException.UNAVAILABLE);
        }
        return text;
    }
}
