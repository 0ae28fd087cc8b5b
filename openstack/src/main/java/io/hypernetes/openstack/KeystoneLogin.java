package io.hypernetes.openstack;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What somebody shows Keystone to get a token. [#toString] hides the secrets.
public sealed interface KeystoneLogin {
    /// The body of the request, without a scope.
    ObjectNode identity();

    /// Whether the login itself says for which project: then no scope may be asked for.
    default boolean bound() {
        return false;
    }

    /// A user and a password.
    ///
    /// @param domain the user's
    record Password(String user, KeystoneDomain domain, String password) implements KeystoneLogin {
        /// @param domain by its name
        public Password(String user, String domain, String password) {
            this(user, KeystoneDomain.named(domain), password);
        }

        @Override
        public ObjectNode identity() {
            var identity = methods("password");
            var shown = identity.putObject("password").putObject("user");
            shown.put("name", user).put("password", password);
            shown.set("domain", domain.toJson());
            return identity;
        }

        @Override
        public String toString() {
            return "Password[" + user + ", " + domain + "]";
        }
    }

    /// A user by id, who needs no domain, and a password.
    record PasswordOfId(String userId, String password) implements KeystoneLogin {
        @Override
        public ObjectNode identity() {
            var identity = methods("password");
            identity.putObject("password").putObject("user").put("id", userId).put("password", password);
            return identity;
        }

        @Override
        public String toString() {
            return "PasswordOfId[" + userId + "]";
        }
    }

    /// A token, to get one for another project that ends when it does.
    record Token(String id) implements KeystoneLogin {
        @Override
        public ObjectNode identity() {
            var identity = methods("token");
            identity.putObject("token").put("id", id);
            return identity;
        }

        @Override
        public String toString() {
            return "Token[]";
        }
    }

    /// An application credential: it belongs to one user and one project.
    record ApplicationCredential(String id, String secret) implements KeystoneLogin {
        @Override
        public ObjectNode identity() {
            var identity = methods("application_credential");
            identity.putObject("application_credential").put("id", id).put("secret", secret);
            return identity;
        }

        @Override
        public boolean bound() {
            return true;
        }

        @Override
        public String toString() {
            return "ApplicationCredential[" + id + "]";
        }
    }

    private static ObjectNode methods(String method) {
        var identity = Json.object();
        List.of(method).forEach(identity.putArray("methods")::add);
        return identity;
    }
}
