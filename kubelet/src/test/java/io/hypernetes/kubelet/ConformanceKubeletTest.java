package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.grpc.Server;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.cri.v1.Signal;
import io.hypernetes.kubelet.probe.HealthServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Behaviours of upstream's conformance suite that a kubelet shows with a runtime in memory, by meaning; `docs/conformance.md` says which is which.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceKubeletTest extends KubeletHarness {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    private static PodBuilder restarting(String name, String policy) {
        return pod(name).editSpec().withRestartPolicy(policy).endSpec();
    }

    private void change(String name, UnaryOperator<Pod> change) {
        client.of(Kind.POD).change(key(name), null, change);
    }

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

    private static PodBuilder withInit(PodBuilder pod) {
        return pod.editSpec()
                .addNewInitContainer().withName("first").withImage("app:1").withImagePullPolicy("IfNotPresent").endInitContainer()
                .addNewInitContainer().withName("second").withImage("app:1").withImagePullPolicy("IfNotPresent").endInitContainer()
                .endSpec();
    }

    @Test
    void initContainersOfAPodThatMayNotRestartRunOnceEach() {
        create(withInit(restarting("well", "Never")).build());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cri.runsOf("first")).hasSize(1));
        cri.exit("first", 0);
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cri.runsOf("second")).hasSize(1));
        cri.exit("second", 0);
        running("well");
        cri.exit("main", 0);
        eventually("well", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(condition(pod, "Initialized")).isEqualTo("True");
            assertThat(pod.getStatus().getInitContainerStatuses()).allMatch(each -> each.getReady() && each.getState().getTerminated().getExitCode() == 0);
        });
    }

    @Test
    void aFailedInitContainerEndsAPodThatMayNotRestart() {
        create(withInit(restarting("ill", "Never")).build());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cri.runsOf("first")).hasSize(1));
        cri.exit("first", 1);
        eventually("ill", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(condition(pod, "Initialized")).isEqualTo("False");
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("PodInitializing");
        });
        assertThat(cri.runsOf("first")).hasSize(1);
        assertThat(cri.runsOf("second")).isEmpty();
        assertThat(cri.runsOf("main")).isEmpty();
    }

    @Test
    void whatAnEndMeansIsThePolicysAffair() {
        create(restarting("always", "Always").build());
        running("always");
        cri.exit("main", 1);
        eventually("always", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(main(pod).getReady()).isTrue();
        });
        client.of(Kind.POD).delete(key("always"), new Deletion(0L, null));
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("always"))).isEmpty());

        create(restarting("on-failure", "OnFailure").build());
        running("on-failure");
        cri.exit("main", 1);
        eventually("on-failure", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        running("on-failure");
        cri.exit("main", 0);
        eventually("on-failure", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getReady()).isFalse();
        });

        create(restarting("never", "Never").build());
        running("never");
        cri.exit("main", 1);
        eventually("never", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(main(pod).getRestartCount()).isZero();
            assertThat(main(pod).getState().getTerminated().getReason()).isEqualTo("Error");
        });
    }

    @Test
    void aDeadlineMayBeSetWhileAPodRuns() {
        create(pod("late").editSpec().withActiveDeadlineSeconds(600L).endSpec().build());
        running("late");
        change("late", pod -> pod.edit().editSpec().withActiveDeadlineSeconds(1L).endSpec().build());
        eventually("late", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(pod.getStatus().getReason()).isEqualTo("DeadlineExceeded");
        });
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

    /// Five restarts, as upstream has it. The pauses between them are not waited for: the kubelet's clock goes on.
    @Test
    void restartsAreCountedUpwards() {
        cri.execExitCodes.put("cat", 1);
        create(pod("web").editSpec().editContainer(0)
                .withNewLivenessProbe().withNewExec().withCommand("cat", "/tmp/health").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build());
        AtomicInteger last = new AtomicInteger();
        eventually("web", pod -> {
            int now = main(pod).getRestartCount();
            assertThat(now).isBetween(last.get(), last.get() + 1);
            last.set(now);
            if (main(pod).getState().getWaiting() != null && "CrashLoopBackOff".equals(main(pod).getState().getWaiting().getReason())) {
                ahead = ahead.plusSeconds(300);
                // Whatever wakes the pod's loop.
                change("web", woken -> woken.edit().editMetadata().addToAnnotations("woken", String.valueOf(ahead)).endMetadata().build());
            }
            assertThat(now).isEqualTo(5);
        });
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
    void aContainerIsAskedToEndByTheSignalItNames() {
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withStopSignal("SIGRTMIN+3").endLifecycle().endContainer().endSpec().build());
        running("web");
        assertThat(cri.runsOf("main").getFirst().config.getStopSignal()).isEqualTo(Signal.SIGRTMINPLUS3);
        assertThat(main(read("web")).getStopSignal()).isEqualTo("SIGRTMIN+3");
    }

    @Test
    void aMachineMayCallItselfSomethingElse() {
        create(pod("web").editSpec().withHostname("host").withSubdomain("sub").withHostnameOverride("db.example.org").endSpec().build());
        running("web");
        assertThat(cri.sandboxes.values()).singleElement().satisfies(sandbox -> assertThat(sandbox.config.getHostname()).isEqualTo("db.example.org"));
        assertThat(cri.runsOf("main").getFirst().config.getMountsList()).noneMatch(mount -> mount.getContainerPath().equals("/etc/hosts"));
    }

    /// Upstream's race: volumes that are emptyDirs inside, fifty to a pod, in several pods at once.
    @Test
    void manyPodsMayHaveManyConfigMapsEach() {
        for (int i = 0; i < 50; i++) {
            client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder()
                    .withNewMetadata().withNamespace("default").withName("racey-" + i).endMetadata().addToData("data-1", "value-" + i).build());
        }
        for (int i = 0; i < 5; i++) {
            PodBuilder many = pod("many-" + i);
            for (int j = 0; j < 50; j++) {
                many.editSpec().addNewVolume().withName("racey-" + j).withNewConfigMap().withName("racey-" + j).endConfigMap().endVolume()
                        .editContainer(0).addNewVolumeMount().withName("racey-" + j).withMountPath("/etc/config-" + j).endVolumeMount().endContainer().endSpec();
            }
            create(many.build());
        }
        for (int i = 0; i < 5; i++) {
            running("many-" + i);
        }
        assertThat(cri.runsOf("main")).hasSize(5).allSatisfy(run -> assertThat(run.config.getMountsList())
                .filteredOn(mount -> mount.getContainerPath().startsWith("/etc/config-"))
                .hasSize(50)
                .allSatisfy(mount -> assertThat(Path.of(mount.getHostPath(), "data-1"))
                        .hasContent("value-" + mount.getContainerPath().substring("/etc/config-".length()))));
        assertThat(events()).noneMatch(event -> event.getReason().startsWith("Failed"));
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

    @Test
    void theHostsFileHasTheAliasesAndTheWholeNameOfAPod() {
        create(pod("plain").build());
        running("plain");
        assertThat(cri.runsOf("main").getFirst().config.getMountsList()).noneMatch(mount -> mount.getContainerPath().equals("/etc/hosts"));
        create(pod("named").editSpec().withHostname("host").withSubdomain("sub")
                .addNewHostAlias().withIp("192.0.2.1").withHostnames("a.example", "b").endHostAlias().endSpec().build());
        running("named");
        var mount = cri.runsOf("main").getLast().config.getMountsList().stream().filter(each -> each.getContainerPath().equals("/etc/hosts")).findFirst().orElseThrow();
        assertThat(Path.of(mount.getHostPath())).hasFileName("etc-hosts").content()
                .contains(read("named").getStatus().getPodIP() + "\thost.sub.default.svc.cluster.local\thost\n").endsWith("\n192.0.2.1\ta.example\tb\n");
    }

    @Test
    void aPodMayBearItsWholeNameUnlessThatIsTooLong() {
        create(pod("web").editSpec().withSubdomain("sub").withSetHostnameAsFQDN(true).endSpec().build());
        running("web");
        assertThat(cri.sandboxes.values()).singleElement().satisfies(sandbox -> assertThat(sandbox.config.getHostname()).isEqualTo("web.sub.default.svc.cluster.local"));
        create(pod("long").editSpec().withHostname("h".repeat(40)).withSubdomain("sub").withSetHostnameAsFQDN(true).endSpec().build());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).extracting(Event::getMessage).anyMatch(text -> text.endsWith("is too long (64 characters is the max, 70 characters requested)")));
        assertThat(cri.sandboxes).hasSize(1);
    }

    @Test
    void whoMayNotBeRootIsNoneByItsImageEither() {
        cri.imageUsers.put("named:1", "www");
        cri.imageUsers.put("numbered:1", "1000");
        for (String image : List.of("app", "named", "numbered")) {
            create(pod(image).editSpec().withNewSecurityContext().withRunAsNonRoot(true).endSecurityContext().editContainer(0).withImage(image + ":1").endContainer().endSpec().build());
        }
        running("numbered");
        // What was checked is what the runtime is told to run.
        assertThat(cri.runsOf("main").getFirst().config.getLinux().getSecurityContext().getRunAsUser().getValue()).isEqualTo(1000);
        for (String image : List.of("app", "named")) {
            eventually(image, pod -> {
                assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CreateContainerConfigError");
                assertThat(main(pod).getState().getWaiting().getMessage()).startsWith("container has runAsNonRoot and image " + (image.equals("app")
                        ? "will run as root (pod: \"app_default(" : "has non-numeric user (www), cannot verify user is non-root (pod: \"named_default("));
            });
        }
        assertThat(cri.runsOf("main")).hasSize(1);
    }

    private Pod withPart(String name, String value) {
        return pod(name).editMetadata().addToAnnotations("part", value).endMetadata().editSpec()
                .addNewVolume().withName("work").withNewEmptyDir().endEmptyDir().endVolume()
                .editContainer(0)
                .addNewEnv().withName("PART").withNewValueFrom().withNewFieldRef("v1", "metadata.annotations['part']").endValueFrom().endEnv()
                .withVolumeMounts(new VolumeMountBuilder().withName("work").withMountPath("/work").withSubPathExpr("$(PART)").build())
                .endContainer().endSpec().build();
    }

    @Test
    void aPartOfAVolumeStaysInIt() {
        create(withPart("absolute", "/tmp"));
        create(withPart("upwards", ".."));
        create(withPart("nothing", ""));
        for (String name : List.of("absolute", "upwards", "nothing")) {
            eventually(name, pod -> {
                assertThat(pod.getStatus().getPhase()).isEqualTo("Pending");
                assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CreateContainerConfigError");
            });
        }
        assertThat(main(read("nothing")).getState().getWaiting().getMessage()).isEqualTo("missing value for PART");
        assertThat(cri.runsOf("main")).isEmpty();
        // What was wrong is put right, and it goes on.
        change("absolute", pod -> pod.edit().editMetadata().addToAnnotations("part", "mine").endMetadata().build());
        running("absolute");
        assertThat(cri.runsOf("main").getFirst().config.getMounts(0).getHostPath()).endsWith("/work/mine");
    }

    @Test
    void severalContainersAreResizedAtOnce() {
        PodBuilder three = pod("web").editSpec()
                .addNewContainer().withName("c2").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer()
                .addNewContainer().withName("c3").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer().endSpec();
        create(sized(three.build(), List.of("100m", "100m", "100m"), List.of("64Mi", "64Mi", "64Mi")));
        running("web");
        change("web", pod -> sized(pod, List.of("200m", "50m", "150m"), List.of("64Mi", "96Mi", "96Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("cpu").toString()).containsExactly("200m", "50m", "150m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("memory").toString()).containsExactly("64Mi", "96Mi", "96Mi");
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
        });
        // One gets more and the others less, which is less altogether.
        change("web", pod -> sized(pod, List.of("250m", "25m", "25m"), List.of("80Mi", "64Mi", "64Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("cpu").toString()).containsExactly("250m", "25m", "25m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("memory").toString()).containsExactly("80Mi", "64Mi", "64Mi");
        });
        // And two get more and one less, which is more altogether.
        change("web", pod -> sized(pod, List.of("300m", "75m", "20m"), List.of("96Mi", "80Mi", "48Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getRequests().get("cpu").toString()).containsExactly("300m", "75m", "20m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getAllocatedResources().get("memory").toString()).containsExactly("96Mi", "80Mi", "48Mi");
        });
        assertThat(cri.runsOf("main").getFirst().resources().getCpuQuota()).isEqualTo(30_000);
        assertThat(read("web").getStatus().getContainerStatuses()).allMatch(each -> each.getRestartCount() == 0);
        assertThat(read("web").getStatus().getQosClass()).isEqualTo("Guaranteed");
    }

    private static ResourceRequirements amounts(Map<String, String> requests, Map<String, String> limits) {
        ResourceRequirementsBuilder amounts = new ResourceRequirementsBuilder();
        requests.forEach((name, amount) -> amounts.addToRequests(name, new Quantity(amount)));
        limits.forEach((name, amount) -> amounts.addToLimits(name, new Quantity(amount)));
        return amounts.build();
    }

    private static Pod sized(Pod pod, List<ResourceRequirements> resources) {
        Pod sized = new PodBuilder(pod).build();
        for (int i = 0; i < resources.size(); i++) {
            sized.getSpec().getContainers().get(i).setResources(resources.get(i));
        }
        return sized;
    }

    /// More and less, of the one and of the other, limits where there were none, and one that stays as it is.
    @Test
    void sixContainersAreResizedEachInItsOwnWay() {
        PodBuilder six = pod("web");
        for (int i = 2; i <= 6; i++) {
            six.editSpec().addNewContainer().withName("c" + i).withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer().endSpec();
        }
        var cpu = Map.of("cpu", "100m");
        var both = Map.of("cpu", "100m", "memory", "64Mi");
        create(sized(six.build(), List.of(
                amounts(cpu, Map.of("cpu", "200m")), amounts(both, both), amounts(both, Map.of()),
                amounts(Map.of(), Map.of()), amounts(Map.of("memory", "64Mi"), Map.of("memory", "96Mi")), amounts(cpu, Map.of()))));
        running("web");
        List<ResourceRequirements> wanted = List.of(
                amounts(Map.of("cpu", "150m"), Map.of("cpu", "300m")),
                amounts(Map.of("cpu", "50m", "memory", "48Mi"), Map.of("cpu", "100m", "memory", "96Mi")),
                amounts(both, Map.of("cpu", "400m", "memory", "128Mi")),
                amounts(Map.of("cpu", "20m", "memory", "32Mi"), Map.of()),
                amounts(Map.of("memory", "80Mi"), Map.of("memory", "96Mi")),
                amounts(cpu, Map.of()));
        change("web", pod -> sized(pod, wanted));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources()).containsExactlyElementsOf(wanted);
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
            assertThat(pod.getStatus().getContainerStatuses().get(3).getAllocatedResources()).containsEntry("memory", new Quantity("32Mi"));
        });
        assertThat(cri.runsOf("c2").getFirst().resources().getMemoryLimitInBytes()).isEqualTo(96L << 20);
        assertThat(cri.runsOf("c3").getFirst().resources().getCpuQuota()).isEqualTo(40_000);
        assertThat(cri.runsOf("c6").getFirst().updated).as("nothing was asked of it").isNull();
        assertThat(read("web").getStatus().getContainerStatuses()).allMatch(each -> each.getRestartCount() == 0);
        assertThat(read("web").getStatus().getQosClass()).isEqualTo("Burstable");
    }

    /// Amounts below what a kernel tells apart: the status says what was asked, and nothing is waited for.
    @Test
    void whatIsTheSameToTheKernelIsResizedAtOnce() {
        create(sized(pod("web").build(), List.of(amounts(Map.of("cpu", "2m"), Map.of("cpu", "10m")))));
        running("web");
        var less = amounts(Map.of("cpu", "1m"), Map.of("cpu", "5m"));
        change("web", pod -> sized(pod, List.of(less)));
        eventually("web", pod -> {
            assertThat(main(pod).getResources()).isEqualTo(less);
            assertThat(main(pod).getAllocatedResources()).containsEntry("cpu", new Quantity("1m"));
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
        });
        assertThat(main(read("web")).getRestartCount()).isZero();
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("update"));
    }

    private static Pod sized(Pod pod, List<String> cpu, List<String> memory) {
        Pod sized = new PodBuilder(pod).build();
        for (int i = 0; i < cpu.size(); i++) {
            var amounts = Map.of("cpu", new Quantity(cpu.get(i)), "memory", new Quantity(memory.get(i)));
            sized.getSpec().getContainers().get(i).setResources(new io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder().withLimits(amounts).withRequests(amounts).build());
        }
        return sized;
    }
}
