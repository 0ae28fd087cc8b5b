package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.NamespaceMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What may change in a pod while it runs: containers added for debugging, processors and memory.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunningPodChangesTest extends KubeletHarness {

    @Test
    void anEphemeralContainerIsStartedOnceAndSeesTheProcessesOfItsTarget() {
        create(pod("web").build());
        running("web");
        change("web", pod -> pod.edit().editSpec().addToEphemeralContainers(new EphemeralContainerBuilder()
                .withName("debugger").withImage("tools:1").withImagePullPolicy("IfNotPresent").withTargetContainerName("main").withTty(true).build()).endSpec().build());
        eventually("web", pod -> {
            assertThat(pod.getStatus().getEphemeralContainerStatuses()).hasSize(1);
            assertThat(pod.getStatus().getEphemeralContainerStatuses().getFirst().getState().getRunning()).isNotNull();
        });
        FakeCri.Run run = cri.runsOf("debugger").getFirst();
        var namespaces = run.config.getLinux().getSecurityContext().getNamespaceOptions();
        assertThat(namespaces.getPid()).isEqualTo(NamespaceMode.TARGET);
        assertThat(namespaces.getTargetId()).isEqualTo(read("web").getStatus().getContainerStatuses().getFirst().getContainerID().replace("hyperd://", ""));

        cri.exit("debugger", 3);
        eventually("web", pod -> {
            assertThat(pod.getStatus().getEphemeralContainerStatuses().getFirst().getState().getTerminated().getExitCode()).isEqualTo(3);
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(condition(pod, "Ready")).isEqualTo("True");
        });
        // Something else wakes the pod: the debugger stays ended.
        cri.exit("main", 1);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        assertThat(cri.runsOf("debugger")).hasSize(1);
    }

    @Test
    void aPodOfASuspendedTenantStandsStillAndGoesOnWhereItWas() {
        suspendAndResume(false);
        assertThat(cri.calls().stream().filter("restore"::equals).count()).isEqualTo(2);
        for (String name : new String[] {"web", "job"}) {
            eventually(name, pod -> assertThat(main(pod).getRestartCount()).isZero());
        }
        assertThat(cri.runsOf("main").stream().filter(run -> run.state == io.hypernetes.cri.v1.ContainerState.CONTAINER_RUNNING)).hasSize(2);
        assertThat(cri.podCalls.checkpoints).isEmpty();
        // One that is deleted while it stands still leaves nothing.
        suspend("web");
        await().until(() -> !cri.podCalls.checkpoints.isEmpty());
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "web"), io.hypernetes.client.Deletion.ordinary());
        await().until(() -> cri.podCalls.checkpoints.isEmpty() && client.of(Kind.POD).find(new ObjectKey("red", "default", "web")).isEmpty());
    }

    @Test
    void aPodOfASuspendedTenantBeginsAnewWhereItsMemoryCannotBeKept() {
        cri.podCalls.cannotCheckpoint = true;
        suspendAndResume(true);
        assertThat(cri.calls()).doesNotContain("checkpoint", "restore");
    }

    private void suspendAndResume(boolean anew) {
        cri.podCidr = "10.88.0.0/24";
        create(pod("web").build());
        create(pod("job").editSpec().withRestartPolicy("Never").endSpec().build());
        running("web");
        running("job");
        int sandboxes = cri.sandboxesReady();
        for (String name : new String[] {"web", "job"}) {
            suspend(name);
        }
        for (String name : new String[] {"web", "job"}) {
            eventually(name, pod -> {
                assertThat(main(pod).getState().getWaiting()).isNotNull();
                assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended");
                assertThat(condition(pod, "Ready")).isEqualTo("False");
                assertThat(pod.getStatus().getPhase()).isNotIn("Failed", "Succeeded");
            });
        }
        assertThat(cri.sandboxesReady()).isEqualTo(sandboxes - 2);
        assertThat(cri.podCalls.checkpoints).hasSize(anew ? 0 : 2);
        for (String name : new String[] {"web", "job"}) {
            resume(name);
        }
        running("web");
        running("job");
        assertThat(cri.sandboxesReady()).isEqualTo(sandboxes);
    }

    /// What another tenant pulled lies on the node, and that gives nobody a right to it.
    @Test
    @Tag("MTB-PL1-CC-DI-1")
    void anImageThatIsHereStartsOnlyForWhoMayPullIt() {
        String image = "registry.example/app:1";
        tenant("blue");
        tenant("red");
        client.of(Kind.SECRET).create("blue", new SecretBuilder()
                .withNewMetadata().withNamespace("default").withName("key").endMetadata()
                .withType("kubernetes.io/dockerconfigjson")
                .addToData(".dockerconfigjson", Base64.getEncoder().encodeToString(
                        "{\"auths\":{\"registry.example\":{\"username\":\"u\",\"password\":\"p\"}}}".getBytes(StandardCharsets.UTF_8)))
                .build());
        ObjectKey holder = new ObjectKey("blue", "default", "holder");
        client.of(Kind.POD).create("blue", pod("holder").editSpec().addNewImagePullSecret("key").editContainer(0).withImage(image).endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            Pod now = client.of(Kind.POD).get(holder);
            return now.getStatus() != null && "Running".equals(now.getStatus().getPhase());
        });
        assertThat(cri.pulledFor).as("the runtime judges registries by it").containsEntry(image, "blue");
        assertThat(cri.pulledForUid).as("and by it whose the layers are").containsEntry(image, client.of(Kind.TENANT).get(ObjectKey.root("blue")).getMetadata().getUid());
        int runs = cri.runsOf("main").size();
        cri.pullFailure = "unauthorized";
        create(pod("thief").editSpec().editContainer(0).withImage(image).endContainer().endSpec().build());
        create(pod("never").editSpec().editContainer(0).withImage(image).withImagePullPolicy("Never").endContainer().endSpec().build());
        eventually("thief", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isIn("ErrImagePull", "ImagePullBackOff"));
        eventually("never", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("ErrImageNeverPull"));
        client.of(Kind.TENANT).delete(ObjectKey.root("blue"), Deletion.ordinary());
        tenant("blue");
        ObjectKey heir = new ObjectKey("blue", "default", "heir");
        client.of(Kind.POD).create("blue", pod("heir").editSpec().editContainer(0).withImage(image).withImagePullPolicy("Never").endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().untilAsserted(() -> assertThat(main(client.of(Kind.POD).get(heir)).getState().getWaiting().getMessage())
                .as("a later tenant of the name").contains("not known to have been pulled here for this tenant"));
        assertThat(cri.runsOf("main")).hasSize(runs);
        cri.pullFailure = "";
        create(pod("owner").editSpec().editContainer(0).withImage(image).endContainer().endSpec().build());
        running("owner");
        long pulls = cri.calls().stream().filter(call -> call.equals("pull " + image)).count();
        cri.pullFailure = "the registry is away";
        create(pod("again").editSpec().editContainer(0).withImage(image).endContainer().endSpec().build());
        running("again");
        assertThat(cri.calls().stream().filter(call -> call.equals("pull " + image)).count()).isEqualTo(pulls);
    }

    private void tenant(String name) {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion("hypernetes.io/v1");
        tenant.setKind("Tenant");
        tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
        client.of(Kind.TENANT).create(ObjectKey.ROOT, tenant);
    }

    @Test
    void anImageThatNobodyPulledIsThereForAll() {
        cri.images.add("loaded/app:1");
        cri.pullFailure = "no such registry";
        create(pod("web").editSpec().editContainer(0).withImage("loaded/app:1").endContainer().endSpec().build());
        running("web");
    }

    @Test
    void limitsChangeInPlace() {
        create(limited("web", "64Mi"));
        running("web");
        resize("web", "96Mi");
        eventually("web", pod -> {
            assertThat(main(pod).getResources().getLimits().get("memory")).isEqualTo(new Quantity("96Mi"));
            assertThat(main(pod).getAllocatedResources().get("memory")).isEqualTo(new Quantity("96Mi"));
            assertThat(resizing(pod)).isEmpty();
        });
        assertThat(cri.calls()).contains("update main " + (96L << 20));
        assertThat(main(read("web")).getRestartCount()).isZero();
    }

    @Test
    void aContainerThatSaysSoIsRestartedForNewLimits() {
        Pod pod = limited("web", "64Mi");
        create(pod.edit().editSpec().editContainer(0)
                .addNewResizePolicy().withResourceName("memory").withRestartPolicy("RestartContainer").endResizePolicy()
                .endContainer().endSpec().build());
        running("web");
        resize("web", "96Mi");
        eventually("web", now -> {
            assertThat(main(now).getRestartCount()).isEqualTo(1);
            assertThat(main(now).getResources().getLimits().get("memory")).isEqualTo(new Quantity("96Mi"));
            assertThat(resizing(now)).isEmpty();
        });
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("update"));
    }

    /// What it does before that has its pod's time, and not that of a probe that fails meanwhile.
    @Test
    void aContainerThatIsRestartedForNewLimitsEndsForThemAlone() {
        create(limited("web", "64Mi").edit().editSpec().withTerminationGracePeriodSeconds(600L).editContainer(0)
                .addNewResizePolicy().withResourceName("memory").withRestartPolicy("RestartContainer").endResizePolicy()
                .withNewLifecycle().withNewPreStop().withNewSleep(3L).endPreStop().endLifecycle()
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1)
                .withTerminationGracePeriodSeconds(1L).endLivenessProbe()
                .endContainer().endSpec().build());
        running("web");
        resize("web", "96Mi");
        await().atMost(Duration.ofSeconds(60)).until(() -> events().stream().anyMatch(event -> event.getReason().equals("Killing")));
        cri.execExitCodes.put("alive", 1);
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.calls().stream().anyMatch(call -> call.startsWith("stop main ")));
        assertThat(cri.calls()).filteredOn(call -> call.startsWith("stop main "))
                .allSatisfy(call -> assertThat(Long.parseLong(call.split(" ")[2])).isBetween(500L, 600L));
    }

    @Test
    void whatTheMachineOrTheNodeCannotGiveIsInfeasible() {
        create(limited("web", "64Mi"));
        running("web");
        cri.updateFailure = "the machine has 128 MiB";
        resize("web", "200Mi");
        eventually("web", pod -> {
            assertThat(resizing(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            assertThat(resizing(pod).orElseThrow().getMessage()).contains("the machine has 128 MiB");
            assertThat(main(pod).getAllocatedResources().get("memory")).isEqualTo(new Quantity("64Mi"));
        });
        // A container that ends meanwhile gets what it had.
        cri.exit("main", 1);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        assertThat(cri.runsOf("main").getLast().config.getLinux().getResources().getMemoryLimitInBytes()).isEqualTo(64L << 20);

        cri.updateFailure = "";
        resize("web", "1000Ti");
        eventually("web", pod -> assertThat(resizing(pod).orElseThrow().getMessage()).startsWith("Node didn't have enough capacity: memory"));
        resize("web", "64Mi");
        eventually("web", pod -> assertThat(resizing(pod)).isEmpty());
    }

    /// Upstream's pkg/kubelet/events: who waits for a resize reads from these what was wanted, and of which generation.
    @Test
    void eventsTellWhatIsResizedAndWhen() {
        create(limited("web", "64Mi"));
        running("web");
        resize("web", "96Mi");
        awaitEvent("Normal ResizeStarted Pod resize started: ", "96Mi", "");
        awaitEvent("Normal ResizeCompleted Pod resize completed: ", "96Mi", "");
        cri.updateFailure = "too much";
        resize("web", "200Mi");
        awaitEvent("Warning ResizeInfeasible Pod resize Infeasible: ", "200Mi", ",\"error\":\"rpc error: code = ResourceExhausted desc = too much\"");
        assertThat(events()).filteredOn(event -> event.getReason().equals("ResizeStarted") || event.getReason().equals("ResizeCompleted"))
                .as("each once, nothing of what is refused").hasSize(2);
    }

    private void awaitEvent(String head, String memory, String error) {
        Long generation = read("web").getMetadata().getGeneration();
        String message = head + "{\"containers\":[{\"name\":\"main\",\"resources\":{\"limits\":{\"memory\":\"" + memory + "\"},\"requests\":{\"memory\":\"" + memory + "\"}}}],"
                + "\"generation\":" + (generation == null ? 0 : generation) + error + "}";
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events())
                .extracting(event -> event.getType() + " " + event.getReason() + " " + event.getMessage()).contains(message));
    }

    private static Pod limited(String name, String memory) {
        return pod(name).editSpec().editContainer(0)
                .withNewResources().withLimits(Map.of("memory", new Quantity(memory))).withRequests(Map.of("memory", new Quantity(memory))).endResources()
                .endContainer().endSpec().build();
    }

    private void resize(String name, String memory) {
        change(name, pod -> pod.edit().editSpec().editContainer(0).editResources()
                .addToLimits("memory", new Quantity(memory)).addToRequests("memory", new Quantity(memory)).endResources()
                .endContainer().endSpec().build());
    }

    private static Optional<PodCondition> resizing(Pod pod) {
        return pod.getStatus().getConditions().stream().filter(each -> each.getType().startsWith("PodResize")).findFirst();
    }
}
