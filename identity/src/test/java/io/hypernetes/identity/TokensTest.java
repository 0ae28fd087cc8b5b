package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
    private static final URI SERVER = URI.create("https://192.0.2.1:6443");
    private final SecureRandom random = new SecureRandom();

    @TempDir
    Path folder;

    @Test
    void bootstrapTokensHaveTheKnownFormAndCompareWhole() {
        BootstrapToken token = BootstrapToken.generate(random);
        assertThat(token.text()).matches("[a-z0-9]{6}\\.[a-z0-9]{16}");
        assertThat(BootstrapToken.parse(token.text()).matches(token)).isTrue();
        assertThat(token.matches(BootstrapToken.generate(random))).isFalse();
        assertThat(token.matches(new BootstrapToken(token.id(), "0".repeat(16)))).isFalse();
        assertThat(token.toString()).doesNotContain(token.secret());
        for (String bad : List.of("", "abcdef", "abcdef.short", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcdefX")) {
            assertThatThrownBy(() -> BootstrapToken.parse(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void joinTokensRoundTripAndTellEveryDamage() {
        CertificateAuthority authority = authority("a");
        JoinToken token = JoinToken.of(SERVER, authority.certificate(), BootstrapToken.generate(random));
        String text = token.text();
        assertThat(text).matches("[A-Za-z0-9_-]+");
        assertThat(JoinToken.parse(" " + text + "\n")).isEqualTo(token);
        assertThat(token.toString()).doesNotContain(token.token().secret());
        for (int cut = 0; cut < text.length(); cut++) {
            String part = text.substring(0, cut);
            assertThatThrownBy(() -> JoinToken.parse(part)).isInstanceOf(IllegalArgumentException.class);
        }
        char last = text.charAt(20);
        String changed = text.substring(0, 20) + (last == 'A' ? 'B' : 'A') + text.substring(21);
        assertThatThrownBy(() -> JoinToken.parse(changed)).hasMessageContaining("cut off or changed");
        assertThatThrownBy(() -> JoinToken.parse("hn2-abc")).hasMessageContaining("another version");
    }

    @Test
    void joinTokensRecogniseTheAuthority() {
        CertificateAuthority authority = authority("a");
        JoinToken token = JoinToken.of(SERVER, authority.certificate(), BootstrapToken.generate(random));
        var server = authority.issue(CertificateSpec.server("api", List.of("api"), List.of(), Duration.ofDays(1)));
        assertThat(token.authorityIn(server.chain())).isEqualTo(authority.certificate());
        var other = authority("b").issue(CertificateSpec.server("api", List.of("api"), List.of(), Duration.ofDays(1)));
        assertThatThrownBy(() -> token.authorityIn(other.chain()))
                .isInstanceOf(IdentityException.class)
                .hasMessageContaining("another installation");
    }

    @Test
    void kubeconfigsCarryTheTenantAndStayPrivate() throws Exception {
        CertificateAuthority authority = authority("a");
        KeyedCertificate ann = authority.issue(CertificateSpec.client("ann", List.of(), Duration.ofDays(1)));
        Path file = folder.resolve("sub/blue.kubeconfig");
        Kubeconfig config = new Kubeconfig(SERVER, "blue", "ann", authority.certificate(), ann);
        config.save(file);
        config.save(file);
        String yaml = Files.readString(file);
        assertThat(yaml).contains("server: 'https://192.0.2.1:6443/tenants/blue'").contains("client-key-data: ");
        assertThat(new Kubeconfig(SERVER, "root", "admin", authority.certificate(), ann).address())
                .isEqualTo("https://192.0.2.1:6443");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(config.toString()).doesNotContain("key");
        try (var list = Files.list(file.getParent())) {
            assertThat(list).containsExactly(file);
        }
    }

    private CertificateAuthority authority(String name) {
        return CertificateAuthority.openOrCreate(folder.resolve(name), name, Clock.systemUTC(), random);
    }

    @Test
    void eachTenantHasATokenKeyOfItsOwnThatOutlivesARestartAndDiesWithTheTenant() {
        Authorities before = Authorities.open(folder, Clock.systemUTC(), random);
        before.tenant("green");
        before.tenant("blue");
        TokenKey green = before.tokenKey("green");
        byte[] text = "what green says".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        byte[] signature = green.sign(text);
        assertThat(signature).hasSize(64);
        assertThat(before.tokenKey("blue").signed(text, signature)).isFalse();
        assertThat(before.tokenKey("root").signed(text, signature)).isFalse();

        Authorities after = Authorities.open(folder, Clock.systemUTC(), random);
        assertThat(after.tenantOfTokenKey(green.id())).isEqualTo("green");
        assertThat(after.tokenKey("green").signed(text, signature)).isTrue();
        assertThat(after.tokenKey("green").signed("else".getBytes(java.nio.charset.StandardCharsets.UTF_8), signature)).isFalse();
        assertThat(after.tokenKey("green").signed(text, new byte[3])).isFalse();
        after.delete("green");
        after.tenant("green");
        assertThat(after.tenantOfTokenKey(green.id())).isNull();
        assertThat(after.tokenKey("green").id()).isNotEqualTo(green.id());
        assertThatThrownBy(() -> after.tokenKey("nobody")).isInstanceOf(IllegalArgumentException.class);
    }
}
