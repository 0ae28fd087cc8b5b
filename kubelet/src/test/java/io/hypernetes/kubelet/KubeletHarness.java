package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A kubelet between an API server and a runtime in memory, over real sockets.
abstract class KubeletHarness {
    @TempDir
    Path folder;

    FakeApi api;
    Client client;
    FakeCri cri;
    Kubelet kubelet;
    /// How far the kubelet's clock goes ahead.
    volatile Duration ahead = Duration.ZERO;
    private volatile InstantSource clock = InstantSource.system();

    @BeforeEach
    void start() throws Exception {
        api = new FakeApi();
        client = api.client();
        cri = new FakeCri(folder.resolve("cri.sock"));
        kubelet = kubelet();
    }

    /// Has time pass for the kubelet by [#ahead] alone.
    void stopClock() {
        clock = InstantSource.fixed(Instant.now());
    }

    @AfterEach
    void stop() {
        kubelet.close();
        cri.close();
        client.close();
        api.close();
        assertThat(api.invalid()).as("statuses that were refused").isEmpty();
    }

    Kubelet kubelet() throws IOException {
        return asleep().start();
    }

    /// One that is still to be started.
    Kubelet asleep() throws IOException {
        return new Kubelet(settings(), client, () -> {
            try {
                return SSLContext.getDefault();
            } catch (Exception impossible) {
                throw new AssertionError(impossible);
            }
        }, () -> clock.instant().plus(ahead));
    }

    KubeletSettings settings() {
        return new KubeletSettings("n1", "127.0.0.1", 0, folder.resolve("cri.sock"), folder.resolve("lib"),
                folder.resolve("log"), 110, 100, 1 << 20, Map.of(), List.of(), "cluster.local");
    }

    static PodBuilder pod(String name) {
        return new PodBuilder()
                .withNewMetadata().withNamespace("default").withName(name).endMetadata()
                .withNewSpec().withNodeName("n1").withTerminationGracePeriodSeconds(5L)
                .addNewContainer().withName("main").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer()
                .endSpec();
    }

    static ObjectKey key(String name) {
        return new ObjectKey("red", "default", name);
    }

    Pod create(Pod pod) {
        return client.of(Kind.POD).create("red", pod);
    }

    void change(String name, UnaryOperator<Pod> change) {
        client.of(Kind.POD).change(key(name), null, change);
    }

    Pod read(String name) {
        return client.of(Kind.POD).get(key(name));
    }

    void eventually(String name, Consumer<Pod> check) {
        await().ignoreExceptions().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).untilAsserted(() -> {
            Pod pod = read(name);
            assertThat(pod.getStatus()).isNotNull();
            check.accept(pod);
        });
    }

    void running(String name) {
        eventually(name, pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(condition(pod, "Ready")).isEqualTo("True");
        });
    }

    /// Returns when the pod was looked at and its status told; the look may have begun before.
    void lookAgain(String name) {
        long before = statusesTold(name);
        kubelet.pods().tellAgain(read(name).getMetadata().getUid());
        await().atMost(Duration.ofSeconds(20)).until(() -> statusesTold(name) > before);
    }

    private long statusesTold(String name) {
        return api.requests().stream().filter(request -> request.endsWith("/pods/" + name + "/status")).count();
    }

    void suspend(String name) {
        change(name, pod -> pod.edit().editMetadata().addToAnnotations("hypernetes.io/suspended", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString()).endMetadata().build());
    }

    void resume(String name) {
        change(name, pod -> pod.edit().editMetadata().removeFromAnnotations("hypernetes.io/suspended").endMetadata().build());
    }

    static String condition(Pod pod, String type) {
        return pod.getStatus().getConditions().stream().filter(each -> each.getType().equals(type))
                .map(PodCondition::getStatus).findFirst().orElse("absent");
    }

    static ContainerStatus main(Pod pod) {
        return pod.getStatus().getContainerStatuses().getFirst();
    }

    List<Event> events() {
        return client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items();
    }
}
