package io.hypernetes.cli;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// The `/login` of an API server, as a person's machine uses it.
final class LoginServer implements AutoCloseable {
    private final URI server;
    private final JsonHttp http;

    /// @param authority PEM of the authority that signs the server's certificate; empty for what the JDK trusts
    LoginServer(URI server, String authority) {
        this.server = server;
        this.http = new JsonHttp(authority);
    }

    /// Whose a token is.
    record Self(String user, List<String> tenants) {}

    /// The ways to log in that the server offers.
    List<ObjectNode> methods() {
        return Json.objects(good(http.get(at("/login"), ""), "asking " + server + " how to log in").body(), "methods");
    }

    /// Logs a local user in.
    Tokens login(String user, char[] password) {
        ObjectNode body = Json.object().put("user", user).put("password", new String(password));
        Arrays.fill(password, '\0');
        return tokens(good(http.post(at("/login"), "", body), "logging in " + user + " at " + server));
    }

    /// A new token for one that has not ended.
    Tokens renew(String token) {
        return tokens(good(http.post(at("/login/renew"), token, Json.object()), "renewing the login at " + server));
    }

    void end(String token) {
        http.post(at("/login/end"), token, Json.object());
    }

    /// @param tenant whose own issuers count too; empty for none
    Self self(String token, String tenant) {
        JsonHttp.Reply reply = good(http.get(at("/login/self" + (tenant.isEmpty() ? "" : "?" + JsonHttp.query(Map.of("tenant", tenant)))), token), "asking " + server + " who that is");
        List<String> tenants = new ArrayList<>();
        reply.body().path("tenants").forEach(name -> tenants.add(name.asString("")));
        return new Self(JsonHttp.required(reply, "user", server.toString()), tenants);
    }

    private URI at(String path) {
        return URI.create(server + path);
    }

    private static JsonHttp.Reply good(JsonHttp.Reply reply, String what) {
        if (!reply.good()) {
            throw new UsageException(what + ": " + reply.reason(), reply.code() == 401 ? 77 : UsageException.UNAVAILABLE);
        }
        return reply;
    }

    private Tokens tokens(JsonHttp.Reply reply) {
        Instant expires = ApiTime.parse(JsonHttp.required(reply, "expires", server.toString()));
        return new Tokens(JsonHttp.required(reply, "token", server.toString()), expires, Map.of());
    }

    @Override
    public void close() {
        http.close();
    }
}
