package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.ContainerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Of the static pods of one name one is there at a time: whatever becomes of its file meanwhile, what is to run next begins when the last of the former has gone
/// (upstream's pkg/kubelet/pod_workers.go, allowPodStart, and the restart of a uid that was put back).
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StaticPodsInTurnTest extends KubeletHarness {
    private static final ObjectKey MIRROR = new ObjectKey("root", "default", "agent-n1");

    private final CountDownLatch ending = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);

    @AfterEach
    void letGo() {
        release.countDown();
    }

    @Test
    void oneThatIsPutBackWhileItEndsBeginsAnew() throws Exception {
        begun("agent:1");
        endHangs();
        Files.delete(manifest());
        ending.await();
        await().until(() -> mirror().isEmpty());
        write("agent:1");
        await().until(() -> mirror().isPresent());
        assertThat(sandboxesMade()).isEqualTo(1);
        release.countDown();
        runsAlone("agent:1");
        tellsThatItRuns("agent:1");
    }

    /// What ended of the former did not end of this one; nobody could take that back.
    @Test
    void oneThatIsPutBackWhileItEndsIsToldOfAnew() throws Exception {
        writeTwo();
        tellsThatItRuns("agent:1");
        cri.exit("aside", 0);
        await().until(() -> mirror().orElseThrow().getStatus().getContainerStatuses().stream().anyMatch(each -> each.getState().getTerminated() != null));
        cri.ignoreTerm = true;
        Files.delete(manifest());
        await().until(() -> mirror().isEmpty() && cri.calls().contains("stop main 7"));
        writeTwo();
        await().until(() -> mirror().isPresent());
        await().atMost(Duration.ofSeconds(30)).until(() -> sandboxesMade() == 2);
        cri.ignoreTerm = false;
        tellsThatItRuns("agent:1");
        assertThat(mirror().orElseThrow().getStatus().getContainerStatuses()).hasSize(2).allMatch(each -> each.getState().getRunning() != null);
    }

    private void writeTwo() throws IOException {
        Path draft = Files.writeString(folder.resolve("draft"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: agent}
                spec:
                  terminationGracePeriodSeconds: 7
                  restartPolicy: Never
                  containers:
                  - {name: main, image: 'agent:1', imagePullPolicy: IfNotPresent}
                  - {name: aside, image: 'agent:1', imagePullPolicy: IfNotPresent}
                """);
        Files.move(draft, manifest(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void oneWhoseFileIsRenamedBeginsAnew() throws Exception {
        begun("agent:1");
        String before = mirror().orElseThrow().getMetadata().getUid();
        endHangs();
        Files.move(manifest(), manifest().resolveSibling("other.yaml"), StandardCopyOption.ATOMIC_MOVE);
        ending.await();
        await().until(() -> mirror().filter(now -> !now.getMetadata().getUid().equals(before)).isPresent());
        assertThat(sandboxesMade()).isEqualTo(1);
        release.countDown();
        runsAlone("agent:1");
        tellsThatItRuns("agent:1");
    }

    @Test
    void oneThatIsChangedWaitsUntilTheFormerHasGone() throws Exception {
        begun("agent:1");
        endHangs();
        write("agent:2");
        ending.await();
        await().until(() -> mirrors("agent:2"));
        assertThat(sandboxesMade()).isEqualTo(1);
        release.countDown();
        runsAlone("agent:2");
        tellsThatItRuns("agent:2");
    }

    @Test
    void ofThoseThatItIsChangedToMeanwhileTheLastOneRunsAlone() throws Exception {
        begun("agent:1");
        endHangs();
        write("agent:2");
        ending.await();
        await().until(() -> mirrors("agent:2"));
        write("agent:3");
        await().until(() -> mirrors("agent:3"));
        release.countDown();
        runsAlone("agent:3");
    }

    @Test
    void oneThatIsChangedBackWhileItEndsBeginsAnew() throws Exception {
        begun("agent:1");
        endHangs();
        write("agent:2");
        ending.await();
        await().until(() -> mirrors("agent:2"));
        write("agent:1");
        await().until(() -> mirrors("agent:1"));
        release.countDown();
        runsAlone("agent:1");
    }

    @Test
    void oneThatIsTakenAwayWhileItWaitsNeverBegins() throws Exception {
        takenAwayWhileItWaits("agent:2");
    }

    @Test
    void oneThatIsPutBackAndTakenAwayAgainNeverBegins() throws Exception {
        takenAwayWhileItWaits("agent:1");
    }

    private void takenAwayWhileItWaits(String image) throws Exception {
        begun("agent:1");
        endHangs();
        Files.delete(manifest());
        ending.await();
        await().until(() -> mirror().isEmpty());
        write(image);
        await().until(() -> mirrors(image));
        Files.delete(manifest());
        await().until(() -> mirror().isEmpty());
        release.countDown();
        await().until(() -> kubelet.pods().pods().isEmpty());
        write("agent:4");
        await().until(() -> cri.runsOf("main").size() == 1);
        runsAlone("agent:4");
    }

    @Test
    void aKubeletThatIsRestartedMeanwhileEndsTheFormerFirst() throws Exception {
        begun("agent:1");
        cri.deathless = true;
        write("agent:2");
        await().until(() -> mirrors("agent:2") && cri.calls().stream().anyMatch(call -> call.startsWith("stop ")));
        kubelet.close();
        cri.deathless = false;
        kubelet = kubelet();
        runsAlone("agent:2");
    }

    @Test
    void whatWasPutBackBeforeTheKubeletWasRestartedGoesOn() throws Exception {
        begun("agent:1");
        cri.deathless = true;
        Files.delete(manifest());
        await().until(() -> mirror().isEmpty() && cri.calls().stream().anyMatch(call -> call.startsWith("stop ")));
        write("agent:1");
        await().until(() -> mirrors("agent:1"));
        kubelet.close();
        cri.deathless = false;
        kubelet = kubelet();
        tellsThatItRuns("agent:1");
        assertThat(sandboxesMade()).isEqualTo(1);
    }

    /// Also where what an earlier kubelet left is in the way.
    @Test
    void theApiIsNotWaitedFor() throws Exception {
        begun("agent:1");
        kubelet.close();
        write("agent:2");
        api.failNext("", 503, Integer.MAX_VALUE);
        kubelet = kubelet();
        await().until(() -> cri.sandboxes.isEmpty());
        // By then it could have answered.
        ahead = Duration.ofMinutes(1);
        runsAlone("agent:2");
    }

    @Test
    void oneWhoseFileIsGoneHasItsGrace() throws Exception {
        begun("agent:1");
        Files.delete(manifest());
        await().until(() -> cri.sandboxes.isEmpty());
        assertThat(cri.calls()).contains("stop main 7");
    }

    @Test
    void oneWhoseFileIsCopiedAndThenTakenAwayBeginsAnew() throws Exception {
        begun("agent:1");
        Files.copy(manifest(), manifest().resolveSibling("aaa.yaml"));
        looked("first");
        String before = mirror().orElseThrow().getMetadata().getUid();
        Files.delete(manifest());
        await().atMost(Duration.ofSeconds(60)).until(() -> mirror().filter(now -> !now.getMetadata().getUid().equals(before)).isPresent());
        tellsThatItRuns("agent:1");
        await().until(() -> sandboxesMade() == 3);
    }

    @Test
    void oneGoesOnWhoseNameAnotherFileTakesForAWhile() throws Exception {
        begun("agent:1");
        Path other = manifest().resolveSibling("aaa.yaml");
        Files.writeString(other, Files.readString(manifest()).replace("agent:1", "agent:2"));
        looked("first");
        Files.delete(other);
        looked("second");
        client.of(Kind.POD).delete(MIRROR, Deletion.now(mirror().orElseThrow().getMetadata().getUid()));
        tellsThatItRuns("agent:1");
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("stop"));
    }

    /// The folder was read once more: a pod that is put there now is shown.
    private void looked(String name) throws IOException {
        write(name, "app:1", manifest().resolveSibling(name + ".yaml"));
        await().atMost(Duration.ofSeconds(60)).until(() -> client.of(Kind.POD).find(new ObjectKey("root", "default", name + "-n1")).isPresent());
    }

    private void begun(String image) throws IOException {
        write(image);
        tellsThatItRuns(image);
    }

    /// What is there of it goes when [#release] says so.
    private void endHangs() {
        cri.beforeSandboxGoes = () -> {
            ending.countDown();
            try {
                release.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException cancelled) {
                Thread.currentThread().interrupt();
            }
        };
    }

    /// And began when nothing was left of the one before.
    private void runsAlone(String image) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            List<FakeCri.Run> runs = cri.runsOf("main");
            assertThat(runs).singleElement().matches(run -> run.state == ContainerState.CONTAINER_RUNNING && run.config.getImage().getImage().contains(image));
        });
        assertThat(cri.calls().stream().filter(call -> call.endsWith("-sandbox") && !call.startsWith("stop"))).containsExactly("run-sandbox", "remove-sandbox", "run-sandbox");
    }

    private void tellsThatItRuns(String image) {
        await().ignoreExceptions().atMost(Duration.ofSeconds(60)).until(() -> mirrors(image) && mirror().orElseThrow().getStatus().getPhase().equals("Running")
                && condition(mirror().orElseThrow(), "Ready").equals("True"));
    }

    private long sandboxesMade() {
        return cri.calls().stream().filter("run-sandbox"::equals).count();
    }

    private boolean mirrors(String image) {
        return mirror().filter(pod -> pod.getSpec().getContainers().getFirst().getImage().equals(image)).isPresent();
    }

    private Optional<Pod> mirror() {
        return client.of(Kind.POD).find(MIRROR);
    }

    private Path manifest() {
        return folder.resolve("lib/manifests/agent.yaml");
    }

    private void write(String image) throws IOException {
        write("agent", image, manifest());
    }

    private void write(String name, String image, Path manifest) throws IOException {
        Path draft = Files.writeString(folder.resolve("draft"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  terminationGracePeriodSeconds: 7
                  containers: [{name: main, image: '%s', imagePullPolicy: IfNotPresent}]
                """.formatted(name, image));
        Files.move(draft, manifest, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
