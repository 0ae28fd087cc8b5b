package io.hypernetes.apiserver.http;

import io.hypernetes.apiserver.request.Annotations;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request and the means to answer it. Owned by the request's virtual thread; [#onDisconnect] and [#annotate] alone may be called by
/// others.
public final class Exchange {
    private static final Logger log = LoggerFactory.getLogger(Exchange.class);

    private final Connection connection;
    private final String method;
    private final String path;
    private final String rawQuery;
    private final HttpHeaders headers;
    private final byte[] body;
    private final HttpHeaders answerHeaders = new DefaultHttpHeaders();
    private @Nullable Map<String, List<String>> query;
    private int status;
    private String subject = "";
    private final Annotations annotations = new Annotations();
    private @Nullable Runnable onBegin;

    /// @param uri the path with its query, as sent
    Exchange(Connection connection, String method, String uri, HttpHeaders headers, byte[] body) {
        this.connection = connection;
        this.method = method;
        int question = uri.indexOf('?');
        this.path = question < 0 ? uri : uri.substring(0, question);
        this.rawQuery = question < 0 ? "" : uri.substring(question + 1);
        this.headers = headers;
        this.body = body;
    }

    public String method() {
        return method;
    }

    /// The path as sent: percent-encoded, without the query.
    public String path() {
        return path;
    }

    /// The query as sent, without the question mark; empty when there is none.
    public String rawQuery() {
        return rawQuery;
    }

    /// The first value of a query parameter; empty when absent or without a value.
    public String query(String name) {
        var values = queries(name);
        return values.isEmpty() ? "" : values.getFirst();
    }

    /// All values of a query parameter.
    public List<String> queries(String name) {
        var parsed = query;
        if (parsed == null) {
            parsed = new QueryStringDecoder(rawQuery, StandardCharsets.UTF_8, false, 1024).parameters();
            query = parsed;
        }
        return parsed.getOrDefault(name, List.of());
    }

    /// A truth value of the query as Kubernetes reads them: false when absent, `0` or `false` in any case, and true otherwise. Python's
    /// client says `True`.
    public boolean flag(String name) {
        var values = queries(name);
        return !values.isEmpty() && !values.getFirst().equals("0") && !values.getFirst().equalsIgnoreCase("false");
    }

    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /// All values of a header, one for each time it was sent.
    public List<String> headers(String name) {
        return headers.getAll(name);
    }

    /// Every header as it was sent, names in any case.
    public List<Map.Entry<String, String>> allHeaders() {
        return headers.entries();
    }

    /// The whole request body; never modified.
    public byte[] body() {
        return body;
    }

    /// What the client showed in the TLS handshake, its own certificate first; empty when it showed none. Possession of the
    /// key is proved, trust in the issuer is not.
    public List<X509Certificate> clientCertificates() {
        return connection.clientCertificates();
    }

    public SocketAddress remoteAddress() {
        return connection.remoteAddress();
    }

    /// The name of the part of this process that asks, such as `system:kube-scheduler`; empty for whoever comes by the network, and proves otherwise
    /// who it is.
    public String component() {
        return connection.component();
    }

    /// Whether HTTP can be left for another protocol: not over HTTP/2, nor within this process.
    public boolean isUpgradable() {
        return connection.upgradable();
    }

    /// Adds a header to the answer unless it has it with that very value; call before the answer begins.
    public void addHeader(String name, String value) {
        if (!answerHeaders.contains(name, value, false)) {
            answerHeaders.add(name, value);
        }
    }

    /// How many characters the values of a header of the answer have by now.
    public int lengthOfHeader(String name) {
        return answerHeaders.getAll(name).stream().mapToInt(String::length).sum();
    }

    /// Sets a header of the answer; call before the answer begins.
    public void setHeader(String name, String value) {
        answerHeaders.set(name, value);
    }

    /// The name of the object that the request has made; empty when it made none.
    public String subject() {
        return subject;
    }

    /// Notes the name of the object that the request has made, for whoever tells of the request.
    public void subject(String name) {
        subject = name;
    }

    /// Notes something about the request for whoever tells of it, as [Annotations] has room for it. What was noted first stays.
    ///
    /// @param key a qualified name, such as `pod-security.kubernetes.io/enforce-policy`
    public void annotate(String key, String value) {
        annotations.add(key, value);
    }

    /// What was noted.
    public Map<String, String> annotations() {
        return annotations.all();
    }

    /// Has `action` run when the answer begins, on this thread.
    public void onBegin(Runnable action) {
        onBegin = action;
    }

    /// The status sent, 0 while there is none.
    public int status() {
        return status;
    }

    /// Answers whole, compressed when that helps and the client takes it.
    public void send(int status, String contentType, List<Part> parts) throws IOException {
        if (status == 200 && !answerHeaders.contains("Content-Encoding") && Compression.helps(headers("Accept-Encoding"), parts)) {
            parts = List.of(Part.of(Compression.gzip(parts)));
            answerHeaders.set("Content-Encoding", "gzip");
            answerHeaders.add("Vary", "Accept-Encoding");
        }
        begin(status);
        connection.send(status, withType(contentType), parts, method.equals("HEAD"));
    }

    /// Answers whole.
    ///
    /// @param content must not change
    public void send(int status, String contentType, byte[] content) throws IOException {
        send(status, contentType, List.of(Part.of(content)));
    }

    /// Begins an answer whose length is not known.
    public AnswerStream stream(int status, String contentType) throws IOException {
        begin(status);
        return connection.stream(status, withType(contentType), method.equals("HEAD"));
    }

    /// Leaves HTTP: sends `head`, a complete HTTP/1.1 response head with its empty line, and hands over the bytes after it.
    ///
    /// @throws IllegalStateException unless [#isUpgradable]
    public RawConnection upgrade(byte[] head) throws IOException {
        requireUpgradable();
        begin(101);
        return connection.upgrade(head);
    }

    /// The tenant whose door the connection came by; empty when it came by none. Credentials of nobody else count on it.
    public String door() {
        return connection.door();
    }

    /// Leaves HTTP as [#upgrade] does, and then begins anew as the server of a tenant's door: what follows is a connection of one of the
    /// tenant's pods, with a TLS of its own.
    ///
    /// @param tls what the door shows
    /// @throws IllegalStateException unless [#isUpgradable]
    public void leadIn(String tenant, SSLContext tls, byte[] head) throws IOException {
        requireUpgradable();
        begin(101);
        connection.leadIn(tenant, tls, head);
    }

    /// Runs `action` once the client is gone, at once when it is gone already. The action must not block: it may run on an
    /// event loop.
    public void onDisconnect(Runnable action) {
        connection.onDisconnect(action);
    }

    /// Has a handler serve the request, on this thread: one that fails or does not answer is answered for.
    void serveBy(ExchangeHandler handler) {
        try {
            handler.handle(this);
            if (status == 0) {
                send(500, "text/plain", new byte[0]);
            }
        } catch (ClientGoneException e) {
            log.debug("event=client-gone path={} cause={}", path, e.getMessage());
        } catch (Exception | StackOverflowError e) {
            log.error("event=request-failed method={} path={}", method, path, e);
            failed();
        }
    }

    private void failed() {
        if (status != 0) {
            connection.abort();
            return;
        }
        try {
            send(500, "text/plain", new byte[0]);
        } catch (IOException gone) {
            connection.abort();
        }
    }

    private void requireUpgradable() {
        if (!isUpgradable()) {
            throw new IllegalStateException("HTTP cannot be left here");
        }
    }

    private HttpHeaders withType(String contentType) {
        if (!contentType.isEmpty()) {
            answerHeaders.set("Content-Type", contentType);
        }
        return answerHeaders;
    }

    private void begin(int status) {
        if (this.status != 0) {
            throw new IllegalStateException("the request was answered already with status " + this.status);
        }
        this.status = status;
        if (onBegin != null) {
            onBegin.run();
        }
    }
}
