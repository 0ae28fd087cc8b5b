package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.identity.Authorities;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.io.IOException;

/// What others need in order to check a tenant's service account tokens by themselves: OpenID discovery and the public key.
public final class TokenIssuer {
    private final Authorities authorities;
    private final ServiceAccountTokens tokens;

    public TokenIssuer(Authorities authorities, ServiceAccountTokens tokens) {
        this.authorities = authorities;
        this.tokens = tokens;
    }

    /// Answers `/.well-known/openid-configuration`.
    public void configuration(Exchange http, TenantPath tenant) throws IOException {
        var issuer = tokens.issuer(one(tenant));
        var document = Json.object();
        document.put("issuer", issuer);
        document.put("jwks_uri", issuer + "/openid/v1/jwks");
        document.putArray("response_types_supported").add("id_token");
        document.putArray("subject_types_supported").add("public");
        document.putArray("id_token_signing_alg_values_supported").add("ES256");
        http.setHeader("Cache-Control", "private, max-age=3600");
        http.send(200, "application/json", Json.bytes(document));
    }

    /// Answers `/openid/v1/jwks`.
    public void keys(Exchange http, TenantPath tenant) throws IOException {
        var key = authorities.tokenKey(one(tenant));
        var point = key.coordinates();
        var document = Json.object();
        document.putArray("keys")
                .addObject()
                .put("use", "sig")
                .put("kty", "EC")
                .put("kid", key.id())
                .put("crv", "P-256")
                .put("alg", "ES256")
                .put("x", point[0])
                .put("y", point[1]);
        http.setHeader("Cache-Control", "private, max-age=3600");
        http.send(200, "application/jwk-set+json", Json.bytes(document));
    }

    private static String one(TenantPath tenant) {
        if (tenant.everywhere()) {
            throw ApiStatus.badRequest("each tenant has its own issuer: use the path prefix /tenants/NAME instead of /tenants/*")
                    .asException();
        }
        return tenant.tenant();
    }
}
