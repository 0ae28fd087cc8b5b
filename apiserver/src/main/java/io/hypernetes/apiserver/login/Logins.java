package io.hypernetes.apiserver.login;

import io.hypernetes.identity.keystone.KeystoneTokens;
import io.hypernetes.identity.oidc.Issuer;
import io.hypernetes.objects.Json;
import java.net.URI;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Whom the operator believes beside the local users.
///
/// @param issuers OpenID Connect issuers
/// @param keystone null for none
public record Logins(List<Issuer> issuers, @Nullable KeystoneAccess keystone) {
    /// Nobody else.
    public static final Logins LOCAL = new Logins(List.of(), null);

    /// How Keystone is reached.
    ///
    /// @param tls whom to trust; null for what the JDK trusts
    /// @param publicUrl where people reach it
    public record KeystoneAccess(URI url, @Nullable SSLContext tls, URI publicUrl, KeystoneTokens.Settings settings) {}

    public Logins {
        issuers = List.copyOf(issuers);
    }

    /// What `GET /login` tells.
    public ObjectNode described() {
        var answer = Json.object();
        var methods = answer.putArray("methods");
        methods.addObject().put("type", "local");
        for (var issuer : issuers) {
            var method = methods.addObject().put("type", "oidc").put("issuer", issuer.url()).put("clientID", issuer.audiences().getFirst());
            if (!issuer.trust().isEmpty()) {
                method.put("certificateAuthority", issuer.trust());
            }
        }
        if (keystone != null) {
            methods.addObject().put("type", "keystone").put("url", keystone.publicUrl().toString());
        }
        return answer;
    }
}
