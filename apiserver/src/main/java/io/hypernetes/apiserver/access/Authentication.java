package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.Store;
import java.time.Clock;

/// Finds out who calls: a client certificate first, then a bearer token, else nobody.
public final class Authentication {
    private static final String BEARER = "Bearer ";

    private final CertificateCallers certificates;
    private final ServiceAccountTokens accounts;
    private final BootstrapTokens tokens;

    public Authentication(CertificateCallers certificates, ServiceAccountTokens accounts, Store store, Clock clock) {
        this.certificates = certificates;
        this.accounts = accounts;
        this.tokens = new BootstrapTokens(store, clock);
    }

    /// @throws io.hypernetes.objects.ApiException 401 when a credential was shown that is not good
    public Caller callerOf(Exchange exchange) {
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
        if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw ApiStatus.unauthorized().asException();
        }
        var token = authorization.substring(BEARER.length()).strip();
        return accounts.verify(token)
                .filter(found -> found.audiences().contains(accounts.issuer(found.caller().tenant())))
                .map(ServiceAccountTokens.Verified::caller)
                .or(() -> tokens.callerOf(token))
                .orElseThrow(() -> ApiStatus.unauthorized().asException());
    }
}
