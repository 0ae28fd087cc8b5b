package io.hypernetes.identity.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Person;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalIdentityTest {
    private static final Instant NOW = Instant.parse("2026-05-01T10:00:00Z");
    private final SecureRandom random = new SecureRandom();
    private Instant now = NOW;

    @Test
    void aPasswordFitsItsHashAndNoOther() {
        var hash = PasswordHash.of("correct horse".toCharArray(), random);
        assertThat(hash).startsWith("$argon2id$v=19$m=19456,t=2,p=1$").doesNotContain("horse");
        assertThat(PasswordHash.fits("correct horse".toCharArray(), hash)).isTrue();
        assertThat(PasswordHash.fits("correct horsf".toCharArray(), hash)).isFalse();
        assertThat(PasswordHash.of("correct horse".toCharArray(), random)).isNotEqualTo(hash);
        assertThat(PasswordHash.fits("correct horse".toCharArray(), "")).isFalse();
        assertThat(PasswordHash.fits("correct horse".toCharArray(), hash.replace("m=19456", "m=999999"))).isFalse();
        assertThatThrownBy(() -> PasswordHash.of("short".toCharArray(), random)).hasMessageContaining("8 to 1024").hasMessageNotContaining("short");
    }

    @Test
    void aHashOfTheReferenceImplementationIsUnderstood() {
        var theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assertThat(PasswordHash.fits("password".toCharArray(), theirs)).isTrue();
        assertThat(PasswordHash.fits("passwore".toCharArray(), theirs)).isFalse();
    }

    @Test
    void aUserIsWhatItsSecretSays() {
        var user = new LocalUser("alice.smith", "$argon2id$x", "g1", false, Map.of()).in("zeta", "u1", List.of("developers")).in("acme", "u2", List.of());
        assertThat(LocalUser.of(user.data())).isEqualTo(user);
        assertThat(LocalUser.of(user.data()).tenants().keySet()).containsExactly("zeta", "acme");
        assertThat(user.toString()).doesNotContain("argon");
        for (var bad : List.of("", "Alice", "system:admin", "a/b", "-a", "a..b", "a".repeat(64))) {
            assertThatThrownBy(() -> new LocalUser(bad, "", "", false, Map.of())).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> user.in("acme", "", List.of("a\nb"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTokenIsGoodForItsUserWhileNothingEndsIt() {
        var user = new LocalUser("alice", "", "g1", false, Map.of());
        var text = LocalToken.Text.generate("alice", random);
        var token = new LocalToken("alice", "u1", text.id(), text.hash(), true, "g1", NOW.plusSeconds(60), NOW.plusSeconds(600), "");
        assertThat(LocalToken.of(token.data())).isEqualTo(token);
        assertThat(LocalToken.Text.parse(text.text())).contains(text);
        assertThat(token.fits(text)).isTrue();
        assertThat(token.fits(LocalToken.Text.generate("alice", random))).isFalse();
        assertThat(token.goodFor(user, "u1", NOW)).isTrue();
        assertThat(token.goodFor(user, "u1", NOW.plusSeconds(60))).isFalse();
        assertThat(token.goodFor(user, "u2", NOW)).isFalse();
        assertThat(token.goodFor(user.withDisabled(true), "u1", NOW)).isFalse();
        assertThat(token.goodFor(user.withPassword("h", "g2"), "u1", NOW)).isFalse();
        assertThat(text.toString() + token).doesNotContain(text.secret());
        for (var bad : List.of("", "hn1.", "hn1.a.b", "hn1.alice.1234.x", "hn1.ali/ce.12345678.x", "hn1.alice.12345678.x".repeat(30))) {
            assertThat(LocalToken.Text.parse(bad)).isEmpty();
        }
    }

    @Test
    void aPersonOfManyTenantsIsOneOfThemAtATime() {
        var tenants = new LinkedHashMap<String, List<String>>();
        tenants.put("acme", List.of("developers"));
        tenants.put("blue", List.of("viewers"));
        var person = new Person("alice", "u1", tenants, Map.of());
        assertThat(person.in("blue").groups()).containsExactly("viewers", "system:authenticated");
        assertThat(person.in("").tenant()).isEqualTo("acme");
        assertThat(person.in("other").tenant()).isEqualTo("acme");
        tenants.put("root", List.of("system:masters"));
        var operator = new Person("alice", "u1", tenants, Map.of());
        assertThat(operator.in("blue").isOperator()).isTrue();
        assertThatThrownBy(() -> new Person("x", "", Map.of(), Map.of()).in("")).isInstanceOf(NotAuthenticatedException.class);
    }

    @Test
    void whoGuessesWaitsLongerAndLonger() {
        var guesses = new Guesses(() -> now);
        for (int i = 0; i < 5; i++) {
            assertThat(guesses.begin("alice", "192.0.2.1")).isZero();
        }
        assertThat(guesses.begin("alice", "192.0.2.1")).isEqualTo(Duration.ofSeconds(1));
        assertThat(guesses.begin("alice", "192.0.2.2")).as("the user herself, from elsewhere").isZero();
        now = now.plusSeconds(1);
        assertThat(guesses.begin("alice", "192.0.2.1")).isZero();
        assertThat(guesses.begin("alice", "192.0.2.1")).isEqualTo(Duration.ofSeconds(2));
        now = now.plusSeconds(2);
        assertThat(guesses.begin("alice", "192.0.2.1")).isZero();
        guesses.right("alice", "192.0.2.1");
        assertThat(guesses.begin("alice", "192.0.2.1")).isZero();
        for (int i = 0; i < 40; i++) {
            guesses.begin("user" + i, "192.0.2.3");
        }
        assertThat(guesses.begin("somebody", "192.0.2.3")).as("a source that tries many users").isPositive();
        now = now.plus(Duration.ofHours(1));
        assertThat(guesses.begin("somebody", "192.0.2.3")).isZero();
    }
}
