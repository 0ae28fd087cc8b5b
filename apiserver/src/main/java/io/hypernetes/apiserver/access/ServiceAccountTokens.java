package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.identity.Authorities;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Issues and checks the tokens of service accounts. Thread-safe.
///
/// Each tenant signs with its own key. The key id in a token's header selects the tenant before any claim is looked at, so a token can
/// only ever be one of the tenant that signed it. A token lives as long as its account and the object it is bound to.
public final class ServiceAccountTokens {
    private static final String CLUSTER = "kubernetes.io";
    /// How long an object that is being deleted still vouches for its tokens, so that what it runs can end in good order.
    private static final Duration LEEWAY = Duration.ofSeconds(60);
    private static final int MAX_KNOWN = 10_000;

    private final Authorities authorities;
    private final Store store;
    private final Clock clock;
    private final String issuer;
    /// Tokens whose signature was found good, by their hash.
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    /// @param issuer the issuer of root's tokens, a URL; tenants' have `/tenants/NAME` behind it
    public ServiceAccountTokens(Authorities authorities, Store store, Clock clock, String issuer) {
        this.authorities = authorities;
        this.store = store;
        this.clock = clock;
        this.issuer = issuer;
    }

    /// An object that a token is bound to.
    ///
    /// @param kind `Pod`, `Secret` or `Node`
    public record Bound(String kind, String name, String uid) {}

    /// What a token shall say.
    ///
    /// @param audiences not empty
    /// @param node where the pod it is bound to runs, or null
    public record Grant(
            String tenant,
            String namespace,
            String account,
            String accountUid,
            List<String> audiences,
            long seconds,
            @Nullable Bound bound,
            @Nullable Bound node) {
        public Grant {
            audiences = List.copyOf(audiences);
        }
    }

    /// A token and when it ends.
    public record Issued(String text, Instant expires) {}

    /// A good token.
    ///
    /// @param audiences whom it is meant for
    public record Verified(Caller caller, List<String> audiences) {
        public Verified {
            audiences = List.copyOf(audiences);
        }
    }

    /// A token with a good signature, and the states in which the objects it depends on were last found good.
    private static final class Known {
        private final String keyId;
        private final String tenant;
        private final ObjectNode claims;
        private volatile long accountRevision;
        private volatile long boundRevision;

        Known(String keyId, String tenant, ObjectNode claims) {
            this.keyId = keyId;
            this.tenant = tenant;
            this.claims = claims;
        }
    }

    /// Who issues a tenant's tokens: also the audience that the API server itself answers to.
    public String issuer(String tenant) {
        return tenant.equals(Caller.ROOT) ? issuer : issuer + "/tenants/" + tenant;
    }

    /// The certificate by which holders of tokens recognise the server, PEM.
    public String certificatePem() {
        return authorities.root().certificatePem();
    }

    /// Signs a token.
    public Issued issue(Grant grant) {
        var now = clock.instant();
        var expires = Instant.ofEpochSecond(now.getEpochSecond() + grant.seconds());
        var claims = Json.object();
        var audiences = claims.putArray("aud");
        grant.audiences().forEach(audiences::add);
        claims.put("exp", expires.getEpochSecond());
        claims.put("iat", now.getEpochSecond());
        claims.put("iss", issuer(grant.tenant()));
        claims.put("jti", UUID.randomUUID().toString());
        var own = claims.putObject(CLUSTER);
        own.put("namespace", grant.namespace());
        reference(own, grant.node());
        reference(own, grant.bound());
        reference(own, new Bound("ServiceAccount", grant.account(), grant.accountUid()));
        claims.put("nbf", now.getEpochSecond());
        claims.put("sub", user(grant.namespace(), grant.account()));
        var key = authorities.tokenKey(grant.tenant());
        var unsigned = JsonWebToken.unsigned(key.id(), claims);
        return new Issued(JsonWebToken.text(unsigned, key.sign(unsigned.getBytes(StandardCharsets.US_ASCII))), expires);
    }

    /// Who holds a token, if it is good now.
    public Optional<Verified> verify(String text) {
        var hash = hash(text);
        var entry = known.get(hash);
        if (entry == null) {
            entry = checked(text);
            if (entry == null) {
                return Optional.empty();
            }
            if (known.size() >= MAX_KNOWN) {
                known.clear();
            }
            known.put(hash, entry);
        }
        var claims = entry.claims;
        long now = clock.instant().getEpochSecond();
        if (now >= Json.number(claims, 0, "exp")
                || now < Json.number(claims, Long.MAX_VALUE, "nbf") - LEEWAY.toSeconds()
                || !authoritiesStillHave(entry)
                || !lives(entry)) {
            known.remove(hash);
            return Optional.empty();
        }
        var audiences = new ArrayList<String>();
        claims.path("aud").forEach(audience -> audiences.add(audience.asString("")));
        return Optional.of(new Verified(caller(entry), audiences));
    }

    private boolean authoritiesStillHave(Known entry) {
        // A tenant deleted and made anew has another key: what the old one signed is nothing to it.
        return entry.tenant.equals(authorities.tenantOfTokenKey(entry.keyId));
    }

    private @Nullable Known checked(String text) {
        var token = JsonWebToken.parse(text).orElse(null);
        var tenant = token == null ? null : authorities.tenantOfTokenKey(token.keyId());
        if (token == null || tenant == null) {
            return null;
        }
        var claims = token.claims();
        if (!authorities.tokenKey(tenant).signed(token.signed(), token.signature())
                || !Json.string(claims, "iss").equals(issuer(tenant))
                || !Json.string(claims, "sub")
                        .equals(user(
                                Json.string(claims, CLUSTER, "namespace"),
                                Json.string(claims, CLUSTER, "serviceaccount", "name")))) {
            return null;
        }
        return new Known(token.keyId(), tenant, claims);
    }

    /// Whether the account and what the token is bound to are still the ones it was made for.
    private boolean lives(Known entry) {
        var own = entry.claims.path(CLUSTER);
        var namespace = Json.string(own, "namespace");
        var account = new ObjectKey(
                entry.tenant, "", "serviceaccounts", namespace, Json.string(own, "serviceaccount", "name"));
        var revision = lives(account, Json.string(own, "serviceaccount", "uid"), entry.accountRevision);
        if (revision == 0) {
            return false;
        }
        entry.accountRevision = revision;
        ObjectKey bound = null;
        JsonNode reference = own;
        if (own.has("pod")) {
            reference = own.path("pod");
            bound = new ObjectKey(entry.tenant, "", "pods", namespace, Json.string(reference, "name"));
        } else if (own.has("secret")) {
            reference = own.path("secret");
            bound = new ObjectKey(entry.tenant, "", "secrets", namespace, Json.string(reference, "name"));
        } else if (own.has("node")) {
            reference = own.path("node");
            bound = new ObjectKey(Caller.ROOT, "", "nodes", "", Json.string(reference, "name"));
        }
        if (bound != null) {
            revision = lives(bound, Json.string(reference, "uid"), entry.boundRevision);
            entry.boundRevision = revision;
        }
        return revision != 0;
    }

    /// @param good a revision in which the object was found good; it is not read again in that state
    /// @return the revision in which it is good now; 0 when it is gone, another one, or its time is over
    private long lives(ObjectKey key, String uid, long good) {
        var entry = store.get(key.text()).orElse(null);
        if (entry == null) {
            return 0;
        }
        if (entry.revision() == good) {
            return good;
        }
        var object = Json.readObject(entry.value());
        if (!Json.string(object, "metadata", "uid").equals(uid)) {
            return 0;
        }
        var deleted = Json.string(object, "metadata", "deletionTimestamp");
        if (deleted.isEmpty()) {
            return entry.revision();
        }
        // Read again each time, as only time ends it. A revision that no state has keeps the caller content.
        return ApiTime.parse(deleted).plus(LEEWAY).isAfter(clock.instant()) ? Long.MAX_VALUE : 0;
    }

    private static Caller caller(Known entry) {
        var own = entry.claims.path(CLUSTER);
        var namespace = Json.string(own, "namespace");
        var extra = new LinkedHashMap<String, List<String>>();
        extra.put("authentication.kubernetes.io/credential-id", List.of("JTI=" + Json.string(entry.claims, "jti")));
        for (var kind : List.of("node", "pod")) {
            if (own.has(kind)) {
                extra.put("authentication.kubernetes.io/" + kind + "-name", List.of(Json.string(own, kind, "name")));
                extra.put("authentication.kubernetes.io/" + kind + "-uid", List.of(Json.string(own, kind, "uid")));
            }
        }
        return new Caller(
                entry.tenant,
                user(namespace, Json.string(own, "serviceaccount", "name")),
                List.of("system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"),
                Json.string(own, "serviceaccount", "uid"),
                extra);
    }

    /// The user name of an account.
    static String user(String namespace, String account) {
        return "system:serviceaccount:" + namespace + ":" + account;
    }

    private static void reference(ObjectNode own, @Nullable Bound bound) {
        if (bound != null) {
            own.putObject(bound.kind().toLowerCase(java.util.Locale.ROOT))
                    .put("name", bound.name())
                    .put("uid", bound.uid());
        }
    }

    private static String hash(String text) {
        try {
            return Base64.getEncoder().encodeToString(
                    MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every JDK", e);
        }
    }
}
