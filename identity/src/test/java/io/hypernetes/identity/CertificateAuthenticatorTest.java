package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthenticatorTest {
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    Path folder;

    private final SecureRandom random = new SecureRandom();
    private Instant now = Instant.parse("2026-05-01T10:00:00Z");
    private final InstantSource clock = () -> now;

    private Authorities open() {
        return Authorities.open(folder.resolve("pki"), clock, random);
    }

    @Test
    void whoSignedDecidesTheTenant() {
        Authorities authorities = open();
        var authenticator = new CertificateAuthenticator(authorities, clock);
        CertificateSpec spec = CertificateSpec.client("ann", List.of("system:masters", "devs"), DAY);

        Principal blue = authenticator.authenticate(authorities.tenant("blue").issue(spec).certificate());
        Principal root = authenticator.authenticate(authorities.root().issue(spec).certificate());

        assertThat(blue.tenant()).isEqualTo("blue");
        assertThat(blue.name()).isEqualTo("ann");
        assertThat(blue.groups()).containsExactly("system:masters", "devs", "system:authenticated");
        assertThat(blue.isOperator()).isFalse();
        assertThat(root.tenant()).isEqualTo("root");
        assertThat(root.isOperator()).isTrue();
    }

    @Test
    void authoritiesSurviveReopeningAndAreGoneAfterDeletion() {
        Authorities first = open();
        X509Certificate ann = first.tenant("blue").issue(CertificateSpec.client("ann", List.of(), DAY)).certificate();
        Authorities second = open();
        assertThat(new CertificateAuthenticator(second, clock).authenticate(ann).tenant()).isEqualTo("blue");

        second.delete("blue");
        assertThat(folder.resolve("pki/tenants/blue")).doesNotExist();
        refused(second, ann, "not known here");

        second.tenant("blue");
        refused(second, ann, "not known here");
        assertThat(open().tenantNames()).containsExactly("blue");
    }

    @Test
    void aClaimedIssuerMustHaveSigned() throws Exception {
        Authorities authorities = open();
        // The impostor's authority has blue's name and claims blue's key, but signs with a key of its own.
        CertificateAuthority blue = authorities.tenant("blue");
        KeyPair impostor = CertificateAuthority.newKeyPair(random);
        X509Certificate forged = new CertificateMaker(clock, random)
                .leaf(impostor.getPublic(), CertificateSpec.client("ann", List.of(), DAY), impostor.getPrivate(), blue.certificate());
        refused(authorities, forged, "");
    }

    @Test
    void datesUsageAndAuthoritiesThemselvesAreRefused() {
        Authorities authorities = open();
        CertificateAuthority root = authorities.root();
        X509Certificate shortLived = root.issue(CertificateSpec.client("ann", List.of(), Duration.ofHours(1))).certificate();
        X509Certificate server = root.issue(CertificateSpec.server("api", List.of("api"), List.of(), DAY)).certificate();

        refused(authorities, server, "not meant for clients");
        refused(authorities, root.certificate(), "");
        now = now.plus(Duration.ofHours(2));
        refused(authorities, shortLived, "NotAfter");
        now = now.minus(Duration.ofHours(4));
        refused(authorities, shortLived, "");
    }

    @Test
    void whatIsRememberedEndsWithItsDateAndItsAuthority() {
        Authorities authorities = open();
        var authenticator = new CertificateAuthenticator(authorities, clock);
        X509Certificate ann = authorities.tenant("blue").issue(CertificateSpec.client("ann", List.of(), Duration.ofHours(1))).certificate();
        Principal first = authenticator.authenticate(ann);
        assertThat(authenticator.authenticate(ann)).isEqualTo(first);
        now = now.plus(Duration.ofHours(2));
        assertThatThrownBy(() -> authenticator.authenticate(ann)).isInstanceOf(NotAuthenticatedException.class).hasMessageContaining("NotAfter");
        now = now.minus(Duration.ofHours(2));
        assertThat(authenticator.authenticate(ann)).isEqualTo(first);
        authorities.delete("blue");
        authorities.tenant("blue");
        assertThatThrownBy(() -> authenticator.authenticate(ann)).isInstanceOf(NotAuthenticatedException.class).hasMessageContaining("not known here");
    }

    @Test
    void strangersAndStrangeNamesAreRefused() {
        Authorities authorities = open();
        CertificateAuthority stranger =
                CertificateAuthority.openOrCreate(folder.resolve("other"), "hypernetes root", clock, random);
        refused(authorities, stranger.issue(CertificateSpec.client("ann", List.of("system:masters"), DAY)).certificate(), "not known");
        for (String name : List.of("../up", "Blue", "", "a.b", "x".repeat(64), "-a")) {
            assertThatThrownBy(() -> authorities.tenant(name)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> authorities.delete("root")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keyFilesAreForTheOwnerAlone() throws Exception {
        open().tenant("blue");
        for (String file : List.of("root/ca.key", "tenants/blue/ca.key")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("pki").resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void leftoversOfACrashAreCleared() throws Exception {
        open();
        Path half = Files.createDirectories(folder.resolve("pki/tenants/.new-blue-00"));
        Files.writeString(half.resolve("ca.key"), "half");
        assertThat(open().tenantNames()).isEmpty();
        assertThat(half).doesNotExist();
    }

    @Test
    void aKeyThatDoesNotFitIsToldApart() throws Exception {
        Authorities authorities = open();
        authorities.tenant("blue");
        Files.copy(
                folder.resolve("pki/root/ca.key"),
                folder.resolve("pki/tenants/blue/ca.key"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        // Only who needs it is told: the other tenants go on.
        Authorities opened = open();
        assertThatThrownBy(() -> opened.find("blue")).isInstanceOf(IdentityException.class).hasMessageContaining("does not belong");
        assertThat(opened.tenant("green")).isNotNull();
    }

    @Test
    void whatWasCheckedIsCheckedAgainWhenItIsAnother() throws Exception {
        open();
        open();
        assertThat(folder.resolve("pki/root/checked")).exists();
        open().tenant("blue");
        Files.copy(
                folder.resolve("pki/tenants/blue/ca.key"),
                folder.resolve("pki/root/ca.key"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(this::open).isInstanceOf(IdentityException.class).hasMessageContaining("does not belong");
        assertThatThrownBy(this::open).isInstanceOf(IdentityException.class).hasMessageContaining("does not belong");
    }

    @Test
    void whatCannotBeRememberedIsCheckedEachTime() throws Exception {
        open();
        Files.createDirectories(folder.resolve("pki/root/checked/in-the-way"));
        assertThat(open().root()).isNotNull();
        assertThat(open().root()).isNotNull();
    }

    @Test
    void anAuthorityIsReadWhenItIsNeededAndItsClientsAreKnownBeforeThat() {
        Authorities before = open();
        X509Certificate ann = before.tenant("blue").issue(CertificateSpec.client("ann", List.of(), DAY)).certificate();
        Authorities after = open();
        assertThat(after.tenantNames()).containsExactly("blue");
        assertThat(new CertificateAuthenticator(after, clock).authenticate(ann).tenant()).isEqualTo("blue");
        after.delete("blue");
        assertThat(after.find("blue")).isNull();
        refused(after, ann, "not known");
    }

    @Test
    void whoLooksOnFindsWhatTheOwnerMakesAndClearsNothingAway() throws Exception {
        Authorities owner = open();
        Authorities other = Authorities.lookAt(folder.resolve("pki"), clock, random);
        Path draft = Files.createDirectories(folder.resolve("pki/tenants/.new-green-00"));
        assertThat(other.find("blue")).isNull();
        X509Certificate made = owner.tenant("blue").certificate();
        assertThat(java.util.Objects.requireNonNull(other.find("blue")).certificate()).isEqualTo(made);
        assertThat(other.find("../root")).isNull();
        assertThat(draft).exists();
    }

    @Test
    void theSystemClockWorksToo() {
        Authorities authorities = Authorities.open(folder.resolve("real"), Clock.systemUTC(), random);
        KeyedCertificate node = authorities.root()
                .issue(CertificateSpec.peer("system:node:n1", List.of("system:nodes"), List.of("n1"), List.of(), DAY));
        node.save(folder.resolve("node.pem"));
        KeyedCertificate loaded = KeyedCertificate.load(folder.resolve("node.pem"));
        Principal principal =
                new CertificateAuthenticator(authorities, Clock.systemUTC()).authenticate(loaded.certificate());
        assertThat(principal.isNode()).isTrue();
        assertThat(principal.nodeName()).isEqualTo("n1");
    }

    private void refused(Authorities authorities, X509Certificate certificate, String why) {
        assertThatThrownBy(() -> new CertificateAuthenticator(authorities, clock).authenticate(certificate))
                .isInstanceOf(NotAuthenticatedException.class)
                .hasMessageContaining(why);
    }
}
