package io.hypernetes.cli;

import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneDomain;
import io.hypernetes.openstack.KeystoneLogin;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A cloud as OpenStack's own tools are told of it: the `auth` of an entry in `clouds.yaml`, or the variables `OS_…` of the environment.
record Cloud(Map<String, String> values) {
    private static final String[] NAMES = {
        "auth_url", "username", "user_id", "password", "user_domain_name", "user_domain_id", "project_name", "project_domain_name", "project_domain_id", "project_id",
        "application_credential_id", "application_credential_secret", "token", "cacert"
    };

    /// An entry of `clouds.yaml`.
    ///
    /// @param name of the entry; empty when there is only one
    /// @throws IllegalArgumentException when there is none
    static Cloud of(JsonNode clouds, String name) {
        if (name.isEmpty() && clouds.size() != 1) {
            throw new IllegalArgumentException("it has " + clouds.size() + " clouds; say which");
        }
        var key = name.isEmpty() ? clouds.propertyNames().iterator().next() : name;
        if (!clouds.has(key)) {
            throw new IllegalArgumentException("it has no cloud " + key);
        }
        Map<String, String> values = new HashMap<>();
        for (String each : NAMES) {
            String text = Json.string(clouds.path(key), each.equals("cacert") ? new String[] {each} : new String[] {"auth", each});
            if (!text.isEmpty()) {
                values.put(each, text);
            }
        }
        return new Cloud(values);
    }

    /// What the environment says: `OS_AUTH_URL`, `OS_USERNAME` and so on.
    static Cloud ofEnvironment(Map<String, String> environment) {
        Map<String, String> values = new HashMap<>();
        for (String each : NAMES) {
            String text = environment.get("OS_" + each.toUpperCase(java.util.Locale.ROOT));
            if (text != null && !text.isEmpty()) {
                values.put(each, text);
            }
        }
        return new Cloud(values);
    }

    /// The same with one value more, unless it is empty.
    Cloud with(String name, String value) {
        if (value.isEmpty()) {
            return this;
        }
        Map<String, String> all = new HashMap<>(values);
        all.put(name, value);
        return new Cloud(all);
    }

    /// The same with another user, by name; with an empty one it stays.
    Cloud withUser(String name) {
        if (name.isEmpty()) {
            return this;
        }
        Map<String, String> all = new HashMap<>(values);
        all.remove("user_id");
        return new Cloud(all).with("username", name);
    }

    /// Who logs in with a password, as people may be told: the name, else the id; empty when neither is said.
    String user() {
        return get("username").isEmpty() ? get("user_id") : get("username");
    }

    /// The same with another domain of `whose` (`user` or `project`), by name or by id; with neither it stays.
    Cloud withDomain(String whose, String name, String id) {
        if (name.isEmpty() && id.isEmpty()) {
            return this;
        }
        Map<String, String> all = new HashMap<>(values);
        all.keySet().removeAll(Set.of(whose + "_domain_name", whose + "_domain_id"));
        return new Cloud(all).with(whose + "_domain_name", name).with(whose + "_domain_id", id);
    }

    String get(String name) {
        return values.getOrDefault(name, "");
    }

    URI url() {
        URI url = URI.create(required("auth_url"));
        if (url.getHost() == null || !("https".equals(url.getScheme()) || "http".equals(url.getScheme()))) {
            throw new IllegalArgumentException("auth_url is no http or https URL");
        }
        return url;
    }

    /// Whom to trust; null for what the JDK trusts.
    @Nullable SSLContext trust() throws IOException {
        return get("cacert").isEmpty() ? null : Tls.trusting(Files.readString(Path.of(get("cacert"))));
    }

    /// What is shown to Keystone: an application credential if there is one, else a token, else a user and a password.
    KeystoneLogin login() {
        if (!get("application_credential_id").isEmpty()) {
            return new KeystoneLogin.ApplicationCredential(get("application_credential_id"), required("application_credential_secret"));
        }
        if (!get("token").isEmpty()) {
            return new KeystoneLogin.Token(get("token"));
        }
        // As OpenStack's tools do: the id when both are there.
        return get("user_id").isEmpty()
                ? new KeystoneLogin.Password(required("username"), domain("user"), required("password"))
                : new KeystoneLogin.PasswordOfId(get("user_id"), required("password"));
    }

    Keystone.Scope scope() {
        if (!get("project_id").isEmpty()) {
            return new Keystone.Scope.ProjectId(get("project_id"));
        }
        return get("project_name").isEmpty() ? new Keystone.Scope.None() : new Keystone.Scope.ProjectName(get("project_name"), domain("project"));
    }

    /// As OpenStack's tools do: the id when both are there, and the user's for a project of which none is said.
    private KeystoneDomain domain(String whose) {
        if (!get(whose + "_domain_id").isEmpty()) {
            return KeystoneDomain.withId(get(whose + "_domain_id"));
        }
        boolean users = get(whose + "_domain_name").isEmpty() && whose.equals("project") && !(get("user_domain_name") + get("user_domain_id")).isEmpty();
        return users ? domain("user") : KeystoneDomain.named(required(whose + "_domain_name"));
    }

    private String required(String name) {
        String value = get(name);
        if (value.isEmpty()) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    @Override
    public String toString() {
        return "Cloud[" + get("auth_url") + "]";
    }
}
