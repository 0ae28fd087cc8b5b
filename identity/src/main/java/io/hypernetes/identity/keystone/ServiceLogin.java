package io.hypernetes.identity.keystone;

import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneLogin;
import io.hypernetes.openstack.KeystoneToken;
import io.hypernetes.openstack.OpenStackException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The token with which this server itself asks Keystone: renewed when a fifth of its time is left, and once when Keystone does not take it any
/// more. Thread-safe.
final class ServiceLogin {
    private final Keystone keystone;
    private final KeystoneLogin login;
    private final Keystone.Scope scope;
    private final InstantSource clock;
    private final ReentrantLock renewing = new ReentrantLock();
    private volatile @Nullable Held held;

    private record Held(KeystoneToken token, Instant renew) {}

    ServiceLogin(Keystone keystone, KeystoneLogin login, Keystone.Scope scope, InstantSource clock) {
        this.keystone = keystone;
        this.login = login;
        this.scope = scope;
        this.clock = clock;
    }

    /// Does something with the token, twice if Keystone does not take the first one.
    ///
    /// @throws OpenStackException as the work does; NOT_AUTHENTICATED only when a fresh token is not taken or the login is wrong
    <T> T with(Function<String, T> work) {
        var token = token(null);
        try {
            return work.apply(token);
        } catch (OpenStackException e) {
            if (e.kind() != OpenStackException.Kind.NOT_AUTHENTICATED) {
                throw e;
            }
            return work.apply(token(token));
        }
    }

    /// @param bad a token that was not taken; null when none is known to be bad
    private String token(@Nullable String bad) {
        var at = held;
        if (at == null || at.token.id().equals(bad) || !at.renew.isAfter(clock.instant())) {
            renewing.lock();
            try {
                at = held;
                var now = clock.instant();
                if (at == null || at.token.id().equals(bad) || !at.renew.isAfter(now)) {
                    var token = keystone.login(login, scope);
                    at = new Held(token, now.plus(Duration.between(now, token.expires()).multipliedBy(4).dividedBy(5)));
                    held = at;
                }
            } finally {
                renewing.unlock();
            }
        }
        return at.token.id();
    }
}
