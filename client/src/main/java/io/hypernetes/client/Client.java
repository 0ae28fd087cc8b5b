package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// A connection to the API server for one identity. Thread-safe; calls block, so make them on virtual threads.
///
/// Every path names its tenant (`/tenants/{tenant}/…`), since a component's own home tenant says nothing about the
/// object it works on. `*` reads across tenants. Nothing is retried here, except by [Resources#change].
public final class Client implements AutoCloseable {
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    private static final String JSON = "application/json";
    private static final byte[] NONE = {};

    private final URI server;
    private final String userAgent;
    private final @Nullable String bearerToken;
    private final Transport transport;

    /// A client over the network.
    ///
    /// @param server such as `https://10.0.0.1:6443`
    /// @param tls the trusted roots and the client certificate; null only for a plain `http` server in tests
    /// @param userAgent the component's name, as audit logs and events show it
    public Client(URI server, @Nullable SSLContext tls, String userAgent) {
        this(withoutSlash(server), userAgent, null, new HttpTransport(withoutSlash(server), tls));
    }

    /// A client of a server that is reached some other way.
    ///
    /// @param server its address, for messages
    /// @param transport closed with the client
    public static Client over(Transport transport, URI server, String userAgent) {
        return new Client(withoutSlash(server), userAgent, null, transport);
    }

    /// A client that presents a bearer token in place of a client certificate.
    public static Client withToken(URI server, SSLContext tls, String userAgent, String bearerToken) {
        return new Client(withoutSlash(server), userAgent, bearerToken, new HttpTransport(withoutSlash(server), tls));
    }

    private Client(URI server, String userAgent, @Nullable String bearerToken, Transport transport) {
        this.server = server;
        this.userAgent = userAgent;
        this.bearerToken = bearerToken;
        this.transport = transport;
    }

    private static URI withoutSlash(URI server) {
        String text = server.toString();
        return text.endsWith("/") ? URI.create(text.substring(0, text.length() - 1)) : server;
    }

    /// The objects of one kind.
    public <T extends HasMetadata> Resources<T> of(Kind<T> kind) {
        return new Resources<>(this, kind);
    }

    /// Reads any document, such as discovery; `path` begins with `/`, after the tenant prefix.
    ///
    /// @throws ApiException when refused or unreachable
    public JsonNode read(String tenant, String path) {
        return call("GET", Resources.tenantPath(tenant) + path, null, null, Json::tree);
    }

    /// Reads what is no JSON and may be long, such as a backup; the caller closes it. It breaks off when it stands still for half a minute.
    ///
    /// @param path after the tenant prefix, begins with `/`
    /// @throws ApiException when refused or unreachable
    public InputStream download(String tenant, String path) {
        return new GuardedBody(open(Resources.tenantPath(tenant) + path, "*/*"), REQUEST_TIMEOUT);
    }

    /// Asks for something to be done that is no object of the API.
    ///
    /// @param path after the tenant prefix, begins with `/`
    /// @param limit how long the answer may take
    /// @throws ApiException when refused or unreachable
    public JsonNode act(String tenant, String path, Duration limit) {
        String whole = Resources.tenantPath(tenant) + path;
        String what = "POST " + whole;
        try (InputStream in = new GuardedBody(send(what, "POST", whole, null, JSON, null, limit), REQUEST_TIMEOUT)) {
            return Json.tree(in);
        } catch (IOException | JacksonException broken) {
            throw ApiException.unreachable(what, broken);
        }
    }

    /// Server address, for messages.
    public URI server() {
        return server;
    }

    /// Ends all calls; watches end with an error.
    @Override
    public void close() {
        transport.close();
    }

    interface BodyReader<R> {
        R read(InputStream body) throws IOException;
    }

    <R> R call(String method, String path, @Nullable String mediaType, @Nullable Object body, BodyReader<R> reader) {
        return call(method, path, mediaType, JSON, body, reader);
    }

    <R> R call(String method, String path, @Nullable String mediaType, String accept, @Nullable Object body, BodyReader<R> reader) {
        return call(method, path, mediaType, accept, body, REQUEST_TIMEOUT, reader);
    }

    /// @param limit how long the answer may take to begin
    <R> R call(String method, String path, @Nullable String mediaType, String accept, @Nullable Object body, Duration limit, BodyReader<R> reader) {
        String what = method + " " + path;
        try (InputStream in = new GuardedBody(send(what, method, path, mediaType, accept, body, limit), REQUEST_TIMEOUT)) {
            return reader.read(in);
        } catch (IOException | JacksonException broken) {
            throw ApiException.unreachable(what, broken);
        }
    }

    /// The body of a successful answer as a stream that the caller closes.
    InputStream open(String path, String accept) {
        return send("GET " + path, "GET", path, null, accept, null, REQUEST_TIMEOUT);
    }

    private InputStream send(
            String what, String method, String path, @Nullable String mediaType, String accept, @Nullable Object body, Duration timeout) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Accept", accept);
        headers.put("User-Agent", userAgent);
        if (bearerToken != null) {
            headers.put("Authorization", "Bearer " + bearerToken);
        }
        if (body != null) {
            headers.put("Content-Type", mediaType == null ? JSON : mediaType);
        }
        Transport.Answer answer;
        try {
            answer = transport.send(new Transport.Request(method, path, headers, body == null ? NONE : Json.write(body), timeout));
        } catch (IOException broken) {
            throw ApiException.unreachable(what, broken);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw ApiException.unreachable(what, stopped);
        }
        if (answer.status() / 100 == 2) {
            return answer.body();
        }
        throw ApiException.of(answer.status(), what, statusOf(answer.body()));
    }

    private static @Nullable Status statusOf(InputStream body) {
        try (InputStream in = new GuardedBody(body, REQUEST_TIMEOUT)) {
            byte[] text = in.readNBytes(1 << 20);
            return Json.read(text, 0, text.length, Status.class);
        } catch (IOException | JacksonException notAStatus) {
            return null;
        }
    }
}
