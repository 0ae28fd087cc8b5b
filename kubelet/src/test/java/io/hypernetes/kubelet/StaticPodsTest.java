package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StaticPodsTest extends KubeletHarness {
    private static final ObjectKey MIRROR = new ObjectKey("root", "default", "agent-n1");

    @Test
    void aFileIsAPodThatTheApiShowsAndCannotEnd() throws IOException {
        write("agent:1");
        mirror(pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(pod.getMetadata().getAnnotations()).containsEntry("kubernetes.io/config.source", "file")
                    .containsEntry("kubernetes.io/config.mirror", pod.getMetadata().getAnnotations().get("kubernetes.io/config.hash"));
        });
        String first = found().orElseThrow().getMetadata().getUid();
        assertThat(cri.runsOf("main")).hasSize(1);

        client.of(Kind.POD).delete(MIRROR, Deletion.now(first));
        mirror(pod -> {
            assertThat(pod.getMetadata().getUid()).isNotEqualTo(first);
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        });
        assertThat(cri.runsOf("main")).hasSize(1);

        // Broken for a moment: what runs goes on.
        Files.writeString(manifest(), "kind: Pod\nspec: [");
        write("agent:2");
        mirror(pod -> {
            assertThat(pod.getSpec().getContainers().getFirst().getImage()).isEqualTo("agent:2");
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        });

        Files.delete(manifest());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            assertThat(found()).isEmpty();
            assertThat(cri.sandboxes).isEmpty();
        });
    }

    /// As admission says of every pod: its setting, or the RuntimeClass where that says more.
    @Test
    void itsMachineIsMadeForWhatTheApiSaysThatItCosts() throws IOException {
        cri.podCidr = "10.88.0.0/24";
        write("agent:1");
        mirror(pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Running"));
        assertThat(overheads()).containsExactly(0L);
        costs("300Mi");
        await().untilAsserted(() -> assertThat(kubelet.pods().views()).singleElement().matches(view -> view.promised("memory") == 300L << 20));

        // A machine keeps the size that it was made with.
        cri.crashMachines();
        await().untilAsserted(() -> assertThat(overheads()).containsExactly(0L, 300L << 20));

        // Before there is a mirror.
        write("agent:2");
        await().untilAsserted(() -> assertThat(cri.runsOf("main")).singleElement().matches(run -> run.config.getImage().getUserSpecifiedImage().equals("agent:2")));
        assertThat(overheads()).containsExactly(300L << 20);
    }

    /// The kubelet's first machines, too.
    @Test
    void whatItsMirrorSaidToAnEarlierKubeletCounts() throws Exception {
        write("agent:1");
        mirror(pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Running"));
        costs("300Mi");
        kubelet.close();
        synchronized (cri) {
            cri.runs.clear();
            cri.sandboxes.clear();
        }
        stopClock();
        api.failNext("/pods", 503, 5);
        kubelet = kubelet();
        await().untilAsserted(() -> assertThat(overheads()).containsExactly(300L << 20));
    }

    /// Its file is read before the API has answered.
    @Test
    void whatAnotherOfItsClassCostsIsKnownToTheFirstMachineOfAKubeletThatHasJustBegun() throws Exception {
        write("agent:1");
        mirror(pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Running"));
        costs("300Mi");
        kubelet.close();
        synchronized (cri) {
            cri.runs.clear();
            cri.sandboxes.clear();
        }
        Files.writeString(manifest().resolveSibling("other.yaml"), Files.readString(manifest()).replace("agent", "other"));
        stopClock();
        api.failNext("/pods", 503, 5);
        kubelet = kubelet();
        await().untilAsserted(() -> assertThat(overheads()).containsExactly(300L << 20, 300L << 20));
    }

    @Test
    void anApiThatDoesNotAnswerIsNotWaitedForForEver() throws IOException {
        stopClock();
        api.failNext("/pods", 503, Integer.MAX_VALUE);
        write("agent:1");
        await().until(() -> !kubelet.pods().pods().isEmpty() && api.requests().stream().filter(request -> request.endsWith("/pods/agent-n1")).count() > 2);
        assertThat(overheads()).isEmpty();
        ahead = Duration.ofMinutes(1);
        await().untilAsserted(() -> assertThat(cri.runsOf("main")).hasSize(1));
    }

    private void costs(String memory) {
        client.of(Kind.POD).change(MIRROR, null, pod -> pod.edit().editSpec().withOverhead(Map.of("memory", new Quantity(memory))).endSpec().build());
    }

    private List<Long> overheads() {
        synchronized (cri) {
            return cri.sandboxes.values().stream().map(sandbox -> sandbox.config.getLinux().getOverhead().getMemoryLimitInBytes()).toList();
        }
    }

    /// Until it is known which of them are wanted none is ended, and the pods of the API have their own life (upstream's pkg/kubelet/config/file.go, which looks for
    /// ever, and HandlePodCleanups).
    @Test
    void aFolderThatCannotBeReadIsLookedAtUntilItCanBe() throws Exception {
        write("agent:1");
        mirror(pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Running"));
        String mirror = found().orElseThrow().getMetadata().getUid();
        kubelet.close();
        kubelet = asleep();
        Path aside = Files.move(manifest().getParent(), folder.resolve("aside"));
        kubelet.start();
        create(pod("web").editSpec().editContainer(0).withName("web").endContainer().endSpec().build());
        running("web");
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("stop"));
        assertThat(found()).map(pod -> pod.getMetadata().getUid()).contains(mirror);

        write("agent:2", aside.resolve("agent.yaml"));
        Files.move(aside, manifest().getParent());
        mirror(pod -> {
            assertThat(pod.getSpec().getContainers().getFirst().getImage()).isEqualTo("agent:2");
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        });
        await().untilAsserted(() -> assertThat(cri.sandboxes).hasSize(2));
    }

    /// As who replaces all of them at once does. Nothing is told of the folder's new place, but what follows there is.
    @Test
    void aFolderThatTookThePlaceOfAnotherIsWatched() throws Exception {
        write("agent:1");
        mirror(pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Running"));
        Path fresh = Files.createDirectory(folder.resolve("fresh"));
        write("agent:2", fresh.resolve("agent.yaml"));
        Path aside = Files.move(manifest().getParent(), folder.resolve("aside"));
        Files.move(fresh, manifest().getParent());
        // The one that was watched so far: a look that need not be waited for.
        Files.writeString(aside.resolve("told"), "");
        mirror(pod -> assertThat(pod.getSpec().getContainers().getFirst().getImage()).isEqualTo("agent:2"));
        Files.writeString(manifest().resolveSibling("other.yaml"), Files.readString(manifest()).replace("name: agent", "name: other"));
        // Sooner than without being told.
        await().atMost(Duration.ofSeconds(12)).until(() -> kubelet.pods().pods().stream().anyMatch(pod -> pod.getMetadata().getName().startsWith("other")));
    }

    private Path manifest() {
        return folder.resolve("lib/manifests/agent.yaml");
    }

    private void write(String image) throws IOException {
        write(image, manifest());
    }

    private void write(String image, Path file) throws IOException {
        Path draft = Files.writeString(folder.resolve("draft"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: agent}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: '%s', imagePullPolicy: IfNotPresent}]
                """.formatted(image));
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Optional<Pod> found() {
        return client.of(Kind.POD).find(MIRROR);
    }

    private void mirror(Consumer<Pod> check) {
        await().ignoreExceptions().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).untilAsserted(() -> check.accept(found().orElseThrow()));
    }
}
