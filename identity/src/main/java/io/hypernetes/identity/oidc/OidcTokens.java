package io.hypernetes.identity.oidc;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyType;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.hypernetes.identity.BearerTokens;
import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.identity.Principal;
import java.text.ParseException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Believes ID tokens of the operator's issuers everywhere and of a tenant's own issuers in that tenant only. Thread-safe.
///
/// Nobody becomes anybody of the system this way: a user name that begins with `system:` is refused and such a group is left out, whatever prefix
/// the configuration puts before them.
public final class OidcTokens implements BearerTokens {
    private static final Duration SKEW = Duration.ofSeconds(30);
    private static final int MOST_CHARACTERS = 16 << 10;
    private static final int MOST_GROUPS = 500;
    private static final int MOST_TENANTS = 500;
    private static final int LONGEST_NAME = 512;
    private static final String SYSTEM = "system:";

    private final List<Issuer> everywhere;
    private final Function<String, List<Issuer>> ofTenant;
    private final InstantSource clock;
    private final KnownIssuers known;

    /// @param everywhere the operator's issuers
    /// @param ofTenant the issuers that a tenant has named itself; asked for each token, so it must be quick
    /// @param documents fetches documents of the operator's issuers
    /// @param tenantsDocuments fetches documents of tenants' issuers, from where tenants may reach only
    public OidcTokens(
            List<Issuer> everywhere,
            Function<String, List<Issuer>> ofTenant,
            DocumentSource documents,
            DocumentSource tenantsDocuments,
            InstantSource clock) {
        this.everywhere = List.copyOf(everywhere);
        this.ofTenant = ofTenant;
        this.clock = clock;
        this.known = new KnownIssuers(source ->
                new IssuerKeys(source.tenant(), source.url(), source.trust(), source.tenant().isEmpty() ? documents : tenantsDocuments, clock));
    }

    @Override
    public Optional<Person> personOf(String token, String tenant) {
        if (token.length() > MOST_CHARACTERS || token.chars().filter(c -> c == '.').count() != 2) {
            return Optional.empty();
        }
        SignedJWT jwt;
        JWTClaimsSet claims;
        try {
            jwt = SignedJWT.parse(token);
            claims = jwt.getJWTClaimsSet();
        } catch (ParseException e) {
            return Optional.empty();
        }
        var url = claims == null ? null : claims.getIssuer();
        if (claims == null || url == null) {
            return Optional.empty();
        }
        boolean named = false;
        for (var issuer : everywhere) {
            if (issuer.url().equals(url)) {
                named = true;
                if (meant(claims, issuer)) {
                    return Optional.of(person(jwt, claims, issuer, new KnownIssuers.Source("", url, issuer.trust())));
                }
            }
        }
        for (var issuer : tenant.isEmpty() ? List.<Issuer>of() : ofTenant.apply(tenant)) {
            if (issuer.url().equals(url)) {
                named = true;
                if (meant(claims, issuer)) {
                    return Optional.of(ownPerson(jwt, claims, issuer, new KnownIssuers.Source(tenant, url, issuer.trust())));
                }
            }
        }
        if (named) {
            throw new NotAuthenticatedException("the token is for another audience");
        }
        return Optional.empty();
    }

    /// Somebody of an issuer that the tenant named. That its keys cannot be had is told to nobody: whoever guesses at tenants would else learn from the difference
    /// that there is this one and where its people come from.
    private Person ownPerson(SignedJWT jwt, JWTClaimsSet claims, Issuer issuer, KnownIssuers.Source source) {
        try {
            return person(jwt, claims, issuer, source);
        } catch (IdentityUnavailableException e) {
            throw new NotAuthenticatedException(String.valueOf(e.getMessage()), e);
        }
    }

    private static boolean meant(JWTClaimsSet claims, Issuer issuer) {
        return claims.getAudience().stream().anyMatch(issuer.audiences()::contains);
    }

    private Person person(SignedJWT jwt, JWTClaimsSet claims, Issuer issuer, KnownIssuers.Source source) {
        // What costs nothing is looked at first; none of it is believed until the signature is.
        checkTime(claims);
        checkSignature(jwt, known.keysOf(source));
        issuer.required().forEach((claim, value) -> {
            if (!value.equals(text(claims, claim))) {
                throw new NotAuthenticatedException("the claim " + claim + " has not the value that is required");
            }
        });
        if (issuer.username().equals("email") && claims.getClaim("email_verified") != null && !Boolean.TRUE.equals(claims.getClaim("email_verified"))) {
            throw new NotAuthenticatedException("the email is not verified");
        }
        var name = text(claims, issuer.username());
        if (name.isEmpty()) {
            throw new NotAuthenticatedException("the claim " + issuer.username() + " names nobody");
        }
        name = checked(issuer.usernamePrefix() + name);
        if (name.startsWith(SYSTEM)) {
            throw new NotAuthenticatedException("the token names somebody of the system");
        }
        var groups = new ArrayList<String>();
        for (var group : texts(claims, issuer.groups(), MOST_GROUPS)) {
            var whole = checked(issuer.groupsPrefix() + group);
            if (!whole.startsWith(SYSTEM) && !group.isEmpty()) {
                groups.add(whole);
            }
        }
        var tenants = new LinkedHashMap<String, List<String>>();
        issuer.tenants().forEach(home -> tenants.put(home, groups));
        for (var home : texts(claims, issuer.tenantsClaim(), MOST_TENANTS)) {
            if (!home.equals(Principal.ROOT)) {
                tenants.putIfAbsent(home, groups);
            }
        }
        var id = claims.getJWTID();
        return new Person(
                name,
                issuer.uid().isEmpty() ? "" : checked(text(claims, issuer.uid())),
                tenants,
                id == null ? Map.of() : Map.of("authentication.kubernetes.io/credential-id", List.of("JTI=" + checked(id))));
    }

    private void checkTime(JWTClaimsSet claims) {
        var now = clock.instant();
        var expires = claims.getExpirationTime();
        if (expires == null || !expires.toInstant().plus(SKEW).isAfter(now)) {
            throw new NotAuthenticatedException("the token has ended, or does not say when it ends");
        }
        for (Date from : new Date[] {claims.getNotBeforeTime(), claims.getIssueTime()}) {
            if (from != null && from.toInstant().minus(SKEW).isAfter(now)) {
                throw new NotAuthenticatedException("the token is not good yet");
            }
        }
    }

    private static void checkSignature(SignedJWT jwt, IssuerKeys keys) {
        var algorithm = jwt.getHeader().getAlgorithm();
        boolean rsa = JWSAlgorithm.Family.RSA.contains(algorithm);
        if (!rsa && !List.of(JWSAlgorithm.ES256, JWSAlgorithm.ES384, JWSAlgorithm.ES512).contains(algorithm)) {
            throw new NotAuthenticatedException("the token is signed in a way that is not believed");
        }
        for (var key : keys.candidates(jwt.getHeader().getKeyID(), rsa ? KeyType.RSA : KeyType.EC)) {
            try {
                if ((key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm)) && jwt.verify(verifier(key, rsa))) {
                    return;
                }
            } catch (JOSEException e) {
                // A key that cannot have signed it.
            }
        }
        throw new NotAuthenticatedException("no key of the issuer has signed the token");
    }

    private static JWSVerifier verifier(JWK key, boolean rsa) throws JOSEException {
        return rsa ? new RSASSAVerifier(key.toRSAKey()) : new ECDSAVerifier(key.toECKey());
    }

    private static String text(JWTClaimsSet claims, String claim) {
        return claims.getClaim(claim) instanceof String text ? text : "";
    }

    /// A claim that is one text or several.
    private static List<String> texts(JWTClaimsSet claims, String claim, int most) {
        Object value = claim.isEmpty() ? null : claims.getClaim(claim);
        var texts = new ArrayList<String>();
        switch (value) {
            case null -> {}
            case String text -> texts.add(text);
            case List<?> list -> {
                if (list.size() > most) {
                    throw new NotAuthenticatedException("the claim " + claim + " has more than " + most + " entries");
                }
                list.forEach(item -> texts.add(asText(item, claim)));
            }
            default -> throw new NotAuthenticatedException("the claim " + claim + " is no list of texts");
        }
        return texts;
    }

    private static String asText(@Nullable Object item, String claim) {
        if (item instanceof String text) {
            return text;
        }
        throw new NotAuthenticatedException("the claim " + claim + " is no list of texts");
    }

    private static String checked(String name) {
        if (name.length() > LONGEST_NAME || name.chars().anyMatch(Character::isISOControl)) {
            throw new NotAuthenticatedException("a name in the token is too long or holds control characters");
        }
        return name;
    }
}
