package io.hypernetes.identity.oidc;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyType;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The public keys of one issuer, found by discovery and kept. Thread-safe.
///
/// They are fetched when the first token comes, anew once an hour, and when a token names a key that is not among them, then at most every ten
/// seconds however many such tokens come. While the issuer cannot be reached, keys that are known count for a day.
final class IssuerKeys {
    static final Duration FRESH = Duration.ofHours(1);
    static final Duration USABLE = Duration.ofDays(1);
    static final Duration PAUSE = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(IssuerKeys.class);
    private static final int MOST_BYTES = 256 << 10;
    private static final int MOST_KEYS = 64;
    private static final int LONGEST_ID = 512;
    /// How many keys are tried with one token, which need not say by which it was signed.
    static final int MOST_TRIED = 16;
    /// Tenants name issuers of their own: a key with which a check takes long is none.
    private static final int LARGEST_MODULUS = 8192;
    private static final int LARGEST_EXPONENT = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String tenant;
    private final String url;
    private final String trust;
    private final DocumentSource documents;
    private final InstantSource clock;
    private final ReentrantLock fetching = new ReentrantLock();
    private volatile @Nullable Known known;
    private volatile @Nullable Instant lastTry;
    private volatile String lastFailure = "";

    private record Known(List<JWK> keys, Instant fetched) {}

    /// @param tenant that has named the issuer; empty for the operator's
    IssuerKeys(String tenant, String url, String trust, DocumentSource documents, InstantSource clock) {
        this.tenant = tenant;
        this.url = url;
        this.trust = trust;
        this.documents = documents;
        this.clock = clock;
    }

    /// The keys of a type that may have signed with this key id; without one all of the type.
    ///
    /// @throws IdentityUnavailableException when no keys are known and none can be had
    List<JWK> candidates(@Nullable String keyId, KeyType type) {
        var now = clock.instant();
        var at = known;
        if (at == null || !at.fetched.plus(FRESH).isAfter(now)) {
            fetch(at);
        } else {
            var found = among(at, keyId, type);
            if (!found.isEmpty()) {
                return found;
            }
            // Perhaps the issuer has new keys.
            fetch(at);
        }
        at = known;
        if (at == null || !at.fetched.plus(USABLE).isAfter(now)) {
            throw new IdentityUnavailableException("the keys of the issuer " + url + " cannot be fetched: " + lastFailure + "; try again later");
        }
        return among(at, keyId, type);
    }

    private static List<JWK> among(Known known, @Nullable String keyId, KeyType type) {
        return known.keys.stream()
                .filter(key -> key.getKeyType().equals(type) && (keyId == null || keyId.equals(key.getKeyID())))
                .limit(MOST_TRIED)
                .toList();
    }

    /// Fetches unless another thread has done so since `seen`, or it was tried a moment ago.
    private void fetch(@Nullable Known seen) {
        try {
            if (!fetching.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IdentityUnavailableException("the server is stopping", e);
        }
        try {
            var now = clock.instant();
            var tried = lastTry;
            if (known != seen || (tried != null && tried.plus(PAUSE).isAfter(now))) {
                return;
            }
            lastTry = now;
            known = new Known(fetched(), now);
            lastFailure = "";
        } catch (IOException e) {
            lastFailure = String.valueOf(e.getMessage());
            log.warn("event=issuer-keys-not-fetched issuer={} cause={}", url, lastFailure);
        } finally {
            fetching.unlock();
        }
    }

    private List<JWK> fetched() throws IOException {
        try {
            var discovery = Json.readObject(bounded(documents.get(tenant, URI.create(url.replaceFirst("/+$", "") + "/.well-known/openid-configuration"), trust)));
            if (!Json.string(discovery, "issuer").equals(url)) {
                throw new IOException("its discovery document is of another issuer");
            }
            var address = URI.create(Json.string(discovery, "jwks_uri"));
            if (!"https".equals(address.getScheme()) || address.getHost() == null) {
                throw new IOException("the jwks_uri in its discovery document is no https URL");
            }
            var set = JWKSet.parse(new String(bounded(documents.get(tenant, address, trust)), StandardCharsets.UTF_8));
            return set.getKeys().stream()
                    .filter(key -> key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE))
                    .filter(key -> key.getKeyType().equals(KeyType.RSA) || key.getKeyType().equals(KeyType.EC))
                    .filter(IssuerKeys::isQuick)
                    .limit(MOST_KEYS)
                    .map(IssuerKeys::bare)
                    .flatMap(Optional::stream)
                    .toList();
        } catch (MalformedJsonException | ParseException | IllegalArgumentException e) {
            throw new IOException("what it answers cannot be understood", e);
        }
    }

    /// What a signature is checked with and nothing else: chains of certificates and what else a key may carry would be kept for a day.
    private static Optional<JWK> bare(JWK key) {
        var id = key.getKeyID();
        if (id != null && id.length() > LONGEST_ID) {
            return Optional.empty();
        }
        return switch (key) {
            case RSAKey rsa -> Optional.of(new RSAKey.Builder(rsa.getModulus(), rsa.getPublicExponent()).keyID(id).algorithm(rsa.getAlgorithm()).build());
            case ECKey ec -> Optional.of(new ECKey.Builder(ec.getCurve(), ec.getX(), ec.getY()).keyID(id).algorithm(ec.getAlgorithm()).build());
            default -> Optional.empty();
        };
    }

    private static boolean isQuick(JWK key) {
        if (!(key instanceof RSAKey rsa)) {
            return true;
        }
        return rsa.getModulus().decodeToBigInteger().bitLength() <= LARGEST_MODULUS && rsa.getPublicExponent().decodeToBigInteger().bitLength() <= LARGEST_EXPONENT;
    }

    private static byte[] bounded(byte[] document) throws IOException {
        if (document.length > MOST_BYTES) {
            throw new IOException("a document of more than " + MOST_BYTES + " bytes");
        }
        return document;
    }
}
