package io.hypernetes.images;

/// Name and password for a registry. `toString` never shows the password.
public record RegistryCredentials(String username, String password) {

    @Override
    public String toString() {
        return "RegistryCredentials[username=" + username + ", password=…]";
    }
}
