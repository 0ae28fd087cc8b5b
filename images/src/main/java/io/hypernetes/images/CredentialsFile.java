package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Credentials for registries in the format of Docker's `config.json`, read anew at each pull. Of entries for a registry and for paths in
/// it the longest that fits is taken. Programs that keep credentials (`credHelpers`, `credsStore`) are not run.
final class CredentialsFile {
    private CredentialsFile() {}

    /// @return null when the file has none for this repository
    /// @throws ImageException UNAUTHORIZED when the file cannot be read
    static @Nullable RegistryCredentials find(Path file, String host, String repository) {
        JsonNode auths;
        try {
            auths = Documents.tree(Files.readAllBytes(file), "credentials file " + file).path("auths");
        } catch (IOException e) {
            throw new ImageException(ImageException.Reason.UNAUTHORIZED, "credentials file " + file + " cannot be read: " + e.getMessage(), e);
        }
        String wanted = host + "/" + repository;
        String best = "";
        JsonNode found = null;
        for (Map.Entry<String, JsonNode> entry : auths.properties()) {
            String place = place(entry.getKey());
            if ((wanted + "/").startsWith(place + "/") && place.length() > best.length()) {
                best = place;
                found = entry.getValue();
            }
        }
        return found == null ? null : credentials(found, file, best);
    }

    /// `https://index.docker.io/v1/` is what Docker writes for its own registry.
    private static String place(String key) {
        String place = key.replaceFirst("^https?://", "").replaceFirst("/v[12]/?$", "").replaceFirst("/+$", "");
        int slash = place.indexOf('/');
        String host = slash < 0 ? place : place.substring(0, slash);
        return host.equals("index.docker.io") || host.equals("registry-1.docker.io") ? "docker.io" + place.substring(host.length()) : place;
    }

    private static @Nullable RegistryCredentials credentials(JsonNode entry, Path file, String place) {
        String name = entry.path("username").asString("");
        String password = entry.path("password").asString("");
        String auth = entry.path("auth").asString("");
        if (!auth.isEmpty()) {
            RegistryCredentials pair = ofAuth(auth);
            if (pair == null) {
                throw new ImageException(ImageException.Reason.UNAUTHORIZED,
                        "credentials file " + file + ": `auth` of " + Text.shortened(place) + " is not base64 of `user:password`");
            }
            name = pair.username();
            password = pair.password();
        }
        String identity = entry.path("identitytoken").asString("");
        String registry = entry.path("registrytoken").asString("");
        return name.isEmpty() && identity.isEmpty() && registry.isEmpty()
                ? null : new RegistryCredentials(name, password, identity, registry);
    }

    /// What base64 of `user:password` says; null when it is not that.
    static @Nullable RegistryCredentials ofAuth(String auth) {
        try {
            String pair = new String(Base64.getDecoder().decode(auth), UTF_8);
            int colon = pair.indexOf(':');
            // Some tools pad the password with zero bytes.
            return colon > 0 ? new RegistryCredentials(pair.substring(0, colon), pair.substring(colon + 1).replace("\0", "")) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
