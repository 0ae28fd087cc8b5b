package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.body.YamlBody;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.identity.oidc.Issuer;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// The OpenID Connect issuers that a tenant names itself: an AuthenticationConfiguration in the key `authentication.yaml` of the ConfigMap
/// `authentication` in its `kube-system`. One that cannot be used is no configuration. Thread-safe.
public final class TenantIssuers implements Function<String, List<Issuer>> {
    private static final Logger log = LoggerFactory.getLogger(TenantIssuers.class);
    private static final int MOST_KNOWN = 1_000;

    private final Store store;
    private final Map<String, Known> known = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST_KNOWN;
        }
    });

    private record Known(long revision, List<Issuer> issuers) {}

    public TenantIssuers(Store store) {
        this.store = store;
    }

    @Override
    public List<Issuer> apply(String tenant) {
        if (tenant.indexOf('/') >= 0) {
            return List.of();
        }
        var entry = store.get(new ObjectKey(tenant, "", "configmaps", "kube-system", "authentication").text()).orElse(null);
        if (entry == null) {
            return List.of();
        }
        var at = known.get(tenant);
        if (at == null || at.revision != entry.revision()) {
            at = new Known(entry.revision(), issuers(tenant, Json.string(Json.readObject(entry.value()), "data", "authentication.yaml")));
            known.put(tenant, at);
        }
        return at.issuers;
    }

    private static List<Issuer> issuers(String tenant, String yaml) {
        try {
            return Issuer.parse(read(yaml), tenant);
        } catch (IllegalArgumentException e) {
            log.info("event=tenant-issuers-not-understood tenant={} cause={}", tenant, e.getMessage());
            return List.of();
        }
    }

    /// Reads YAML that holds one mapping.
    ///
    /// @throws IllegalArgumentException when it does not
    public static ObjectNode read(String yaml) {
        try {
            if (YamlBody.read(yaml.getBytes(StandardCharsets.UTF_8)).root() instanceof ObjectNode object) {
                return object;
            }
            throw new IllegalArgumentException("expected a mapping");
        } catch (MalformedJsonException | ApiException e) {
            throw new IllegalArgumentException("not YAML: " + e.getMessage(), e);
        }
    }
}
