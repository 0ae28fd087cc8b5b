package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.openstack.Keystone.Scope;
import io.hypernetes.openstack.KeystoneDomain;
import io.hypernetes.openstack.KeystoneLogin;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CloudTest {
    private static final Map<String, String> BY_ID = Map.of(
            "OS_AUTH_URL", "https://keystone:5000/v3", "OS_USERNAME", "alice", "OS_PASSWORD", "very secret",
            "OS_USER_DOMAIN_ID", "d1", "OS_PROJECT_NAME", "red", "OS_PROJECT_DOMAIN_ID", "d2", "OS_REGION_NAME", "one");

    @Test
    void domainsAreSaidByNameOrById() {
        Cloud cloud = Cloud.ofEnvironment(BY_ID);
        assertThat(cloud.login()).isEqualTo(new KeystoneLogin.Password("alice", KeystoneDomain.withId("d1"), "very secret"));
        assertThat(cloud.scope()).isEqualTo(new Scope.ProjectName("red", KeystoneDomain.withId("d2")));
        Cloud file = Cloud.of(Json.readObject("""
                {"main":{"auth":{"auth_url":"https://keystone:5000/v3","username":"alice","password":"p","user_domain_name":"tenants","project_name":"red","project_domain_id":"d2"}}}"""), "");
        assertThat(file.login()).isEqualTo(new KeystoneLogin.Password("alice", "tenants", "p"));
        assertThat(file.scope()).isEqualTo(new Scope.ProjectName("red", KeystoneDomain.withId("d2")));
    }

    @Test
    void whatIsSaidGoesBeforeTheEnvironmentWhicheverWayItIsSaid() {
        Cloud cloud = Cloud.ofEnvironment(BY_ID).withDomain("user", "tenants", "").withDomain("project", "", "d3").withDomain("project", "", "");
        assertThat(cloud.login()).isEqualTo(new KeystoneLogin.Password("alice", "tenants", "very secret"));
        assertThat(cloud.scope()).isEqualTo(new Scope.ProjectName("red", KeystoneDomain.withId("d3")));
    }

    @Test
    void aUserIsSaidByNameOrById() {
        Map<String, String> environment = Map.of("OS_USER_ID", "u1", "OS_USERNAME", "alice", "OS_PASSWORD", "very secret", "OS_PROJECT_ID", "p1");
        Cloud cloud = Cloud.ofEnvironment(environment);
        assertThat(cloud.login()).isEqualTo(new KeystoneLogin.PasswordOfId("u1", "very secret"));
        assertThat(cloud.login().toString()).contains("u1").doesNotContain("very secret");
        assertThat(cloud.withUser("").login()).isEqualTo(cloud.login());
        assertThat(cloud.withUser("bob").withDomain("user", "tenants", "").login()).isEqualTo(new KeystoneLogin.Password("bob", "tenants", "very secret"));
        assertThat(Cloud.of(Json.readObject("{\"main\":{\"auth\":{\"user_id\":\"u2\",\"password\":\"p\"}}}"), "").login())
                .isEqualTo(new KeystoneLogin.PasswordOfId("u2", "p"));
        assertThat(new Cloud(Map.of("user_id", "u1")).user()).isEqualTo("u1");
        assertThat(cloud.user()).isEqualTo("alice");
    }

    @Test
    void aProjectIsOfTheUsersDomainUnlessSaid() {
        for (KeystoneDomain domain : new KeystoneDomain[] {KeystoneDomain.named("tenants"), KeystoneDomain.withId("d1")}) {
            Cloud cloud = new Cloud(Map.of("username", "alice", domain.isId() ? "user_domain_id" : "user_domain_name", domain.value(), "project_name", "red"));
            assertThat(cloud.scope()).isEqualTo(new Scope.ProjectName("red", domain));
        }
    }

    @Test
    void whatIsMissingIsSaidAndNoSecretIs() {
        assertThatThrownBy(() -> new Cloud(Map.of("username", "alice", "password", "p")).login()).hasMessage("user_domain_name is missing");
        assertThatThrownBy(() -> new Cloud(Map.of("token", "t", "project_name", "red")).scope()).hasMessage("project_domain_name is missing");
        assertThat(new Cloud(Map.of("token", "t")).login()).isEqualTo(new KeystoneLogin.Token("t"));
        assertThat(Cloud.ofEnvironment(BY_ID).toString() + Cloud.ofEnvironment(BY_ID).login()).doesNotContain("very secret");
    }
}
