package io.hypernetes.identity.keystone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.identity.IdentityUnavailableException;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneLogin;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KeystoneTokensTest {
    private volatile Instant now = Instant.parse("2026-05-01T10:00:00Z");
    private FakeKeystone fake;
    private Keystone keystone;
    private KeystoneTokens tokens;

    @BeforeEach
    void start() throws IOException {
        fake = new FakeKeystone(() -> now);
        keystone = new Keystone(fake.url(), null, Duration.ofSeconds(5));
        tokens = tokens("service secret");
        fake.roles.put("alice@tenants red", List.of("reader", "member"));
    }

    private KeystoneTokens tokens(String password) {
        return new KeystoneTokens(
                keystone,
                new KeystoneTokens.Settings(
                        new KeystoneLogin.Password(FakeKeystone.SERVICE, "default", password), new Keystone.Scope.ProjectName("service", "default"),
                        Set.of("admin"), Duration.ofMinutes(5)),
                (project, domain) -> project.equals("id-of-red") ? List.of("acme") : project.equals("id-of-evil") ? List.of("root") : List.of(),
                () -> now);
    }

    @AfterEach
    void stop() {
        keystone.close();
        fake.close();
    }

    @Test
    void aProjectIsATenantAndRolesAreGroups() {
        var person = tokens.personOf(token("alice", "red"), "").orElseThrow();
        assertThat(person.name()).isEqualTo("keystone:tenants/alice");
        assertThat(person.uid()).isEqualTo("id-of-alice");
        assertThat(person.tenants()).containsOnlyKeys("acme");
        assertThat(person.in("").groups()).containsExactly("keystone:reader", "keystone:member", "system:authenticated");
        fake.roles.put("alice@tenants red", List.of("admin"));
        assertThat(tokens.personOf(token("alice", "red"), "").orElseThrow().in("acme").groups()).contains("system:masters");
        fake.roles.put("alice@tenants other", List.of("admin"));
        assertThat(tokens.personOf(token("alice", "other"), "").orElseThrow().tenants()).isEmpty();
        fake.roles.put("alice@tenants evil", List.of("admin"));
        assertThat(tokens.personOf(token("alice", "evil"), "").orElseThrow().tenants()).as("no project is the operator's tenant").isEmpty();
    }

    @Test
    void namesOfTwoDomainsNeverMeet() {
        fake.roles.put("c@a/b red", List.of("member"));
        fake.roles.put("b/c@a red", List.of("member"));
        var one = tokens.personOf(fake.issue("c", "a/b", "red", now.plusSeconds(60)), "").orElseThrow();
        var other = tokens.personOf(fake.issue("b/c", "a", "red", now.plusSeconds(60)), "").orElseThrow();
        assertThat(one.name()).isNotEqualTo(other.name());
    }

    @Test
    void whatIsNoTokenOfKeystoneIsNotShownToIt() {
        for (var text : List.of("", "hn1.alice.12345678.x", "a.b.c", "gAAAAA", "gAAAAA" + "x".repeat(5000), "gAAAAA" + "\n".repeat(50))) {
            assertThat(tokens.personOf(text, "")).isEmpty();
        }
        assertThat(fake.validations).hasValue(0);
    }

    @Test
    void anAnswerCountsForTenSecondsAndRevocationThen() {
        var token = token("alice", "red");
        for (int i = 0; i < 5; i++) {
            tokens.personOf(token, "");
        }
        assertThat(fake.validations).hasValue(1);
        fake.roles.remove("alice@tenants red");
        tokens.personOf(token, "");
        now = now.plusSeconds(10);
        assertThatThrownBy(() -> tokens.personOf(token, "")).isInstanceOf(NotAuthenticatedException.class);
        fake.roles.put("alice@tenants red", List.of("member"));
        now = now.plusSeconds(10);
        assertThat(tokens.personOf(token, "")).isPresent();
        fake.disabledProjects.add("red");
        now = now.plusSeconds(10);
        assertThatThrownBy(() -> tokens.personOf(token, "")).isInstanceOf(NotAuthenticatedException.class);
    }

    @Test
    void aTokenEndsInTimeThoughItsAnswerIsFresh() {
        var token = fake.issue("alice", "tenants", "red", now.plusSeconds(3));
        tokens.personOf(token, "");
        now = now.plusSeconds(3);
        assertThatThrownBy(() -> tokens.personOf(token, "")).isInstanceOf(NotAuthenticatedException.class);
    }

    @Test
    void theServersOwnTokenIsRenewedInTimeAndWhenItIsNotTaken() {
        tokens.personOf(token("alice", "red"), "");
        fake.tokens.entrySet().removeIf(entry -> entry.getValue().user().equals(FakeKeystone.SERVICE));
        assertThat(tokens.personOf(token("alice", "red"), "")).isPresent();
        now = now.plusSeconds(3599);
        assertThat(tokens.personOf(fake.issue("alice", "tenants", "red", now.plusSeconds(60)), "")).isPresent();
    }

    @Test
    void whileKeystoneIsAwayWhoWasSeenGoesOnForABoundedTime() {
        var seen = token("alice", "red");
        tokens.personOf(seen, "");
        fake.down = true;
        now = now.plusSeconds(20);
        assertThat(tokens.personOf(seen, "")).isPresent();
        assertThatThrownBy(() -> tokens.personOf(token("alice", "red"), ""))
                .isInstanceOf(IdentityUnavailableException.class)
                .hasMessageContaining("503: the database is away")
                .hasMessageNotContaining("secret");
        now = now.plus(Duration.ofMinutes(5));
        assertThatThrownBy(() -> tokens.personOf(seen, "")).isInstanceOf(IdentityUnavailableException.class);
        fake.down = false;
        now = now.plus(KeystoneTokens.PAUSE);
        assertThat(tokens.personOf(seen, "")).isPresent();
    }

    @Test
    void nobodyAsksForAMomentAfterAnOutage() {
        fake.down = true;
        assertThatThrownBy(() -> tokens.personOf(token("alice", "red"), "")).isInstanceOf(IdentityUnavailableException.class);
        fake.down = false;
        assertThatThrownBy(() -> tokens.personOf(token("alice", "red"), "")).isInstanceOf(IdentityUnavailableException.class);
        now = now.plus(KeystoneTokens.PAUSE);
        assertThat(tokens.personOf(token("alice", "red"), "")).isPresent();
    }

    @Test
    void aWrongLoginOfTheServerIsAnOutageAndNotTheFaultOfWhoAsks() {
        var wrong = tokens("wrong");
        assertThatThrownBy(() -> wrong.personOf(token("alice", "red"), "")).isInstanceOf(IdentityUnavailableException.class).hasMessageContaining("401");
    }

    private String token(String user, String project) {
        return fake.issue(user, "tenants", project, now.plus(Duration.ofHours(1)));
    }
}
