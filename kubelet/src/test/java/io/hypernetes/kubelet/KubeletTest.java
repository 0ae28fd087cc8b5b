package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kubelet's main path.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KubeletTest extends KubeletHarness {
    @Test
    void aNodeRegistersRenewsItsLeaseAndIsReadyOnceItHasPodAddresses() {
        // Neither need be there at the first look.
        await().ignoreException(ApiException.class).untilAsserted(() -> {
            Node node = client.of(Kind.NODE).get(ObjectKey.root("n1"));
            assertThat(node.getSpec().getTaints()).extracting("key").containsExactly("node.kubernetes.io/not-ready");
            assertThat(node.getStatus().getNodeInfo().getContainerRuntimeVersion()).isEqualTo("hyperd://0.1.0");
            assertThat(node.getStatus().getDaemonEndpoints().getKubeletEndpoint().getPort()).isEqualTo(kubelet.port());
            assertThat(client.of(Kind.LEASE).get(new ObjectKey("root", "kube-node-lease", "n1")).getSpec().getHolderIdentity()).isEqualTo("n1");
        });
        client.of(Kind.NODE).patch(ObjectKey.root("n1"), Patch.merge(Map.of("spec", Map.of("podCIDR", "10.88.3.0/24"))));
        await().untilAsserted(() -> {
            assertThat(cri.podCidr).isEqualTo("10.88.3.0/24");
            assertThat(client.of(Kind.NODE).get(ObjectKey.root("n1")).getStatus().getConditions())
                    .anySatisfy(each -> {
                        assertThat(each.getType()).isEqualTo("Ready");
                        assertThat(each.getStatus()).isEqualTo("True");
                    });
        });
    }

    /// pkg/kubelet/kubelet_node_status.go, recordNodeSchedulableEvent.
    @Test
    void whatBecomesOfANodeIsAmongItsEvents() {
        await().until(() -> client.of(Kind.NODE).find(ObjectKey.root("n1")).isPresent());
        client.of(Kind.NODE).patch(ObjectKey.root("n1"), Patch.merge(Map.of("spec", Map.of("podCIDR", "10.88.3.0/24"))));
        toldOfTheNode("NodeReady");
        client.of(Kind.NODE).patch(ObjectKey.root("n1"), Patch.merge(Map.of("spec", Map.of("unschedulable", true))));
        toldOfTheNode("NodeNotSchedulable");
        client.of(Kind.NODE).patch(ObjectKey.root("n1"), Patch.merge(Map.of("spec", Map.of("unschedulable", false))));
        toldOfTheNode("NodeSchedulable");
    }

    private void toldOfTheNode(String reason) {
        await().atMost(Duration.ofSeconds(25)).untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("root"), Selection.everything()).items())
                .filteredOn(event -> event.getReason().equals(reason)).singleElement()
                .satisfies(event -> assertThat(event.getMessage()).isEqualTo("Node n1 status is now: " + reason)));
    }

    @Test
    void aPodRunsAndSaysSo() {
        create(pod("web").build());
        running("web");
        Pod pod = read("web");
        assertThat(pod.getStatus().getPodIP()).startsWith("10.88.0.");
        assertThat(pod.getStatus().getHostIP()).isEqualTo("127.0.0.1");
        assertThat(pod.getStatus().getQosClass()).isEqualTo("BestEffort");
        assertThat(main(pod).getContainerID()).startsWith("hyperd://c");
        assertThat(main(pod).getImageID()).isEqualTo("sha256:app:1");
        assertThat(main(pod).getState().getRunning().getStartedAt()).isNotEmpty();
        for (String type : List.of("PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled")) {
            assertThat(condition(pod, type)).as(type).isEqualTo("True");
        }
        assertThat(cri.calls()).containsExactly("run-sandbox", "pull app:1", "create main", "start main");
        await().untilAsserted(() -> assertThat(events()).extracting(Event::getReason)
                .contains("Pulling", "Pulled", "Created", "Started"));
    }

    @Test
    void aMachineThatBootedInsteadOfBeingCopiedSaysWhyOnce() {
        cri.coldReasons.put("slow", "its template is still being made");
        create(pod("fast").build());
        create(pod("slow").build());
        running("fast");
        running("slow");
        await().untilAsserted(() -> assertThat(events()).filteredOn(event -> event.getReason().equals("ColdStart")).singleElement().satisfies(event -> {
            assertThat(event.getInvolvedObject().getName()).isEqualTo("slow");
            assertThat(event.getMessage()).endsWith("its template is still being made");
            assertThat(event.getType()).isEqualTo("Normal");
        }));
    }

    @Test
    void aCrashIsRestartedAtOnceAndThenBackedOff() {
        create(pod("web").build());
        running("web");
        cri.exit("main", 3);
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
            assertThat(main(pod).getLastState().getTerminated().getExitCode()).isEqualTo(3);
            assertThat(main(pod).getLastState().getTerminated().getReason()).isEqualTo("Error");
        });
        cri.exit("main", 4);
        eventually("web", pod -> {
            assertThat(main(pod).getState().getWaiting()).isNotNull();
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff");
            assertThat(main(pod).getState().getWaiting().getMessage())
                    .isEqualTo("back-off 10s restarting failed container=main pod=web_default(" + pod.getMetadata().getUid() + ")");
            assertThat(main(pod).getLastState().getTerminated().getExitCode()).isEqualTo(4);
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(condition(pod, "Ready")).isEqualTo("False");
        });
        await().untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("BackOff");
            assertThat(event.getMessage()).startsWith("Back-off restarting failed container main in pod web_default(");
        }));
    }

    @Test
    void aPodThatMayNotRestartEndsHonestlyAndItsMachineGoes() {
        create(pod("once").editSpec().withRestartPolicy("Never").endSpec().build());
        running("once");
        cri.exit("main", 7);
        eventually("once", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(main(pod).getState().getTerminated().getExitCode()).isEqualTo(7);
            assertThat(main(pod).getRestartCount()).isZero();
            assertThat(condition(pod, "Ready")).isEqualTo("False");
        });
        await().untilAsserted(() -> assertThat(cri.calls()).contains("stop-sandbox"));
        create(pod("good").editSpec().withRestartPolicy("OnFailure").endSpec().build());
        running("good");
        cri.exit("main", 0);
        eventually("good", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(main(pod).getState().getTerminated().getReason()).isEqualTo("Completed");
        });
    }

    @Test
    void theMachineOfAPodThatIsOverIsEndedOnce() {
        create(pod("web").editSpec().withRestartPolicy("Never").endSpec().build());
        running("web");
        cri.exit("main", 0);
        eventually("web", pod -> assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded"));
        await().until(() -> cri.calls().contains("stop-sandbox"));
        for (int time = 0; time < 3; time++) {
            int before = cri.looks.get();
            kubelet.pods().wake(read("web").getMetadata().getUid());
            await().until(() -> cri.looks.get() > before);
        }
        assertThat(cri.calls()).filteredOn("stop-sandbox"::equals).hasSize(1);
    }

    @Test
    void initContainersRunInOrderAndAFailureIsRepeated() {
        create(pod("web").editSpec()
                .addNewInitContainer().withName("first").withImage("app:1").withImagePullPolicy("IfNotPresent").endInitContainer()
                .addNewInitContainer().withName("second").withImage("app:1").withImagePullPolicy("IfNotPresent").endInitContainer()
                .endSpec().build());
        await().untilAsserted(() -> assertThat(cri.runsOf("first")).hasSize(1));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Pending");
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("PodInitializing");
            assertThat(condition(pod, "Initialized")).isEqualTo("False");
        });
        cri.exit("first", 1);
        await().untilAsserted(() -> assertThat(cri.runsOf("first")).hasSize(2));
        assertThat(cri.runsOf("second")).isEmpty();
        cri.exit("first", 0);
        await().untilAsserted(() -> assertThat(cri.runsOf("second")).hasSize(1));
        cri.exit("second", 0);
        running("web");
        assertThat(condition(read("web"), "Initialized")).isEqualTo("True");
    }

    @Test
    void deletingEndsContainersThenTheMachineThenTheObject() {
        create(pod("web").build());
        running("web");
        String uid = read("web").getMetadata().getUid();
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(cri.calls()).containsSubsequence("start main", "stop main 5", "stop-sandbox", "remove-sandbox");
        assertThat(cri.sandboxes).isEmpty();
        assertThat(cri.runs).isEmpty();
        assertThat(folder.resolve("lib/pods").resolve(uid)).doesNotExist();
        assertThat(folder.resolve("log/pods").toFile().list()).isEmpty();
        await().untilAsserted(() -> assertThat(events()).extracting(Event::getReason).contains("Killing"));
    }

    @Test
    void aSecondDeleteWithLessGraceIsHeard() {
        cri.ignoreTerm = true;
        create(pod("web").editSpec().withTerminationGracePeriodSeconds(600L).endSpec().build());
        running("web");
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(cri.calls()).contains("stop main 600"));
        client.of(Kind.POD).delete(key("web"), new Deletion(0L, null));
        await().untilAsserted(() -> assertThat(cri.sandboxes).isEmpty());
    }

    @Test
    void aKilledKubeletIsFollowedByOneThatRestartsNothing() throws Exception {
        create(pod("web").build());
        create(pod("gone").build());
        running("web");
        running("gone");
        List<String> before = cri.calls();
        String id = main(read("web")).getContainerID();
        kubelet.close();
        api.remove(Kind.POD, key("gone"));
        kubelet = kubelet();
        await().untilAsserted(() -> assertThat(cri.sandboxes).hasSize(1));
        assertThat(main(read("web")).getContainerID()).isEqualTo(id);
        assertThat(main(read("web")).getRestartCount()).isZero();
        assertThat(condition(read("web"), "Ready")).isEqualTo("True");
        assertThat(cri.calls().subList(before.size(), cri.calls().size())).noneMatch(call -> call.startsWith("run-") || call.startsWith("create"));
        cri.exit("main", 1);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
    }

    @Test
    void aRuntimeThatWentAwayIsWaitedFor() throws Exception {
        create(pod("web").build());
        running("web");
        cri.stop();
        cri.exit("main", 9);
        cri.start();
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getLastState().getTerminated().getExitCode()).isEqualTo(9);
        });
    }

    @Test
    void aMachineThatDiesIsReplaced() {
        cri.podCidr = "10.88.0.0/24";
        create(pod("web").build());
        running("web");
        cri.crashMachines();
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
        });
        assertThat(cri.sandboxes.values()).extracting(sandbox -> sandbox.config.getMetadata().getAttempt()).contains(1);
    }

    @Test
    void anImageThatDoesNotExistIsToldAndBackedOff() {
        cri.pullFailure = "manifest unknown: no such tag";
        create(pod("web").build());
        eventually("web", pod -> {
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("ImagePullBackOff");
            assertThat(main(pod).getState().getWaiting().getMessage())
                    .startsWith("Back-off pulling image \"app:1\"").contains("manifest unknown: no such tag");
            assertThat(pod.getStatus().getPhase()).isEqualTo("Pending");
        });
        await().untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("Failed");
            assertThat(event.getMessage()).contains("manifest unknown: no such tag");
        }));
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
    }

    @Test
    void whatTheNodeCannotDoIsToldWithoutItsPaths() {
        Path disk = folder.resolve("lib/pods/x/disk.img");
        cri.sandboxFailure = "making the disk " + disk + " for /data: " + new java.nio.file.FileSystemException(disk.toString(), null, "No space left on device");
        create(pod("web").build());
        await().untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("FailedCreatePodSandBox");
            assertThat(event.getMessage()).isEqualTo("Failed to create pod sandbox: rpc error: code = Unavailable desc = making the disk (a path of the node) for /data: "
                    + "java.nio.file.FileSystemException: (a path of the node): No space left on device");
        }));
        cri.pullFailure = "unpacking into " + folder.resolve("lib/images") + " failed";
        cri.sandboxFailure = "";
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getMessage()).contains("unpacking into (a path of the node) failed"));
        assertThat(events()).isNotEmpty().noneSatisfy(event -> assertThat(event.getMessage()).contains(folder.toString()));
    }

    @Test
    void configMapsBecomeFilesAndVariables() {
        create(pod("web").editSpec()
                .addNewVolume().withName("conf").withNewConfigMap().withName("settings").endConfigMap().endVolume()
                .editContainer(0)
                .addNewVolumeMount().withName("conf").withMountPath("/etc/conf").withReadOnly(true).endVolumeMount()
                .addNewEnv().withName("COLOUR").withNewValueFrom().withNewConfigMapKeyRef("colour", "settings", false).endValueFrom().endEnv()
                .addNewEnv().withName("WHO").withNewValueFrom().withNewFieldRef("v1", "metadata.name").endValueFrom().endEnv()
                .withCommand("show", "$(COLOUR)-$(WHO)")
                .endContainer().endSpec().build());
        await().untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("FailedMount");
            assertThat(event.getMessage()).isEqualTo("MountVolume.SetUp failed for volume \"conf\" : configmap \"settings\" not found");
        }));
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder()
                .withNewMetadata().withNamespace("default").withName("settings").endMetadata().addToData("colour", "blue").build());
        running("web");
        var config = cri.runsOf("main").getFirst().config;
        assertThat(config.getCommandList()).containsExactly("show", "blue-web");
        Path mounted = Path.of(config.getMounts(0).getHostPath());
        assertThat(mounted.toString()).contains("/volumes/kubernetes.io~configmap/conf");
        assertThat(mounted.resolve("colour")).hasContent("blue");
        assertThat(Files.isSymbolicLink(mounted.resolve("..data"))).isTrue();
    }

    @Test
    void readinessAndLivenessProbesAreHeeded() {
        cri.execExitCodes.put("ready", 1);
        create(pod("web").editSpec().editContainer(0)
                .withNewReadinessProbe().withNewExec().withCommand("ready").endExec().withPeriodSeconds(1).withFailureThreshold(1).endReadinessProbe()
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(2).endLivenessProbe()
                .endContainer().endSpec().build());
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(main(pod).getReady()).isFalse();
        });
        cri.execExitCodes.put("ready", 0);
        running("web");
        cri.execExitCodes.put("alive", 1);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        cri.execExitCodes.put("alive", 0);
        running("web");
        await().untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("Killing");
            assertThat(event.getMessage()).isEqualTo("Container main failed liveness probe, will be restarted");
        }));
    }
}
