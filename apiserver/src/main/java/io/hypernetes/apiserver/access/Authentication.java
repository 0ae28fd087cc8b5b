package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.identity.BearerTokens;
import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.identity.Principal;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.Store;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds out who calls: a part of this process is believed; of others a client certificate counts first, then a bearer token, else nobody.
public final class Authentication {
    private static final Logger log = LoggerFactory.getLogger(Authentication.class);
    private static final String BEARER = "Bearer ";

    private final CertificateCallers certificates;
    private final ServiceAccountTokens accounts;
    private final BootstrapTokens tokens;
    private final List<BearerTokens> people;

    /// @param people who knows the tokens of people, asked in this order
    public Authentication(
            CertificateCallers certificates, ServiceAccountTokens accounts, List<BearerTokens> people, Store store, Clock clock) {
        this.certificates = certificates;
        this.accounts = accounts;
        this.people = List.copyOf(people);
        this.tokens = new BootstrapTokens(store, clock);
    }

    /// @throws io.hypernetes.objects.ApiException 401 when a credential was shown that is not good, 503 when that cannot be found out now
    public Caller callerOf(Exchange exchange) {
        if (!exchange.component().isEmpty()) {
            return new Caller(Caller.ROOT, exchange.component(), List.of(Principal.AUTHENTICATED));
        }
        var authorization = exchange.header("Authorization").orElse("");
        if (!exchange.clientCertificates().isEmpty()) {
            var caller = certificates.callerOf(exchange.clientCertificates());
            if (caller.isPresent()) {
                return caller.get();
            }
            if (authorization.isEmpty()) {
                throw ApiStatus.unauthorized().asException();
            }
        }
        if (authorization.isEmpty()) {
            return Caller.ANONYMOUS;
        }
        var token = bearer(exchange).orElseThrow(() -> ApiStatus.unauthorized().asException());
        var tenant = TenantPath.named(exchange.path());
        return accounts.verify(token)
                .filter(found -> found.audiences().contains(accounts.issuer(found.caller().tenant())))
                .map(ServiceAccountTokens.Verified::caller)
                .or(() -> tokens.callerOf(token))
                .or(() -> personOf(token, tenant).map(person -> callerOf(person, tenant)))
                .orElseThrow(() -> ApiStatus.unauthorized().asException());
    }

    /// The bearer token of a request, if it has one.
    public static Optional<String> bearer(Exchange exchange) {
        return exchange.header("Authorization")
                .filter(value -> value.regionMatches(true, 0, BEARER, 0, BEARER.length()))
                .map(value -> value.substring(BEARER.length()).strip());
    }

    /// The person who holds a token.
    ///
    /// @param tenant the one that is asked for; empty for none
    /// @return empty when it is nobody's or no longer good
    /// @throws io.hypernetes.objects.ApiException 503 when that cannot be found out now
    public Optional<Person> personOf(String token, String tenant) {
        try {
            for (var kind : people) {
                var person = kind.personOf(token, tenant);
                if (person.isPresent()) {
                    return person;
                }
            }
            return Optional.empty();
        } catch (NotAuthenticatedException e) {
            log.debug("event=token-refused cause={}", e.getMessage());
            return Optional.empty();
        } catch (IdentityUnavailableException e) {
            log.warn("event=identity-unavailable cause={}", e.getMessage());
            throw ApiStatus.unavailable(String.valueOf(e.getMessage())).asException();
        }
    }

    private static Caller callerOf(Person person, String tenant) {
        try {
            var principal = person.in(tenant);
            return new Caller(principal.tenant(), principal.name(), principal.groups(), principal.uid(), principal.extra());
        } catch (NotAuthenticatedException e) {
            throw ApiStatus.unauthorized().asException();
        }
    }
}
