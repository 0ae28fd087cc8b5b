package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Checks tokens `id.secret` against the Secrets `bootstrap-token-ID` in root's `kube-system`.
final class BootstrapTokens {
    private static final Pattern FORM = Pattern.compile("([a-z0-9]{6})\\.([a-z0-9]{16})");

    private final Store store;
    private final Clock clock;

    BootstrapTokens(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    Optional<Caller> callerOf(String token) {
        var form = FORM.matcher(token);
        if (!form.matches()) {
            return Optional.empty();
        }
        var id = form.group(1);
        var key = new ObjectKey(Caller.ROOT, "", "secrets", "kube-system", "bootstrap-token-" + id);
        return store.get(key.text())
                .map(entry -> Json.readObject(entry.value()))
                .filter(secret -> valid(secret, id, form.group(2)))
                .map(secret -> new Caller(
                        Caller.ROOT, "system:bootstrap:" + id, List.of("system:bootstrappers", "system:authenticated")));
    }

    private boolean valid(ObjectNode secret, String id, String given) {
        if (!Json.string(secret, "type").equals("bootstrap.kubernetes.io/token")
                || !field(secret, "token-id").equals(id)
                || !field(secret, "usage-bootstrap-authentication").equals("true")) {
            return false;
        }
        var expiration = field(secret, "expiration");
        if (!expiration.isEmpty()) {
            try {
                if (!ApiTime.parse(expiration).isAfter(clock.instant())) {
                    return false;
                }
            } catch (IllegalArgumentException e) {
                return false;
            }
        }
        var wanted = field(secret, "token-secret");
        return !wanted.isEmpty()
                && MessageDigest.isEqual(
                        wanted.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    private static String field(ObjectNode secret, String name) {
        try {
            return new String(Base64.getDecoder().decode(Json.string(secret, "data", name)), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
