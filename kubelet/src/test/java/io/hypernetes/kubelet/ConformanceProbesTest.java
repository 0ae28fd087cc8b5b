package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.grpc.Server;
import io.grpc.Status;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.kubelet.probe.HealthServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Probes and hooks, by behaviours of upstream's conformance suite, with a runtime in memory; `docs/conformance.md` says which is which.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceProbesTest extends KubeletHarness {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    /// Every answer of this listener has the status that is set.
    private static HttpServer listener(List<String> asked, AtomicInteger status) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(HERE, 0), 0);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI() + " " + exchange.getRequestHeaders().getFirst("X-Test") + " " + exchange.getRequestHeaders().getFirst("User-Agent"));
            exchange.sendResponseHeaders(status.get(), -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    @Test
    void aPodThatIsNotReadyIsNotRestarted() {
        cri.execExitCodes.put("ready", 1);
        create(pod("web").editSpec().editContainer(0)
                .withReadinessProbe(new ProbeBuilder().withNewExec().withCommand("ready").endExec().withPeriodSeconds(1).withFailureThreshold(1).build())
                .endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("Unhealthy");
            assertThat(event.getMessage()).startsWith("Readiness probe failed: ");
            assertThat(event.getCount()).isGreaterThanOrEqualTo(3);
        }));
        assertThat(main(read("web")).getReady()).isFalse();
        assertThat(main(read("web")).getRestartCount()).isZero();
        assertThat(condition(read("web"), "Ready")).isEqualTo("False");
    }

    @Test
    void livenessByHttpIsHeeded() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        AtomicInteger status = new AtomicInteger(200);
        HttpServer server = listener(asked, status);
        cri.podIp = HERE.getHostAddress();
        create(pod("web").editSpec().editContainer(0)
                .addNewPort().withName("health").withContainerPort(server.getAddress().getPort()).endPort()
                .withNewLivenessProbe().withNewHttpGet().withPath("/healthz").withNewPort("health").addNewHttpHeader("X-Test", "yes").endHttpGet()
                .withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        running("web");
        await().atMost(Duration.ofSeconds(60)).until(() -> asked.size() >= 3);
        assertThat(asked).allMatch(each -> each.startsWith("/healthz yes kube-probe/1."));
        assertThat(main(read("web")).getRestartCount()).isZero();
        status.set(500);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).extracting(Event::getMessage).contains("Liveness probe failed: HTTP probe failed with statuscode: 500"));
        server.stop(0);
    }

    @Test
    void livenessByGrpcIsHeeded() throws Exception {
        AtomicInteger serving = new AtomicInteger(1);
        AtomicInteger asked = new AtomicInteger();
        Server server = HealthServer.start(HERE, (_, to) -> {
            asked.incrementAndGet();
            to.onNext(new byte[] {8, (byte) serving.get()});
            to.onCompleted();
        });
        cri.podIp = HERE.getHostAddress();
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewGrpc().withPort(server.getPort()).endGrpc().withTimeoutSeconds(20).withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        running("web");
        await().atMost(Duration.ofSeconds(60)).until(() -> asked.get() >= 3);
        assertThat(main(read("web")).getRestartCount()).isZero();
        serving.set(2);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        server.shutdownNow();
    }

    @Test
    void livenessByAProgramIsHeeded() {
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("cat", "/tmp/health").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        running("web");
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.size() >= 3);
        assertThat(cri.execs).containsOnly("cat");
        assertThat(main(read("web")).getRestartCount()).isZero();
        assertThat(events()).noneMatch(event -> event.getReason().equals("Unhealthy"));
    }

    /// A runtime that is away, or a pod that is paused, says nothing of the container.
    @Test
    void aProbeThatCouldNotBeMadeCountsAsNone() {
        cri.execFailures.put("alive", Status.UNAVAILABLE.withDescription("the guest cannot be reached"));
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .withNewReadinessProbe().withNewHttpGet().withNewPort("nowhere").endHttpGet().withPeriodSeconds(1).endReadinessProbe()
                .endContainer().endSpec().build());
        told("Liveness probe errored and resulted in unknown state: rpc error: code = Unavailable desc = the guest cannot be reached");
        told("Readiness probe errored and resulted in unknown state: container main has no port named \"nowhere\"");
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.size() >= 3);
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("stop"));
        assertThat(events()).extracting(Event::getReason).doesNotContain("Killing");
    }

    @Test
    void aProgramThatTakesTooLongHasFailed() {
        cri.execFailures.put("alive", Status.DEADLINE_EXCEEDED.withDescription("it did not end within 1 s"));
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("alive", "-v").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isPositive());
        told("Liveness probe failed: command timed out: \"alive -v\" timed out after 1s");
    }

    @Test
    void whatRefusesAConnectionIsToldAsUpstreamTellsIt() throws Exception {
        HttpServer closed = listener(new CopyOnWriteArrayList<>(), new AtomicInteger(200));
        String address = HERE.getHostAddress() + ":" + closed.getAddress().getPort();
        closed.stop(0);
        cri.podIp = HERE.getHostAddress();
        create(pod("web").editSpec().editContainer(0)
                .withNewReadinessProbe().withNewHttpGet().withNewPort(closed.getAddress().getPort()).endHttpGet().withPeriodSeconds(1).endReadinessProbe()
                .withNewLivenessProbe().withNewTcpSocket().withNewPort(closed.getAddress().getPort()).endTcpSocket().withPeriodSeconds(1).endLivenessProbe()
                .endContainer().endSpec().build());
        told("Readiness probe failed: Get \"http://" + address + "/\": dial tcp " + address + ": connect: connection refused");
        told("Liveness probe failed: dial tcp " + address + ": connect: connection refused");
    }

    @Test
    void redirectsOnTheSameHostAreFollowedAndOthersWarnedOfAndThoseThatLeadNowhereAreFailures() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(HERE, 0), 0);
        Map.of("/here", "/healthz", "/there", "http://elsewhere.example/", "/around", "/around", "/nowhere", "http://" + HERE.getHostAddress() + ":http/").forEach((from, to) -> server.createContext(from, exchange -> {
            exchange.getResponseHeaders().set("Location", to);
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        }));
        server.createContext("/healthz", exchange -> {
            exchange.sendResponseHeaders(500, -1);
            exchange.close();
        });
        server.start();
        cri.podIp = HERE.getHostAddress();
        create(pod("web").editSpec().withContainers(asked("here", server), asked("there", server), asked("around", server), asked("nowhere", server)).endSpec().build());
        told("Readiness probe failed: HTTP probe failed with statuscode: 500");
        String address = HERE.getHostAddress() + ":" + server.getAddress().getPort();
        told("Readiness probe failed: Get \"http://" + address + "/around\": stopped after 10 redirects");
        told("Readiness probe failed: Get \"http://" + address + "/nowhere\": failed to parse Location header \"http://" + HERE.getHostAddress() + ":http/\": invalid host or port");
        eventually("web", pod -> assertThat(pod.getStatus().getContainerStatuses()).extracting(ContainerStatus::getReady).containsExactly(false, true, false, false));
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).filteredOn(event -> event.getReason().equals("ProbeWarning"))
                .extracting(Event::getMessage).containsExactly("Readiness probe warning: Probe terminated redirects"));
        server.stop(0);
    }

    private static Container asked(String path, HttpServer server) {
        return new ContainerBuilder().withName(path).withImage("app:1").withImagePullPolicy("IfNotPresent")
                .withNewReadinessProbe().withNewHttpGet().withPath("/" + path).withNewPort(server.getAddress().getPort()).endHttpGet()
                .withPeriodSeconds(1).withFailureThreshold(1).withTimeoutSeconds(20).endReadinessProbe().build();
    }

    /// Clients drain by readiness; that it does not live any more is what was asked for.
    @Test
    void whatIsToEndIsAskedWhetherItIsReadyAndNotWhetherItLives() {
        cri.ignoreTerm = true;
        create(pod("web").editSpec().withTerminationGracePeriodSeconds(600L).editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .withNewReadinessProbe().withNewExec().withCommand("ready").endExec().withPeriodSeconds(1).withFailureThreshold(1).endReadinessProbe()
                .endContainer().endSpec().build());
        running("web");
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.calls().contains("stop main 600"));
        cri.execExitCodes.put("alive", 1);
        cri.execExitCodes.put("ready", 1);
        long asked = cri.execs.stream().filter("ready"::equals).count();
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.stream().filter("ready"::equals).count() >= asked + 3);
        eventually("web", pod -> assertThat(condition(pod, "Ready")).isEqualTo("False"));
        assertThat(events()).extracting(Event::getMessage).noneMatch(message -> message.startsWith("Liveness probe"));
        client.of(Kind.POD).delete(key("web"), new Deletion(1L, null));
    }

    private void told(String message) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("Unhealthy");
            assertThat(event.getMessage()).isEqualTo(message);
        }));
    }

    /// Five restarts, as upstream has it. The pauses between them are not waited for: the kubelet's clock goes on.
    @Test
    void restartsAreCountedUpwards() {
        cri.execExitCodes.put("cat", 1);
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("cat", "/tmp/health").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        List<Integer> seen = new CopyOnWriteArrayList<>();
        eventually("web", pod -> {
            int now = main(pod).getRestartCount();
            seen.add(now);
            if (main(pod).getState().getWaiting() != null && "CrashLoopBackOff".equals(main(pod).getState().getWaiting().getReason())) {
                ahead = ahead.plusSeconds(300);
                // Whatever wakes the pod's loop.
                change("web", woken -> woken.edit().editMetadata().addToAnnotations("woken", String.valueOf(ahead)).endMetadata().build());
            }
            // With its clock that far ahead it restarts faster than one can look.
            assertThat(now).isGreaterThanOrEqualTo(5);
        });
        assertThat(seen).isSorted();
    }

    @Test
    void aContainerThatAProbeEndsHasItsHookAndTheProbesGrace() {
        cri.execExitCodes.put("alive", 1);
        create(pod("web").editSpec().editContainer(0)
                .withNewLifecycle().withPreStop(new LifecycleHandlerBuilder().withNewExec().withCommand("farewell").endExec().build()).endLifecycle()
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).withTerminationGracePeriodSeconds(7L).endLivenessProbe()
                .endContainer().endSpec().build());
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        assertThat(cri.execs.stream().limit(2)).containsExactly("alive", "farewell");
        assertThat(cri.calls().stream().filter(call -> call.startsWith("stop main")).findFirst()).contains("stop main 7");
    }

    /// Upstream's words (kuberuntime_manager.go, computePodActions, and kuberuntime_container.go, computeInitContainerActions).
    @Test
    void whetherWhatAProbeEndsBeginsAgainIsToldWithIt() {
        cri.execExitCodes.put("alive", 1);
        Probe probe = new ProbeBuilder().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).build();
        create(pod("once").editSpec().withRestartPolicy("Never").editContainer(0).withLivenessProbe(probe).endContainer().endSpec().build());
        create(pod("web").editSpec().withRestartPolicy("Never").addNewInitContainer().withName("side").withImage("app:1").withImagePullPolicy("IfNotPresent")
                .withRestartPolicy("Always").withLivenessProbe(probe).endInitContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).extracting(Event::getMessage)
                .contains("Container main failed liveness probe", "Init container side failed liveness probe"));
    }

    /// The hook has the probe's grace, and what is to end has two seconds after it in any case.
    @Test
    void aContainerWhoseHookTookAllOfItsGraceIsAskedToEndAllTheSame() {
        cri.execExitCodes.put("alive", 1);
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).withTerminationGracePeriodSeconds(1L).endLivenessProbe()
                .endContainer().endSpec().build());
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        assertThat(cri.calls().stream().filter(call -> call.startsWith("stop main")).findFirst()).contains("stop main 2");
    }

    @Test
    void hooksAskWhomTheyName() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        HttpServer server = listener(asked, new AtomicInteger(200));
        create(pod("web").editSpec().editContainer(0)
                .addNewPort().withName("hooks").withContainerPort(server.getAddress().getPort()).endPort()
                .withNewLifecycle()
                .withPostStart(new LifecycleHandlerBuilder().withNewHttpGet().withHost(HERE.getHostAddress()).withNewPort("hooks").withPath("/start?by=hook").addNewHttpHeader("X-Test", "yes").endHttpGet().build())
                .withPreStop(new LifecycleHandlerBuilder().withNewHttpGet().withHost(HERE.getHostAddress()).withNewPort(server.getAddress().getPort()).withPath("stop").endHttpGet().build())
                .endLifecycle().endContainer().endSpec().build());
        running("web");
        assertThat(asked).containsExactly("/start?by=hook yes kube-lifecycle/1.36");
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(asked).hasSize(2).last().isEqualTo("/stop null kube-lifecycle/1.36");
        server.stop(0);
    }

    @Test
    void aContainerMayDoSomethingBeforeItEnds() {
        create(pod("web").editSpec().editContainer(0)
                .withNewLifecycle().withPreStop(new LifecycleHandlerBuilder().withNewExec().withCommand("farewell").endExec().build()).endLifecycle()
                .endContainer().endSpec().build());
        running("web");
        assertThat(cri.execs).isEmpty();
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).until(() -> !cri.execs.isEmpty());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(cri.execs).containsExactly("farewell");
    }

    /// A deletion too leaves two seconds after the hook.
    @Test
    void aDeletedPodWhoseHookTookAllOfItsGraceIsAskedToEndAllTheSame() {
        create(pod("web").editSpec().withTerminationGracePeriodSeconds(1L).editContainer(0)
                .withNewLifecycle().withPreStop(new LifecycleHandlerBuilder().withNewExec().withCommand("farewell").endExec().build()).endLifecycle()
                .endContainer().endSpec().build());
        running("web");
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(cri.execs).containsExactly("farewell");
        assertThat(cri.calls().stream().filter(call -> call.startsWith("stop main")).findFirst()).contains("stop main 2");
    }
}
