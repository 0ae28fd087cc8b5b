package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

/// By whose right something is read at a registry: that of anybody, where no credentials are shown but what the operator has for all, or that of who shows some.
///
/// @param key tells claimants apart, durably
record Claimant(String key) {
    /// What comes so is for all.
    static final Claimant ANYBODY = new Claimant("*");
    /// May have all that is here.
    static final Claimant OPERATOR = new Claimant("operator");

    /// @param credentials that come with a pull; null or empty for none
    static Claimant of(Requester requester, @Nullable RegistryCredentials credentials) {
        if (credentials == null || credentials.isEmpty()) {
            return ANYBODY;
        }
        if (requester.tenant().isEmpty()) {
            return OPERATOR;
        }
        return new Claimant(requester.uid().isEmpty() ? "name " + requester.tenant() : "uid " + requester.uid());
    }

    boolean mayReadAll() {
        return equals(OPERATOR);
    }

    /// For the names of files.
    String mark() {
        return equals(ANYBODY) ? "" : "." + Digest.sha256(key.getBytes(UTF_8)).hex();
    }
}
