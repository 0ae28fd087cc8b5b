package io.hypernetes.cli;

import io.hypernetes.apiserver.access.TenantIssuers;
import io.hypernetes.apiserver.login.Logins;
import io.hypernetes.identity.keystone.KeystoneTokens;
import io.hypernetes.identity.oidc.Issuer;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;

/// Whom a master believes beside its local users, as the files say that its settings name.
final class LoginSources {
    private LoginSources() {}

    /// @throws UsageException when a file cannot be read or understood
    static Logins of(Settings settings) {
        return new Logins(issuers(settings.text("authentication-config")), keystone(settings));
    }

    private static List<Issuer> issuers(String file) {
        if (file.isEmpty()) {
            return List.of();
        }
        try {
            return Issuer.parse(TenantIssuers.read(Files.readString(Path.of(file))), null);
        } catch (IOException | IllegalArgumentException e) {
            throw new UsageException("setting authentication-config: " + file + ": " + e.getMessage());
        }
    }

    private static Logins.@org.jspecify.annotations.Nullable KeystoneAccess keystone(Settings settings) {
        String file = settings.text("keystone-cloud");
        if (file.isEmpty()) {
            return null;
        }
        try {
            Cloud cloud = Cloud.of(Json.at(TenantIssuers.read(Files.readString(Path.of(file))), "clouds"), settings.text("keystone-cloud-name"));
            Duration outage = Duration.ofSeconds(settings.number("keystone-outage", 0, 86_400));
            String seen = settings.text("keystone-public-url");
            return new Logins.KeystoneAccess(
                    cloud.url(),
                    cloud.trust(),
                    seen.isEmpty() ? cloud.url() : URI.create(seen),
                    new KeystoneTokens.Settings(cloud.login(), cloud.scope(), new HashSet<>(settings.list("keystone-admin-roles")), outage));
        } catch (IOException | IllegalArgumentException e) {
            throw new UsageException("setting keystone-cloud: " + file + ": " + e.getMessage());
        }
    }
}
