package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.hypernetes.kubelet.volume.Sources.TokenRequest;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The tokens of pods' service accounts, each kept for most of its life. Safe for use by many threads.
final class PodTokens {
    private static final long TOKEN_SECONDS = 3600;
    private static final long LONGEST_TOKEN_SECONDS = 24 * 3600;

    private record Token(String text, long renewAtSecond) {}

    private final Sources sources;
    private final InstantSource clock;
    private final Map<String, Token> tokens = new ConcurrentHashMap<>();

    PodTokens(Sources sources, InstantSource clock) {
        this.sources = sources;
        this.clock = clock;
    }

    String of(String tenant, Pod pod, ServiceAccountTokenProjection source) {
        String uid = pod.getMetadata().getUid();
        String audience = source.getAudience() == null ? "" : source.getAudience();
        String account = pod.getSpec().getServiceAccountName() == null ? "default" : pod.getSpec().getServiceAccountName();
        long seconds = source.getExpirationSeconds() == null ? TOKEN_SECONDS : source.getExpirationSeconds();
        String key = uid + "/" + audience + "/" + seconds;
        long now = clock.instant().getEpochSecond();
        Token known = tokens.get(key);
        if (known != null && now < known.renewAtSecond) {
            return known.text;
        }
        String text = sources.token(
                new TokenRequest(tenant, pod.getMetadata().getNamespace(), account, pod.getMetadata().getName(), uid, audience, seconds));
        // Renewed at four fifths of its life and once a day at least, as long as anyone looks.
        tokens.put(key, new Token(text, now + Math.min(seconds * 4 / 5, LONGEST_TOKEN_SECONDS)));
        return text;
    }

    void forget(String podUid) {
        tokens.keySet().removeIf(key -> key.startsWith(podUid + "/"));
    }
}
