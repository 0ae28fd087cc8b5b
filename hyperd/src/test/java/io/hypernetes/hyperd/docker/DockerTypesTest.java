package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.images.ImageConfig;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Framing, filters, restart policies, times and what is asked of containers.
class DockerTypesTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final ImageConfig IMAGE = new ImageConfig(
            List.of("/entry"), List.of("default"), List.of("A=image", "B=image"), "app", "/srv", "", List.of("80/tcp"), List.of(), Map.of("l", "1"));

    private static DockerRecord record(String name, String label) {
        JsonNode config = JSON.readTree("{\"Cmd\":[\"true\"],\"Labels\":{\"app\":\"" + label + "\"}}");
        return new DockerRecord(
                "ab".repeat(32), name, 0, "busybox", "sha256:1", config, JsonNodeFactory.instance.objectNode(), List.of(), List.of(), DockerRecord.State.NEW);
    }

    @Test
    void framesOfOutputAndError() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Multiplexed(out, false).write(2, new byte[] {1, 2, 3}, 0, 3);
        assertThat(out.toByteArray()).containsExactly(2, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3);
        out.reset();
        new Multiplexed(out, true).write(1, new byte[] {9}, 0, 1);
        assertThat(out.toByteArray()).containsExactly(9);
    }

    @Test
    void filtersOfBothForms() {
        DockerRecord web = record("web", "shop");
        assertThat(shown("", web)).isTrue();
        assertThat(shown("{\"name\":{\"we\":true},\"label\":{\"app=shop\":true}}", web)).isTrue();
        assertThat(shown("{\"name\":[\"other\"]}", web)).isFalse();
        assertThat(shown("{\"status\":[\"created\"]}", web)).isTrue();
        assertThat(shown("{\"label\":[\"app=bank\"]}", web)).isFalse();
        assertThatThrownBy(() -> shown("{\"colour\":[\"red\"]}", web)).hasMessage("invalid filter 'colour': there are name, status, label");
    }

    private static boolean shown(String filters, DockerRecord container) {
        return Filters.parse(filters, "name", "status", "label").container(container, false, null);
    }

    @Test
    void whatIsNotAnsweredIsToldWithAnotherWay() {
        Map.of("POST /build", "docker load", "POST /images/lab.test/web/push", "docker save", "POST /auth", "config.json", "POST /swarm/init", "hypernetes up", "GET /session", "docs/docker.md")
                .forEach((call, way) -> assertThat(OtherWays.insteadOf(call)).hasMessageContaining(way).extracting(DockerFailure::status).isEqualTo(501));
        assertThat(OtherWays.insteadOf("GET /plugins/nosuch/json").status()).as("that of docker inspect nosuch").isEqualTo(404);
    }

    @Test
    void restartPolicies() {
        assertThat(RestartPolicy.of(JSON.readTree("{}")).again(1, false, 0)).isFalse();
        RestartPolicy thrice = RestartPolicy.of(JSON.readTree("{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}}"));
        assertThat(thrice.again(1, false, 2)).isTrue();
        assertThat(thrice.again(1, false, 3)).isFalse();
        assertThat(thrice.again(0, false, 0)).isFalse();
        assertThat(new RestartPolicy("always", 0).again(0, true, 0)).as("a person stopped it").isFalse();
        assertThat(RestartPolicy.pause(0)).isEqualTo(Duration.ofMillis(100));
        assertThat(RestartPolicy.pause(3)).isEqualTo(Duration.ofMillis(800));
        assertThat(RestartPolicy.pause(1_000_000)).isEqualTo(Duration.ofMinutes(1));
        assertThatThrownBy(() -> RestartPolicy.of(JSON.readTree("{\"RestartPolicy\":{\"Name\":\"sometimes\"}}"))).isInstanceOf(DockerFailure.class);
    }

    @Test
    void timesAsDockerSaysThem() {
        assertThat(Durations.human(Duration.ofMillis(900))).isEqualTo("Less than a second");
        assertThat(Durations.human(Duration.ofSeconds(90))).isEqualTo("About a minute");
        assertThat(Durations.human(Duration.ofMinutes(59))).isEqualTo("59 minutes");
        assertThat(Durations.human(Duration.ofHours(30))).isEqualTo("30 hours");
        assertThat(Durations.human(Duration.ofDays(20))).isEqualTo("2 weeks");
    }

    @Test
    void theImageFillsInWhatTheClientDoesNotSay() {
        String id = "c".repeat(64);
        JsonNode plain = Wish.complete(JSON.readTree("{\"Image\":\"x\",\"Env\":[\"A=mine\"]}"), IMAGE, id);
        assertThat(Wish.argv(plain)).containsExactly("/entry", "default");
        assertThat(Wish.texts(plain.path("Env"))).containsExactly("A=mine", "B=image");
        assertThat(plain.path("User").asString()).isEqualTo("app");
        assertThat(plain.path("Hostname").asString()).isEqualTo("c".repeat(12));
        assertThatThrownBy(() -> Wish.complete(JSON.readTree("{\"WorkingDir\":\"srv\"}"), IMAGE, id)).hasMessageContaining("absolute path");
        assertThat(Wish.argv(Wish.complete(JSON.readTree("{\"Cmd\":[\"mine\"]}"), IMAGE, id))).containsExactly("/entry", "mine");
        assertThat(Wish.argv(Wish.complete(JSON.readTree("{\"Entrypoint\":[\"sh\"]}"), IMAGE, id))).containsExactly("sh");
        assertThat(Wish.argv(Wish.complete(JSON.readTree("{\"Entrypoint\":[\"\"],\"Cmd\":[\"a\"]}"), IMAGE, id))).containsExactly("a");
    }

    @Test
    void portsAreReadAndFreeOnesChosen() {
        JsonNode host = JSON.readTree("{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}],\"53/udp\":[{\"HostPort\":\"\"}]}}");
        List<DockerRecord.Published> ports = Wish.ports(JSON.readTree("{}"), host);
        assertThat(ports.getFirst()).isEqualTo(new DockerRecord.Published("tcp", "127.0.0.1", 8080, 80));
        assertThat(ports.getLast().hostPort()).isBetween(1, 65535);
        assertThatThrownBy(() -> Wish.ports(JSON.readTree("{}"), JSON.readTree("{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"x\"}]}}")))
                .hasMessageContaining("invalid port specification");
    }

    @Test
    void whatIsNotThereIsRefusedInASentence() {
        assertThatThrownBy(() -> Unanswered.refuse(JSON.readTree("{\"HostConfig\":{\"NetworkMode\":\"host\"}}"))).hasMessageContaining("network host");
        Unanswered.refuse(JSON.readTree("{\"HostConfig\":{\"NetworkMode\":\"bridge\",\"IpcMode\":\"\"}}"));
    }

    @Test
    void changesInTheWordsOfTheApi() {
        assertThat(ExportCalls.parsed("C/etc\0A/etc/new\0D/old\0X/odd\0Arelative\0".getBytes(java.nio.charset.StandardCharsets.UTF_8)).toString())
                .isEqualTo("[{\"Path\":\"/etc\",\"Kind\":0},{\"Path\":\"/etc/new\",\"Kind\":1},{\"Path\":\"/old\",\"Kind\":2}]");
        assertThat(ExportCalls.parsed(new byte[0])).isEmpty();
    }

    @Test
    void anImageOfAContainerHasItsConfigurationAndOneMoreLayer() {
        JsonNode made = JSON.readTree(CommitCall.configuration(
                "{\"os\":\"linux\",\"config\":{\"Cmd\":[\"old\"]},\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                record("web", "shop"), List.of(), "sha256:2", "me", "why", java.time.Instant.EPOCH));
        assertThat(made.path("config").toString()).isEqualTo("{\"Cmd\":[\"true\"],\"Labels\":{\"app\":\"shop\"}}");
        assertThat(made.path("rootfs").path("diff_ids").toString()).isEqualTo("[\"sha256:1\",\"sha256:2\"]");
        assertThat(made.path("history").path(0).path("comment").asString()).isEqualTo("why");
    }

    @Test
    void modesInTheWordsOfTheApi() {
        assertThat(CopyCalls.mode(0040755)).isEqualTo((1L << 31) | 0755);
        assertThat(CopyCalls.mode(0120777)).isEqualTo((1L << 27) | 0777);
        assertThat(CopyCalls.mode(0100644)).isEqualTo(0644);
    }
}
