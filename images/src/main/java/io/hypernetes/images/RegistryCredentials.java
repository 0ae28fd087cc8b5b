package io.hypernetes.images;

/// What a registry is shown: name and password, or a token. `toString` never shows a secret.
///
/// @param username empty when only a token is given
/// @param identityToken given to the registry's token service in exchange for a token of one repository; empty for none
/// @param registryToken shown to the registry as it is; empty for none
public record RegistryCredentials(String username, String password, String identityToken, String registryToken) {

    public RegistryCredentials {
        if ((username + identityToken + registryToken).chars().anyMatch(c -> c < ' ')) {
            throw new ImageException(ImageException.Reason.UNAUTHORIZED, "credentials for a registry hold control characters");
        }
    }

    public RegistryCredentials(String username, String password) {
        this(username, password, "", "");
    }

    /// Whether they say nothing.
    boolean isEmpty() {
        return (username + password + identityToken + registryToken).isEmpty();
    }

    @Override
    public String toString() {
        return "RegistryCredentials[username=" + username + ", secrets=…]";
    }
}
