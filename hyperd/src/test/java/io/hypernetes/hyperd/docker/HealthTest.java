package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Health checks, lines of /etc/hosts and platforms: what is asked, and what comes of it.
class HealthTest {
    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    private static Health.Result result(int code) {
        return new Health.Result(Instant.EPOCH, Instant.EPOCH, code, "said");
    }

    @Test
    void theClientsWordsGoBeforeTheImages() {
        JsonNode image = json("{\"Test\":[\"CMD-SHELL\",\"curl x\"],\"Interval\":5000000000,\"Retries\":7}");
        JsonNode config = json("{\"Healthcheck\":" + HealthCheck.merged(json("{\"Interval\":1000000000,\"StartPeriod\":2000000000}"), image) + "}");
        assertThat(HealthCheck.of(config)).contains(new HealthCheck(
                List.of("/bin/sh", "-c", "curl x"), Duration.ofSeconds(1), Duration.ofSeconds(30), Duration.ofSeconds(2), Duration.ofSeconds(5), 7));
        assertThat(HealthCheck.of(json("{\"Healthcheck\":" + HealthCheck.merged(json("{\"Test\":[\"NONE\"]}"), image) + "}"))).isEmpty();
        assertThat(HealthCheck.of(json("{\"Healthcheck\":" + HealthCheck.merged(json("null"), json("{}")) + "}"))).isEmpty();
        assertThat(HealthCheck.of(json("{\"Shell\":[\"ash\",\"-c\"],\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"x\"]}}")).orElseThrow().command()).containsExactly("ash", "-c", "x");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"Test\":[\"CMD\"]}", "{\"Test\":[\"RUN\",\"x\"]}", "{\"Test\":[\"CMD\",\"x\"],\"Interval\":5}", "{\"Test\":[\"CMD\",\"x\"],\"Retries\":-1}",
        "{\"Test\":[\"CMD\",\"x\"],\"Timeout\":-1}"})
    void whatIsNoCheckIsRefused(String asked) {
        assertThatThrownBy(() -> HealthCheck.merged(json(asked), json("{}"))).isInstanceOf(DockerFailure.class);
    }

    @Test
    void failuresCountWhenTheyComeInARowAndNotEarly() {
        Health health = new Health();
        assertThat(health.add(result(1), true, 2)).isFalse();
        assertThat(health.add(result(1), true, 2)).isFalse();
        assertThat(health.shown()).isEqualTo("health: starting");
        assertThat(health.add(result(1), false, 2)).isFalse();
        assertThat(health.add(result(-1), false, 2)).isTrue();
        assertThat(health.status()).isEqualTo(Health.Status.UNHEALTHY);
        assertThat(health.add(result(0), false, 2)).isTrue();
        assertThat(health.add(result(1), true, 2)).as("once healthy, early failures count").isFalse();
        assertThat(health.json().path("FailingStreak").asInt()).isEqualTo(1);
        assertThat(health.json().path("Log")).hasSize(5);
    }

    @Test
    void linesOfHosts() {
        assertThat(ExtraHosts.file(json("{\"ExtraHosts\":[\"db:10.0.0.7\",\"six:[fd00::1]\"]}"), "me", null)).contains("localhost").contains("\n10.0.0.7\tdb\n").endsWith("fd00::1\tsix\n");
        assertThat(ExtraHosts.file(json("{}"), "me", null)).isEmpty();
        assertThatThrownBy(() -> ExtraHosts.of(json("{\"ExtraHosts\":[\"db\"]}"))).hasMessageContaining("bad format for add-host");
        assertThatThrownBy(() -> ExtraHosts.of(json("{\"ExtraHosts\":[\"a b:1.2.3.4\"]}"))).isInstanceOf(DockerFailure.class);
    }

    @Test
    void imagesOfOtherPlatformsAreRefused() {
        for (String fine : List.of("", "linux", "linux/" + (System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64"))) {
            Platforms.refuseForeign(fine);
        }
        for (String foreign : List.of("linux/s390x", "windows/amd64", "windows", "linux/amd64/v2/x", "{\"os\":\"linux\",\"architecture\":\"riscv64\"}")) {
            assertThatThrownBy(() -> Platforms.refuseForeign(foreign)).hasMessageContaining("does not match");
        }
    }
}
