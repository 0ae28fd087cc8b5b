package io.hypernetes.identity.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.RSAPrivateKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OidcTokensTest {
    private static final String URL = "https://issuer.example/realm";
    private static RSAKey first;
    private static RSAKey second;
    private static ECKey curve;

    private Instant now = Instant.parse("2026-05-01T10:00:00Z");
    private List<JWK> published = new ArrayList<>();
    private final List<String> fetched = new ArrayList<>();
    private boolean down;
    private String discovered = URL;
    private List<Issuer> ofAcme = List.of();
    private OidcTokens tokens;

    @BeforeAll
    static void keys() throws JOSEException {
        first = new RSAKeyGenerator(2048).keyID("k1").generate();
        second = new RSAKeyGenerator(2048).keyID("k2").generate();
        curve = new ECKeyGenerator(Curve.P_256).keyID("k3").generate();
    }

    @BeforeEach
    void start() {
        published = new ArrayList<>(List.of(first, curve));
        tokens = new OidcTokens(
                List.of(issuer("oidc:", "oidc:", List.of("blue"), "tenants")),
                name -> name.equals("acme") ? ofAcme : List.of(),
                (tenant, address, trust) -> document(address),
                (tenant, address, trust) -> document(address),
                () -> now);
    }

    private static Issuer issuer(String prefix, String groupsPrefix, List<String> tenants, String tenantsClaim) {
        return new Issuer(URL, List.of("kubernetes", "other"), "", "sub", prefix, "groups", groupsPrefix, "", Map.of("hd", "example.com"), tenants, tenantsClaim);
    }

    private byte[] document(URI address) throws IOException {
        fetched.add(address.toString());
        if (down) {
            throw new IOException("connection refused");
        }
        if (address.toString().equals(URL + "/.well-known/openid-configuration")) {
            return Json.bytes(Json.object().put("issuer", discovered).put("jwks_uri", "https://issuer.example/keys"));
        }
        return new JWKSet(published).toString(true).getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aTokenSaysWhoSomebodyIsAndWhere() throws Exception {
        var person = good(claims -> claims.claim("groups", List.of("developers")).claim("tenants", List.of("acme", "root")));
        assertThat(person.name()).isEqualTo("oidc:alice");
        assertThat(person.tenants().keySet()).as("no claim makes anybody at home in root").containsExactly("blue", "acme");
        assertThat(person.in("acme").groups()).containsExactly("oidc:developers", "system:authenticated");
        assertThat(good(claims -> claims.claim("groups", "one")).in("").groups()).contains("oidc:one");
        assertThat(tokens.personOf(signed(curve, claims -> claims), "")).isPresent();
        assertThat(fetched).hasSize(2);
    }

    @Test
    void nobodyBecomesSomebodyOfTheSystem() throws Exception {
        tokens = new OidcTokens(List.of(issuer("", "", List.of("root"), "")), name -> List.of(), (tenant, address, trust) -> document(address), (tenant, a, t) -> document(a), () -> now);
        refused(signed(first, claims -> claims.subject("system:admin")));
        var person = good(claims -> claims.claim("groups", List.of("system:masters", "staff", "system:nodes")));
        assertThat(person.in("").isOperator()).isFalse();
        assertThat(person.in("").groups()).containsExactly("staff", "system:authenticated");
        tokens = new OidcTokens(
                List.of(issuer("sys", "system:", List.of("root"), "")), name -> List.of(), (tenant, address, trust) -> document(address), (tenant, a, t) -> document(a), () -> now);
        refused(signed(first, claims -> claims.subject("tem:admin")));
        assertThat(good(claims -> claims.claim("groups", List.of("masters"))).in("").isOperator()).isFalse();
    }

    @Test
    void whatATokenLacksOrSaysWronglyRefusesIt() throws Exception {
        refused(signed(first, claims -> claims.audience("somebody else")));
        refused(signed(first, claims -> claims.expirationTime(Date.from(now.minusSeconds(31)))));
        refused(signed(first, claims -> claims.expirationTime(null)));
        refused(signed(first, claims -> claims.notBeforeTime(Date.from(now.plusSeconds(31)))));
        refused(signed(first, claims -> claims.issueTime(Date.from(now.plusSeconds(31)))));
        refused(signed(first, claims -> claims.claim("hd", "evil.example")));
        refused(signed(first, claims -> claims.subject("a\nb")));
        refused(signed(first, claims -> claims.subject("")));
        refused(signed(first, claims -> claims.subject("x".repeat(600))));
        refused(signed(first, claims -> claims.claim("groups", List.of(1, 2))));
        refused(signed(first, claims -> claims.claim("groups", java.util.Collections.nCopies(501, "g"))));
        assertThat(tokens.personOf(signed(first, claims -> claims.expirationTime(Date.from(now.minusSeconds(20)))), "")).as("clocks differ a little").isPresent();
        assertThat(tokens.personOf(signed(first, claims -> claims.issuer("https://unknown.example")), "")).isEmpty();
        for (var text : List.of("", "a.b.c", "..", "e30.e30.e30", "x".repeat(20_000))) {
            assertThat(tokens.personOf(text, "")).isEmpty();
        }
    }

    @Test
    void onlyKeysOfTheIssuerSign() throws Exception {
        refused(signed(new RSAKeyGenerator(2048).keyID("k1").generate(), claims -> claims));
        var body = signed(first, claims -> claims).split("\\.");
        refused(body[0] + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(
                new String(Base64.getUrlDecoder().decode(body[1]), StandardCharsets.UTF_8).replace("alice", "admin").getBytes(StandardCharsets.UTF_8)) + "." + body[2]);
        // Signed with the public key as a shared secret, and not signed at all.
        var mac = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("k1").build(), claims(claims -> claims));
        mac.sign(new MACSigner(first.toRSAPublicKey().getEncoded()));
        refused(mac.serialize());
        var none = Base64.getUrlEncoder().withoutPadding().encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8));
        assertThat(tokens.personOf(none + "." + body[1] + ".", "")).isEmpty();
    }

    /// A tenant names issuers itself, and tokens are checked before anybody has a seat.
    @Test
    void keysThatAreSlowOrManyAreNotTried() throws Exception {
        // The private exponent as the public one.
        var slow = new RSAKey.Builder(new RSAKey.Builder(second.getModulus(), second.getPrivateExponent()).build())
                .privateKey(privateKey(second.getModulus().decodeToBigInteger(), second.getPublicExponent().decodeToBigInteger()))
                .keyID("slow")
                .build();
        published.add(slow.toPublicJWK());
        refused(signed(slow, claims -> claims));
        now = now.plus(IssuerKeys.FRESH);
        published.clear();
        for (int i = 0; i < IssuerKeys.MOST_TRIED; i++) {
            published.add(new RSAKey.Builder(first).keyID("same").build());
        }
        published.add(new RSAKey.Builder(second).keyID("same").build());
        assertThat(tokens.personOf(signed(new RSAKey.Builder(first).keyID("same").build(), claims -> claims), "")).isPresent();
        refused(signed(new RSAKey.Builder(second).keyID("same").build(), claims -> claims));
    }

    private static RSAPrivateKey privateKey(BigInteger modulus, BigInteger exponent) throws GeneralSecurityException {
        return (RSAPrivateKey) KeyFactory.getInstance("RSA").generatePrivate(new RSAPrivateKeySpec(modulus, exponent));
    }

    @Test
    void keysAreTurnedOverAndFetchedNoMoreOftenThanNeeded() throws Exception {
        good(claims -> claims);
        published = new ArrayList<>(List.of(second));
        refused(signed(second, claims -> claims));
        now = now.plus(IssuerKeys.PAUSE);
        assertThat(tokens.personOf(signed(second, claims -> claims), "")).isPresent();
        refused(signed(first, claims -> claims));
        int before = fetched.size();
        for (int i = 0; i < 50; i++) {
            refused(signed(new RSAKey.Builder(first).keyID("unknown" + i).build(), claims -> claims));
        }
        assertThat(fetched).hasSize(before);
        now = now.plus(IssuerKeys.FRESH);
        assertThat(tokens.personOf(signed(second, claims -> claims), "")).isPresent();
        assertThat(fetched).hasSize(before + 2);
    }

    @Test
    void anIssuerThatIsAwayIsRememberedForADay() throws Exception {
        down = true;
        assertThatThrownBy(() -> tokens.personOf(signed(first, claims -> claims), ""))
                .isInstanceOf(IdentityUnavailableException.class)
                .hasMessageContaining(URL)
                .hasMessageContaining("connection refused");
        down = false;
        now = now.plus(IssuerKeys.PAUSE);
        good(claims -> claims);
        down = true;
        now = now.plus(Duration.ofHours(23));
        good(claims -> claims);
        now = now.plus(Duration.ofHours(2));
        assertThatThrownBy(() -> tokens.personOf(signed(first, claims -> claims), "")).isInstanceOf(IdentityUnavailableException.class);
    }

    @Test
    void aDiscoveryDocumentOfAnotherIssuerIsNotBelieved() {
        discovered = "https://evil.example";
        assertThatThrownBy(() -> tokens.personOf(signed(first, claims -> claims), "")).isInstanceOf(IdentityUnavailableException.class).hasMessageContaining("another issuer");
    }

    @Test
    void anIssuerOfATenantCountsThereOnly() throws Exception {
        tokens = new OidcTokens(
                List.of(),
                name -> name.equals("acme") ? ofAcme : List.of(),
                (tenant, address, trust) -> document(address),
                (tenant, address, trust) -> {
                    assertThat(tenant).as("whose word the address is").isEqualTo("acme");
                    return document(address);
                },
                () -> now);
        ofAcme = Issuer.parse(Json.readObject("""
                {"apiVersion":"apiserver.config.k8s.io/v1","kind":"AuthenticationConfiguration","jwt":[{"issuer":{"url":"%s","audiences":["kubernetes"]},
                 "claimMappings":{"username":{"claim":"sub","prefix":""},"groups":{"claim":"groups","prefix":""}}}]}""".formatted(URL)), "acme");
        var token = signed(first, claims -> claims.claim("tenants", List.of("blue")).claim("groups", List.of("system:masters", "dev")));
        var person = tokens.personOf(token, "acme").orElseThrow();
        assertThat(person.tenants()).containsOnly(Map.entry("acme", List.of("dev")));
        assertThat(tokens.personOf(token, "blue")).isEmpty();
        assertThat(tokens.personOf(token, "")).isEmpty();
    }

    @Test
    void aConfigurationThatIsNotUnderstoodIsRefusedWithTheReason() {
        configured("{}", "expected apiVersion");
        configured(head("{\"issuer\":{\"url\":\"http://x\",\"audiences\":[\"a\"]},\"claimMappings\":{\"username\":{\"claim\":\"sub\",\"prefix\":\"\"}},\"tenants\":[\"a\"]}"), "https URL");
        configured(head("{\"issuer\":{\"url\":\"https://x\",\"audiences\":[]},\"claimMappings\":{},\"tenants\":[\"a\"]}"), "audiences");
        configured(head("{\"issuer\":{\"url\":\"https://x\",\"audiences\":[\"a\"]},\"claimMappings\":{\"username\":{\"claim\":\"sub\"}},\"tenants\":[\"a\"]}"), "username.prefix");
        configured(head("{\"issuer\":{\"url\":\"https://x\",\"audiences\":[\"a\"]},\"claimMappings\":{\"username\":{\"claim\":\"sub\",\"prefix\":\"\"}}}"), "at home");
        configured(head("{\"issuer\":{\"url\":\"https://x\",\"audiences\":[\"a\"]},\"claimMappings\":{\"username\":{\"expression\":\"claims.sub\"}},\"tenants\":[\"a\"]}"), "expression is not understood");
    }

    private static String head(String jwt) {
        return "{\"apiVersion\":\"apiserver.config.k8s.io/v1beta1\",\"kind\":\"AuthenticationConfiguration\",\"jwt\":[" + jwt + "]}";
    }

    private static void configured(String json, String why) {
        assertThatThrownBy(() -> Issuer.parse(Json.readObject(json), null)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }

    private Person good(UnaryOperator<JWTClaimsSet.Builder> change) throws Exception {
        Optional<Person> person = tokens.personOf(signed(first, change), "");
        return person.orElseThrow();
    }

    private void refused(String token) {
        assertThatThrownBy(() -> tokens.personOf(token, "")).isInstanceOf(NotAuthenticatedException.class);
    }

    private JWTClaimsSet claims(UnaryOperator<JWTClaimsSet.Builder> change) {
        return change.apply(new JWTClaimsSet.Builder()
                        .issuer(URL)
                        .subject("alice")
                        .audience("kubernetes")
                        .claim("hd", "example.com")
                        .issueTime(Date.from(now))
                        .expirationTime(Date.from(now.plusSeconds(300))))
                .build();
    }

    private String signed(JWK key, UnaryOperator<JWTClaimsSet.Builder> change) throws JOSEException {
        boolean rsa = key instanceof RSAKey;
        var jwt = new SignedJWT(new JWSHeader.Builder(rsa ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256).keyID(key.getKeyID()).build(), claims(change));
        jwt.sign(rsa ? new RSASSASigner(key.toRSAKey()) : new ECDSASigner(key.toECKey()));
        return jwt.serialize();
    }
}
