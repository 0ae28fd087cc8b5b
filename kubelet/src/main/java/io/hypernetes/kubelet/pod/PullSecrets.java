package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Secret;
import io.hypernetes.cri.v1.AuthConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Registry credentials in Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
final class PullSecrets {
    private static final Logger LOG = LoggerFactory.getLogger(PullSecrets.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    private PullSecrets() {}

    /// The credentials that the secret holds for the image's registry, longest match first.
    static List<AuthConfig> of(Secret secret, String image) {
        try {
            JsonNode auths = auths(secret);
            record Match(int length, AuthConfig auth) {}
            List<Match> matches = new ArrayList<>();
            for (Map.Entry<String, JsonNode> entry : auths.properties()) {
                String place = place(entry.getKey());
                if (covers(place, image)) {
                    matches.add(new Match(place.length(), auth(entry.getKey(), entry.getValue())));
                }
            }
            matches.sort((a, b) -> b.length - a.length);
            return matches.stream().map(Match::auth).toList();
        } catch (JacksonException | IllegalArgumentException malformed) {
            LOG.warn("event=pull-secret-malformed secret={} reason=\"{}\"", secret.getMetadata().getName(), malformed.getMessage());
            return List.of();
        }
    }

    private static JsonNode auths(Secret secret) {
        String config = secret.getData().get(".dockerconfigjson");
        if (config != null) {
            return JSON.readTree(Base64.getDecoder().decode(config)).path("auths");
        }
        String old = secret.getData().get(".dockercfg");
        return old == null ? JSON.createObjectNode() : JSON.readTree(Base64.getDecoder().decode(old));
    }

    private static AuthConfig auth(String server, JsonNode entry) {
        AuthConfig.Builder auth = AuthConfig.newBuilder()
                .setServerAddress(server)
                .setUsername(entry.path("username").asString(""))
                .setPassword(entry.path("password").asString(""))
                .setIdentityToken(entry.path("identitytoken").asString(""));
        String both = entry.path("auth").asString("");
        if (!both.isEmpty() && auth.getUsername().isEmpty()) {
            String text = new String(Base64.getDecoder().decode(both), StandardCharsets.UTF_8);
            int colon = text.indexOf(':');
            if (colon > 0) {
                auth.setUsername(text.substring(0, colon)).setPassword(text.substring(colon + 1));
            }
        }
        return auth.build();
    }

    /// `https://index.docker.io/v1/` and friends as `docker.io`.
    private static String place(String key) {
        String place = key.replaceFirst("^https?://", "").replaceFirst("/v[12]/?$", "").replaceFirst("/$", "");
        return place.equals("index.docker.io") ? "docker.io" : place;
    }

    private static boolean covers(String place, String image) {
        int slash = image.indexOf('/');
        String first = slash < 0 ? "" : image.substring(0, slash);
        boolean registry = first.contains(".") || first.contains(":") || first.equals("localhost");
        String whole = registry ? image : "docker.io/" + image;
        return whole.equals(place) || whole.startsWith(place + "/") || whole.startsWith(place + ":");
    }
}
