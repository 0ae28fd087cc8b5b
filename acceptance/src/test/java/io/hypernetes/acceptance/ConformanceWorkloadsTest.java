package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Behaviours of upstream's conformance suite that need nodes and no containers, by meaning, on two simulated nodes; `docs/conformance.md` says
/// which is which.
@ExtendWith(SharedCluster.class)
class ConformanceWorkloadsTest {
    private static final String SPACE = "c-workloads";
    private static final String PLACE = SimulatedNodesOf.placement("conf");

    private static SimulatedNodesOf nodes;
    private static KubernetesClient api;

    @BeforeAll
    static void start(Cluster cluster) throws IOException {
        nodes = SimulatedNodesOf.two(cluster, "conf");
        api = new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(Files.readString(Path.of(cluster.environment().get("KUBECONFIG"))))).build();
        cluster.kubectl("create", "namespace", SPACE);
        cluster.apply("""
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: c-low}, value: 1}
                ---
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: c-middle}, value: 100}
                ---
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: c-high}, value: 1000}
                """);
    }

    @AfterAll
    static void stop(Cluster cluster) {
        api.close();
        nodes.close();
        cluster.kubectl("delete", "namespace", SPACE, "--wait=false");
        cluster.kubectl("delete", "priorityclass", "c-low", "c-middle", "c-high");
    }

    private static void create(String yaml) {
        // The client takes what begins with a brace for JSON.
        api.load(new ByteArrayInputStream(("---\n" + yaml.replace("PLACE", PLACE)).getBytes(StandardCharsets.UTF_8))).inNamespace(SPACE).create();
    }

    private static void eventually(ThrowingRunnable check) {
        // What has no status yet is looked at again.
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100)).ignoreExceptionsInstanceOf(NullPointerException.class).untilAsserted(check);
    }

    private static Pod pod(String name) {
        return api.pods().inNamespace(SPACE).withName(name).get();
    }

    private static List<Pod> pods(String app) {
        return api.pods().inNamespace(SPACE).withLabel("app", app).list().getItems();
    }

    private static void awaitRunning(String app, int number) {
        eventually(() -> assertThat(pods(app)).filteredOn(pod -> "Running".equals(pod.getStatus().getPhase()) && pod.getMetadata().getDeletionTimestamp() == null).hasSize(number));
    }

    private static String onePod(String name, String more) {
        return "{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: %s}}, spec: {PLACE, %scontainers: [{name: c, image: x}]}}".formatted(name, name, more);
    }

    /// Written without a revision: the controller writes at the same time.
    private static void template(String deployment, String image, String readyAfter) {
        api.apps().deployments().inNamespace(SPACE).withName(deployment).patch(PatchContext.of(PatchType.STRATEGIC_MERGE), """
                {"spec":{"template":{"metadata":{"annotations":{"simulate.hypernetes.io/ready-after":"%s"}},"spec":{"containers":[{"name":"c","image":"%s"}]}}}}"""
                .formatted(readyAfter, image));
    }

    @Test
    void aRolloutThatIsOvertakenByAnotherEndsAtTheLast() {
        create("""
                {apiVersion: apps/v1, kind: Deployment, metadata: {name: rollover}, spec: {replicas: 2, minReadySeconds: 1,
                 strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}, selector: {matchLabels: {app: rollover}},
                 template: {metadata: {labels: {app: rollover}}, spec: {PLACE, containers: [{name: c, image: "x:1"}]}}}}""");
        awaitRunning("rollover", 2);
        template("rollover", "x:2", "never");
        eventually(() -> assertThat(pods("rollover")).anyMatch(pod -> pod.getSpec().getContainers().getFirst().getImage().equals("x:2")));
        template("rollover", "x:3", "1s");
        eventually(() -> {
            Deployment now = api.apps().deployments().inNamespace(SPACE).withName("rollover").get();
            assertThat(now.getStatus().getObservedGeneration()).isEqualTo(now.getMetadata().getGeneration());
            assertThat(now.getStatus().getUpdatedReplicas()).isEqualTo(2);
            assertThat(now.getStatus().getReplicas()).isEqualTo(2);
            assertThat(now.getStatus().getAvailableReplicas()).isEqualTo(2);
        });
        assertThat(pods("rollover")).filteredOn(pod -> pod.getMetadata().getDeletionTimestamp() == null).extracting(pod -> pod.getSpec().getContainers().getFirst().getImage()).containsOnly("x:3");
        assertThat(api.apps().replicaSets().inNamespace(SPACE).withLabel("app", "rollover").list().getItems())
                .hasSize(3).filteredOn(set -> set.getSpec().getReplicas() > 0).hasSize(1);
    }

    private static void budget(String name, int available) {
        create("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: %s}, spec: {minAvailable: %d, selector: {matchLabels: {app: %s}}}}".formatted(name, available, name));
    }

    private static PodDisruptionBudget budget(String name) {
        return api.policy().v1().podDisruptionBudget().inNamespace(SPACE).withName(name).get();
    }

    @Test
    void anEvictionIsHeldUpUntilTheBudgetAllowsIt() {
        create(onePod("held", ""));
        awaitRunning("held", 1);
        budget("held", 1);
        eventually(() -> assertThat(budget("held").getStatus().getCurrentHealthy()).isEqualTo(1));
        // What the client makes of 429.
        assertThat(api.pods().inNamespace(SPACE).withName("held").evict()).isFalse();
        assertThat(pod("held").getMetadata().getDeletionTimestamp()).isNull();
        api.policy().v1().podDisruptionBudget().inNamespace(SPACE).withName("held").edit(now -> now.edit().editSpec().withNewMinAvailable(0).endSpec().build());
        eventually(() -> assertThat(budget("held").getStatus().getDisruptionsAllowed()).isEqualTo(1));
        assertThat(api.pods().inNamespace(SPACE).withName("held").evict()).isTrue();
        eventually(() -> assertThat(pod("held")).isNull());
    }

    @Test
    void theStatusOfABudgetIsObserved() {
        create(onePod("observed", ""));
        awaitRunning("observed", 1);
        budget("observed", 0);
        eventually(() -> {
            assertThat(budget("observed").getStatus().getDisruptionsAllowed()).isEqualTo(1);
            assertThat(budget("observed").getStatus().getExpectedPods()).isEqualTo(1);
            assertThat(budget("observed").getStatus().getObservedGeneration()).isEqualTo(1);
            assertThat(budget("observed").getStatus().getConditions()).anyMatch(condition -> condition.getType().equals("DisruptionAllowed") && condition.getStatus().equals("True"));
        });
        api.pods().inNamespace(SPACE).withName("observed").delete();
    }

    @Test
    void aReplicationControllerLives() {
        create("""
                {apiVersion: v1, kind: ReplicationController, metadata: {name: rc, labels: {set: rc}}, spec: {replicas: 1, selector: {app: rc},
                 template: {metadata: {labels: {app: rc}}, spec: {PLACE, containers: [{name: c, image: "x"}]}}}}""");
        var rc = api.replicationControllers().inNamespace(SPACE).withName("rc");
        eventually(() -> assertThat(rc.get().getStatus().getReadyReplicas()).isEqualTo(1));
        rc.edit(now -> now.edit().editMetadata().addToLabels("patched", "yes").endMetadata().build());
        assertThat(rc.scale(2).getSpec().getReplicas()).isEqualTo(2);
        eventually(() -> assertThat(rc.get().getStatus().getAvailableReplicas()).isEqualTo(2));
        ReplicationController stated = rc.editStatus(now -> now.edit().editStatus().addNewCondition().withType("Test").withStatus("True").endCondition().endStatus().build());
        assertThat(stated.getStatus().getConditions()).anyMatch(condition -> condition.getType().equals("Test"));
        assertThat(api.replicationControllers().inAnyNamespace().withLabel("set", "rc").withLabel("patched", "yes").list().getItems()).hasSize(1);
        api.replicationControllers().inNamespace(SPACE).withLabel("set", "rc").delete();
        eventually(() -> assertThat(pods("rc")).isEmpty());
        assertThat(rc.get()).isNull();
    }

    @Test
    void podsLeaveATaintedNodeWhenTheirTimesAreOver() {
        for (int seconds : new int[] {1, 4}) {
            create("""
                    {apiVersion: v1, kind: Pod, metadata: {name: tolerant-%d}, spec: {nodeName: conf-1, terminationGracePeriodSeconds: 0, containers: [{name: c, image: x}],
                     tolerations: [{key: leave, operator: Exists, effect: NoExecute, tolerationSeconds: %d}]}}""".formatted(seconds, seconds));
        }
        eventually(() -> assertThat(List.of(pod("tolerant-1"), pod("tolerant-4"))).allMatch(pod -> "Running".equals(pod.getStatus().getPhase())));
        Instant tainted = Instant.now();
        api.nodes().withName("conf-1").edit(now -> now.edit().editSpec().addNewTaint().withKey("leave").withEffect("NoExecute").endTaint().endSpec().build());
        try {
            eventually(() -> assertThat(pod("tolerant-1")).isNull());
            assertThat(Duration.between(tainted, Instant.now())).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            eventually(() -> assertThat(pod("tolerant-4")).isNull());
            assertThat(Duration.between(tainted, Instant.now())).isGreaterThanOrEqualTo(Duration.ofSeconds(4));
        } finally {
            api.nodes().withName("conf-1").edit(now -> now.edit().editSpec().removeMatchingFromTaints(taint -> "leave".equals(taint.getKey())).endSpec().build());
        }
    }

    private static String slots(String name, String priority, int slots) {
        return onePod(name, "priorityClassName: " + priority + ", ").replace("image: x}", "image: x, resources: {limits: {example.com/slots: " + slots + "}}}");
    }

    @Test
    void aPodOfHighPriorityTakesThePlaceOfOneOfLow() {
        takesThePlace("high", "c-high");
    }

    @Test
    void aCriticalPodTakesThePlaceOfAnother() {
        takesThePlace("critical", "system-cluster-critical");
    }

    private static void takesThePlace(String high, String priority) {
        create(slots("low", "c-low", 3));
        create(slots("middle", "c-middle", 3));
        eventually(() -> assertThat(List.of(pod("low"), pod("middle"))).allMatch(pod -> "Running".equals(pod.getStatus().getPhase())));
        String kept = pod("middle").getMetadata().getUid();
        create(slots(high, priority, 3));
        eventually(() -> assertThat(pod(high).getStatus().getPhase()).isEqualTo("Running"));
        eventually(() -> assertThat(pod("low")).isNull());
        assertThat(pod("middle").getMetadata().getUid()).isEqualTo(kept);
        assertThat(api.v1().events().inNamespace(SPACE).withField("involvedObject.name", "low").list().getItems()).anyMatch(event -> event.getReason().equals("Preempted"));
        api.pods().inNamespace(SPACE).withName("middle").delete();
        api.pods().inNamespace(SPACE).withName(high).delete();
        eventually(() -> assertThat(List.of("middle", high)).allMatch(name -> pod(name) == null));
    }

    @Test
    void aTaintThatIsTakenAwayLetsAPodStay() {
        create("""
                {apiVersion: v1, kind: Pod, metadata: {name: stays}, spec: {nodeName: conf-0, terminationGracePeriodSeconds: 0, containers: [{name: c, image: x}],
                 tolerations: [{key: other, operator: Exists}, {key: soon, operator: Exists, effect: NoExecute, tolerationSeconds: 3}]}}""");
        create("""
                {apiVersion: v1, kind: Pod, metadata: {name: leaves}, spec: {nodeName: conf-0, terminationGracePeriodSeconds: 0, containers: [{name: c, image: x}],
                 tolerations: [{key: soon, operator: Exists}, {key: other, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]}}""");
        eventually(() -> assertThat(List.of(pod("stays"), pod("leaves"))).allMatch(pod -> "Running".equals(pod.getStatus().getPhase())));
        var node = api.nodes().withName("conf-0");
        node.edit(now -> now.edit().editSpec().addNewTaint().withKey("soon").withEffect("NoExecute").endTaint().addNewTaint().withKey("other").withEffect("NoExecute").endTaint().endSpec().build());
        try {
            node.edit(now -> now.edit().editSpec().removeMatchingFromTaints(taint -> "soon".equals(taint.getKey())).endSpec().build());
            // The one would have gone two seconds before the other.
            eventually(() -> assertThat(pod("leaves")).isNull());
            assertThat(pod("stays").getMetadata().getDeletionTimestamp()).isNull();
        } finally {
            node.edit(now -> now.edit().editSpec().removeMatchingFromTaints(taint -> List.of("soon", "other").contains(taint.getKey())).endSpec().build());
        }
        api.pods().inNamespace(SPACE).withName("stays").delete();
    }

    @Test
    void aPodIsMadeWatchedChangedAndRemoved() {
        java.util.Queue<String> seen = new java.util.concurrent.ConcurrentLinkedQueue<>();
        try (var _ = api.pods().inNamespace(SPACE).withLabel("app", "life").watch(new io.fabric8.kubernetes.client.Watcher<Pod>() {
            @Override
            public void eventReceived(Action action, Pod pod) {
                seen.add(action + " " + pod.getMetadata().getName());
            }

            @Override
            public void onClose(io.fabric8.kubernetes.client.WatcherException cause) {
                seen.add("closed " + cause);
            }
        })) {
            create(onePod("life", ""));
            awaitRunning("life", 1);
            var life = api.pods().inNamespace(SPACE).withName("life");
            life.edit(now -> now.edit().editMetadata().addToLabels("time", "later").endMetadata().build());
            assertThat(api.pods().inNamespace(SPACE).withLabel("time", "later").list().getItems()).hasSize(1);
            life.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"metadata\":{\"labels\":{\"patched\":\"yes\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x:2\"}]}}");
            assertThat(life.get().getSpec().getContainers().getFirst().getImage()).isEqualTo("x:2");
            Pod stated = onTheLatest(() -> life.editStatus(now -> now.edit().editStatus().addNewCondition().withType("example.com/Told").withStatus("True").endCondition().endStatus().build()));
            assertThat(stated.getStatus().getConditions()).anyMatch(condition -> condition.getType().equals("example.com/Told"));
            api.pods().inNamespace(SPACE).withLabel("patched", "yes").delete();
            eventually(() -> assertThat(life.get()).isNull());
            eventually(() -> assertThat(seen).contains("ADDED life", "MODIFIED life", "DELETED life"));
            assertThat(seen).noneMatch(event -> event.startsWith("closed"));
        }
    }

    /// Its node writes the status too, perhaps between the reading and the writing.
    private static <T> T onTheLatest(java.util.function.Supplier<T> change) {
        for (int left = 10; ; left--) {
            try {
                return change.get();
            } catch (io.fabric8.kubernetes.client.KubernetesClientException conflict) {
                if (conflict.getCode() != 409 || left == 0) {
                    throw conflict;
                }
            }
        }
    }

    @Test
    void aDeploymentLives() {
        create("""
                {apiVersion: apps/v1, kind: Deployment, metadata: {name: lives, labels: {set: lives}}, spec: {replicas: 1, selector: {matchLabels: {app: lives}},
                 template: {metadata: {labels: {app: lives}}, spec: {PLACE, containers: [{name: c, image: "x:1"}]}}}}""");
        var lives = api.apps().deployments().inNamespace(SPACE).withName("lives");
        eventually(() -> assertThat(lives.get().getStatus().getReadyReplicas()).isEqualTo(1));
        lives.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"metadata\":{\"labels\":{\"patched\":\"yes\"}},\"spec\":{\"replicas\":2,\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x:2\"}]}}}}");
        eventually(() -> assertThat(lives.get().getStatus().getUpdatedReplicas()).isEqualTo(2));
        eventually(() -> assertThat(lives.get().getStatus().getReadyReplicas()).isEqualTo(2));
        assertThat(api.apps().deployments().inAnyNamespace().withLabel("set", "lives").list().getItems()).singleElement().satisfies(found -> assertThat(found.getMetadata().getLabels()).containsEntry("patched", "yes"));
        assertThat(lives.editStatus(now -> now.edit().editStatus().addNewCondition().withType("Told").withStatus("True").endCondition().endStatus().build()).getStatus().getConditions())
                .anyMatch(condition -> condition.getType().equals("Told"));
        lives.edit(now -> now.edit().editMetadata().addToAnnotations("updated", "yes").endMetadata().build());
        api.apps().deployments().inNamespace(SPACE).withLabel("set", "lives").delete();
        eventually(() -> assertThat(pods("lives")).isEmpty());
        assertThat(lives.get()).isNull();
    }

    @Test
    void aJobLives() {
        create("""
                {apiVersion: batch/v1, kind: Job, metadata: {name: lives, labels: {set: job-lives}}, spec: {suspend: true, parallelism: 1,
                 template: {metadata: {labels: {app: job-lives}}, spec: {PLACE, restartPolicy: Never, containers: [{name: c, image: x}]}}}}""");
        var lives = api.batch().v1().jobs().inNamespace(SPACE).withName("lives");
        eventually(() -> assertThat(lives.get().getStatus().getConditions()).anyMatch(condition -> condition.getType().equals("Suspended") && condition.getStatus().equals("True")));
        lives.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"metadata\":{\"labels\":{\"patched\":\"yes\"}}}");
        lives.edit(now -> now.edit().editMetadata().addToAnnotations("updated", "yes").endMetadata().editSpec().withSuspend(false).endSpec().build());
        eventually(() -> assertThat(lives.get().getStatus().getSucceeded()).isEqualTo(1));
        assertThat(api.batch().v1().jobs().inAnyNamespace().withLabel("set", "job-lives").list().getItems())
                .singleElement().satisfies(job -> assertThat(job.getMetadata().getLabels()).containsEntry("patched", "yes"));
        api.batch().v1().jobs().inNamespace(SPACE).withLabel("set", "job-lives").delete();
        eventually(() -> assertThat(lives.get()).isNull());
        eventually(() -> assertThat(pods("job-lives")).isEmpty());
    }
}
