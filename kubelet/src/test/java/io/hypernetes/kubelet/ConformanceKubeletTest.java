package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.cri.v1.Signal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Behaviours of upstream's conformance suite that a kubelet shows with a runtime in memory, by meaning; `docs/conformance.md` says which is which.
/// Those of probes and hooks, and of resizing, are in classes of their own.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceKubeletTest extends KubeletHarness {

    private static PodBuilder restarting(String name, String policy) {
        return pod(name).editSpec().withRestartPolicy(policy).endSpec();
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
}
