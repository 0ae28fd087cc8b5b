package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Kind;
import io.hypernetes.cri.v1.KeyValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Pods whose short specs come to a lot, which would be taken from all pods of the node.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HeavyPodsTest extends KubeletHarness {
    private void configMap(String name, Map<String, String> data) {
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder()
                .withNewMetadata().withNamespace("default").withName(name).endMetadata().withData(data).build());
    }

    private long readsOf(String configMap) {
        return api.requests().stream().filter(request -> request.endsWith("/configmaps/" + configMap)).count();
    }

    @Test
    void variablesThatDoubleAreRefused() {
        List<EnvVar> variables = new ArrayList<>();
        variables.add(new EnvVar("A0", "0123456789", null));
        for (int i = 1; i <= 18; i++) {
            variables.add(new EnvVar("A" + i, "$(A" + (i - 1) + ")$(A" + (i - 1) + ")", null));
        }
        create(pod("bomb").editSpec().editContainer(0).withEnv(variables).endContainer().endSpec().build());
        String message = "the variable A14 would be longer than 131067 bytes, the most that Linux takes of it";
        eventually("bomb", pod -> {
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CreateContainerConfigError");
            assertThat(main(pod).getState().getWaiting().getMessage()).isEqualTo(message);
        });
        await().untilAsserted(() -> assertThat(events()).extracting(event -> event.getReason() + " " + event.getMessage()).contains("Failed Error: " + message));
        assertThat(cri.calls()).doesNotContain("create main");
    }

    @Test
    void argumentsThatNameALongVariableOftenAreRefused() {
        create(pod("words").editSpec().editContainer(0)
                .addNewEnv().withName("LONG").withValue("x".repeat(100_000)).endEnv()
                .withArgs(IntStream.range(0, 30).mapToObj(_ -> "$(LONG)").toList()).endContainer().endSpec().build());
        eventually("words", pod -> {
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CreateContainerConfigError");
            assertThat(main(pod).getState().getWaiting().getMessage()).startsWith("the container's variables, command and arguments come to more than 2097152 bytes");
        });
    }

    @Test
    void anObjectThatVariablesNameOftenIsReadOnce() {
        configMap("settings", Map.of("a", "1", "b", "2"));
        List<EnvVar> variables = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            variables.add(new EnvVarBuilder().withName("V" + i).withNewValueFrom().withNewConfigMapKeyRef(i % 2 == 0 ? "a" : "b", "settings", false).endValueFrom().build());
        }
        create(pod("web").editSpec().editContainer(0).withEnv(variables)
                .addNewEnvFrom().withPrefix("ALL_").withNewConfigMapRef("settings", false).endEnvFrom().endContainer().endSpec().build());
        running("web");
        assertThat(readsOf("settings")).isEqualTo(1);
        synchronized (cri) {
            assertThat(cri.runs.values()).singleElement().satisfies(run -> assertThat(run.config.getEnvsList())
                    .extracting(KeyValue::getKey, each -> each.getValue().toStringUtf8())
                    .hasSize(52).contains(org.assertj.core.groups.Tuple.tuple("ALL_a", "1"), org.assertj.core.groups.Tuple.tuple("V0", "1"), org.assertj.core.groups.Tuple.tuple("V49", "2")));
        }
    }

    @Test
    void aVolumeThatHoldsOneLargeKeyOftenIsNotMounted() throws Exception {
        configMap("large", Map.of("key", "x".repeat(1 << 20)));
        List<KeyToPath> items = IntStream.range(0, 40).mapToObj(i -> new KeyToPath("key", null, "f" + i, null)).toList();
        create(pod("many").editSpec().addNewVolume().withName("v").withNewConfigMap().withName("large").withItems(items).endConfigMap().endVolume().endSpec().build());
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(events()).filteredOn(event -> event.getReason().equals("FailedMount"))
                .extracting(event -> event.getMessage()).first().asString()
                .startsWith("MountVolume.SetUp failed for volume \"v\" : it holds more than 6291456 bytes or 10000 files"));
        assertThat(cri.calls()).doesNotContain("run-sandbox");
        assertThat(filesBelow(folder.resolve("lib"))).filteredOn(file -> file.getFileName().toString().matches("f[0-9]+")).isEmpty();
    }

    @Test
    void ofARunThatIsForgottenNoFileIsLeft() throws Exception {
        // A day for the next back-off is over at once.
        create(pod("web").build());
        running("web");
        for (int run = 0; run < 4; run++) {
            Pod pod = read("web");
            Path logs = folder.resolve("log/pods/red_default_web_" + pod.getMetadata().getUid() + "/main");
            Files.writeString(logs.resolve(run + ".log"), "now");
            Files.writeString(logs.resolve(run + ".log.2026-01-01T000000.000000000Z"), "before");
            Files.writeString(logs.resolve(run + ".log.2026-01-01T000001.000000000Z"), "then");
            ahead = ahead.plus(Duration.ofHours(1));
            cri.exit("main", 1);
            int restarts = run + 1;
            eventually("web", now -> {
                assertThat(main(now).getRestartCount()).isEqualTo(restarts);
                assertThat(main(now).getState().getRunning()).isNotNull();
            });
            await().untilAsserted(() -> assertThat(filesBelow(logs)).extracting(file -> Integer.parseInt(file.getFileName().toString().replaceAll("\\..*", "")))
                    .allMatch(each -> each >= restarts - 1));
        }
    }

    private static List<Path> filesBelow(Path root) throws IOException {
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
