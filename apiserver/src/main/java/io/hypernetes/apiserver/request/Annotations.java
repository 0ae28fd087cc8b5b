package io.hypernetes.apiserver.request;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// What is noted of a request for whoever tells of it, in bounded room. Thread-safe.
///
/// What was noted first stays, and what finds too little room is cut. What the server itself says has a room of its own, which nothing that webhooks and
/// policies say can take: else whoever makes them talk could keep it from being told.
public final class Annotations {
    /// The key under which is told how many texts were cut or left out.
    public static final String LEFT_OUT = "hypernetes.io/left-out";

    /// Of keys whose number and length no tenant chooses.
    private static final Set<String> OWN = Set.of("authorization.k8s.io", "pod-security.kubernetes.io", "validation.policy.admission.k8s.io");
    private static final Set<String> RESERVED = Set.of(
            "mutation.webhook.admission.k8s.io",
            "patch.webhook.admission.k8s.io",
            "failed-open.mutation.webhook.admission.k8s.io",
            "failed-open.validating.webhook.admission.k8s.io",
            "hypernetes.io");
    private static final int LONGEST_OWN = 3 << 10;

    private final Map<String, String> noted = new LinkedHashMap<>();
    private final Share own = new Share(16, 8 << 10);
    private final Share others = new Share(48, 8 << 10);
    private int leftOut;

    /// Room for some notes.
    private static final class Share {
        private int keys;
        private int characters;

        Share(int keys, int characters) {
            this.keys = keys;
            this.characters = characters;
        }
    }

    /// Whether a key is of those that tell what the server found and decided.
    public static boolean isOwn(String key) {
        return OWN.contains(domain(key));
    }

    /// Whether a key may be noted by the server alone, by no webhook and no policy, whatever its name is.
    public static boolean isReserved(String key) {
        return isOwn(key) || RESERVED.contains(domain(key));
    }

    private static String domain(String key) {
        return key.substring(0, Math.max(0, key.indexOf('/')));
    }

    /// Notes something, as much of it as there is room for.
    ///
    /// @param key a qualified name, such as `pod-security.kubernetes.io/enforce-policy`
    public synchronized void add(String key, String value) {
        if (noted.containsKey(key)) {
            return;
        }
        boolean isOwn = isOwn(key);
        var share = isOwn ? own : others;
        int room = share.characters - key.length();
        if (share.keys == 0 || room <= 0) {
            leftOut++;
            return;
        }
        var told = Cut.to(isOwn ? Math.min(room, LONGEST_OWN) : room, value);
        if (!told.equals(value)) {
            leftOut++;
        }
        noted.put(key, told);
        share.keys--;
        share.characters = room - told.length();
    }

    /// What was noted, and with it how much was not.
    public synchronized Map<String, String> all() {
        if (leftOut == 0) {
            return Map.copyOf(noted);
        }
        var all = new LinkedHashMap<>(noted);
        all.put(LEFT_OUT, Integer.toString(leftOut));
        return Map.copyOf(all);
    }
}
