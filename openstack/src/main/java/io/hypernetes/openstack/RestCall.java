package io.hypernetes.openstack;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.openstack.OpenStackException.Kind;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Calls one service: JSON in and out, whole within a time or not at all. Redirects are not followed: they would carry the token elsewhere.
final class RestCall implements AutoCloseable {
    private static final int MOST_BYTES = 1 << 20;
    private static final int LONGEST_REASON = 300;

    private final String service;
    private final URI base;
    private final Duration timeout;
    private final HttpClient http;

    /// @param service what messages call it
    /// @param base such as `https://keystone:5000/v3`
    /// @param tls null for what the JDK trusts
    RestCall(String service, URI base, @Nullable SSLContext tls, Duration timeout) {
        this.service = service;
        this.base = URI.create(base.toString().replaceFirst("/+$", ""));
        this.timeout = timeout;
        var builder = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).version(HttpClient.Version.HTTP_1_1).connectTimeout(timeout);
        this.http = (tls == null ? builder : builder.sslContext(tls)).build();
    }

    /// @param body an empty object when there is none
    record Answer(int code, HttpHeaders headers, ObjectNode body) {}

    Answer call(String method, String path, Map<String, String> headers, @Nullable ObjectNode body) {
        var what = service + " at " + base + " (" + method + " " + path.replaceFirst("\\?.*", "") + ")";
        var request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(timeout)
                .header("Accept", "application/json")
                .header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(Json.bytes(body)));
        headers.forEach(request::header);
        var running = http.sendAsync(request.build(), HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES));
        HttpResponse<byte[]> response;
        try {
            response = running.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            var cause = e.getCause() == null ? e : e.getCause();
            var why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            throw new OpenStackException(Kind.UNAVAILABLE, what + " cannot be reached: " + why, cause);
        } catch (TimeoutException e) {
            running.cancel(true);
            throw new OpenStackException(Kind.UNAVAILABLE, what + " has not answered within " + timeout.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            running.cancel(true);
            Thread.currentThread().interrupt();
            throw new OpenStackException(Kind.UNAVAILABLE, what + " was interrupted", e);
        }
        ObjectNode answer;
        try {
            answer = response.body().length == 0 ? Json.object() : Json.readObject(response.body());
        } catch (MalformedJsonException e) {
            if (response.statusCode() / 100 == 2) {
                throw new OpenStackException(Kind.UNAVAILABLE, what + " answered something that is not JSON", e);
            }
            answer = Json.object();
        }
        int code = response.statusCode();
        if (code / 100 == 2) {
            return new Answer(code, response.headers(), answer);
        }
        throw new OpenStackException(kind(code), what + " answered " + code + reason(answer));
    }

    private static Kind kind(int code) {
        return switch (code) {
            case 401 -> Kind.NOT_AUTHENTICATED;
            case 403 -> Kind.FORBIDDEN;
            case 404 -> Kind.NOT_FOUND;
            case 409 -> Kind.CONFLICT;
            case 429 -> Kind.UNAVAILABLE;
            default -> code / 100 == 4 ? Kind.REFUSED : Kind.UNAVAILABLE;
        };
    }

    private static String reason(ObjectNode answer) {
        var text = Json.string(answer, "error", "message").replaceAll("\\p{Cntrl}", " ");
        return text.isEmpty() ? "" : ": " + (text.length() > LONGEST_REASON ? text.substring(0, LONGEST_REASON) + "…" : text);
    }

    URI base() {
        return base;
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
