package io.hypernetes.cli;

import io.hypernetes.identity.SecretFiles;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/// A login of a person on this machine: the token of the moment and what it takes to get the next one. Kept in a file of mode 0600; [#toString]
/// hides all secrets.
///
/// @param server the API server, without a tenant's path
/// @param authority PEM of the authority that signs its certificate; empty for what the JDK trusts
/// @param method `local`, `oidc` or `keystone`
/// @param user as the server calls the person
/// @param tenant asked for with the token; empty for none
/// @param more what the method needs to go on, by name
record SavedLogin(URI server, String authority, String method, String user, String tenant, String token, Instant expires, Map<String, String> more) {
    SavedLogin {
        more = Map.copyOf(more);
    }

    /// The folder of a person's logins: `~/.hypernetes`, or what `HYPERNETES_HOME` says.
    static Path folder() {
        String said = System.getenv("HYPERNETES_HOME");
        return said != null && !said.isEmpty() ? Path.of(said) : Path.of(System.getProperty("user.home"), ".hypernetes");
    }

    static SavedLogin read(Path file) {
        try {
            ObjectNode saved = Json.readObject(Files.readAllBytes(file));
            Map<String, String> more = new TreeMap<>();
            saved.path("more").properties().forEach(field -> more.put(field.getKey(), field.getValue().asString("")));
            return new SavedLogin(
                    URI.create(Json.string(saved, "server")), Json.string(saved, "authority"), Json.string(saved, "method"), Json.string(saved, "user"),
                    Json.string(saved, "tenant"), Json.string(saved, "token"), ApiTime.parse(Json.string(saved, "expires")), more);
        } catch (java.nio.file.NoSuchFileException e) {
            throw new UsageException("there is no login in " + file + "; `hypernetes login` makes one", UsageException.UNAVAILABLE);
        } catch (IOException | MalformedJsonException | IllegalArgumentException e) {
            throw new UsageException("the login in " + file + " cannot be read: " + e.getMessage() + "; `hypernetes login` makes a new one");
        }
    }

    void save(Path file) {
        ObjectNode saved = Json.object()
                .put("server", server.toString())
                .put("authority", authority)
                .put("method", method)
                .put("user", user)
                .put("tenant", tenant)
                .put("token", token)
                .put("expires", ApiTime.format(expires));
        ObjectNode rest = saved.putObject("more");
        more.forEach(rest::put);
        try {
            SecretFiles.replace(file, Json.print(saved) + "\n");
        } catch (IOException e) {
            throw new UsageException("writing the login " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    SavedLogin with(String newToken, Instant newExpires, Map<String, String> newMore) {
        return new SavedLogin(server, authority, method, user, tenant, newToken, newExpires, newMore);
    }

    SavedLogin of(String name) {
        return new SavedLogin(server, authority, method, name, tenant, token, expires, more);
    }

    String more(String name) {
        return more.getOrDefault(name, "");
    }

    @Override
    public String toString() {
        return "SavedLogin[" + user + " at " + server + " by " + method + ", until " + expires + "]";
    }
}
