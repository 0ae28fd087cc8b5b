package io.hypernetes.identity;

import java.util.Optional;

/// Knows one kind of bearer tokens. Implementations are safe for use by many threads.
public interface BearerTokens {
    /// Who holds a token.
    ///
    /// @param tenant the tenant that the request names; empty when it names none
    /// @return empty when the token is not of this kind, or when nobody here knows who issued it
    /// @throws NotAuthenticatedException when it is of this kind and not good
    /// @throws IdentityUnavailableException when that cannot be found out now
    Optional<Person> personOf(String token, String tenant);
}
