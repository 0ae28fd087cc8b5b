package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.objects.Json;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `hypernetes drain` on a whole master with a simulated node.
class DrainCommandTest {
    private static final String NODE = SimulationSettings.nodes(1).prefix() + "-0";
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path root;

    private final List<String> settings = new ArrayList<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final PrintStream outBefore = System.out;
    private final PrintStream errBefore = System.err;
    private MasterProcess master;
    private Client client;
    private SimulatedNodes nodes;

    @BeforeEach
    void start() throws Exception {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            settings.addAll(List.of("api-address=127.0.0.1", "api-port=" + free.getLocalPort(), "metrics-address="));
        }
        Places places = Places.below(root);
        Settings known = Settings.read(places.config(), settings);
        master = new MasterProcess(places, known);
        client = OperatorAccess.open(places, known).client();
        nodes = new SimulatedNodes(client, SimulationSettings.nodes(1), Clock.systemUTC()).start();
        System.setOut(new PrintStream(out, true, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
        tenant("red");
        tenant("blue");
    }

    @AfterEach
    void stop() throws Exception {
        System.setOut(outBefore);
        System.setErr(errBefore);
        nodes.close();
        client.close();
        master.close();
    }

    private void tenant(String name) {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion(Kind.TENANT.apiVersion());
        tenant.setKind(Kind.TENANT.kind());
        tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
        client.of(Kind.TENANT).create(ObjectKey.ROOT, tenant);
    }

    private void deployment(String tenant, int replicas) {
        client.of(Kind.DEPLOYMENT).create(tenant, new DeploymentBuilder()
                .withNewMetadata().withNamespace("default").withName("web").endMetadata()
                .withNewSpec().withReplicas(replicas).withNewSelector().addToMatchLabels("app", "web").endSelector()
                .withNewTemplate().withNewMetadata().addToLabels("app", "web").endMetadata()
                .withNewSpec().withTerminationGracePeriodSeconds(1L).addNewContainer().withName("c").withImage("a").endContainer().endSpec().endTemplate()
                .endSpec().build());
        await().atMost(LONG).ignoreExceptions().untilAsserted(() -> assertThat(
                client.of(Kind.DEPLOYMENT).get(new ObjectKey(tenant, "default", "web")).getStatus().getReadyReplicas()).isEqualTo(replicas));
    }

    private List<Pod> onNode(String tenant) {
        return client.of(Kind.POD).list(Scope.tenant(tenant), Selection.fields("spec.nodeName=" + NODE)).items();
    }

    private int drain(String... words) {
        out.reset();
        err.reset();
        List<String> line = new ArrayList<>(List.of("drain"));
        line.addAll(List.of(words));
        line.addAll(List.of("--root", root.toString()));
        settings.forEach(setting -> line.addAll(List.of("--set", setting)));
        return Hypernetes.line().execute(line.toArray(String[]::new));
    }

    private boolean isCordoned() {
        return Boolean.TRUE.equals(client.of(Kind.NODE).get(ObjectKey.root(NODE)).getSpec().getUnschedulable());
    }

    @Test
    void podsOfAllTenantsGoAsTheirBudgetsAllow() throws Exception {
        deployment("red", 2);
        deployment("blue", 1);
        client.of(Kind.POD_DISRUPTION_BUDGET).create("red", new PodDisruptionBudgetBuilder()
                .withNewMetadata().withNamespace("default").withName("steady").endMetadata()
                .withNewSpec().withMinAvailable(new IntOrString(2)).withNewSelector().addToMatchLabels("app", "web").endSelector().endSpec().build());
        ObjectKey budget = new ObjectKey("red", "default", "steady");
        await().atMost(LONG).ignoreExceptions().untilAsserted(() -> assertThat(
                client.of(Kind.POD_DISRUPTION_BUDGET).get(budget).getStatus().getCurrentHealthy()).isEqualTo(2));
        String why = "The disruption budget steady needs 2 healthy pods and has 2 currently";

        assertThat(drain(NODE, "--dry-run")).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8)).containsPattern("blue/default/web-\\S+ would go").containsPattern("red/default/web-\\S+ would not go now: " + why);
        assertThat(isCordoned()).isFalse();
        assertThat(onNode("blue")).hasSize(1);

        assertThat(drain(NODE, "--timeout", "2s", "-o", "json")).isEqualTo(1);
        JsonNode told = Json.readObject(out.toByteArray());
        assertThat(told.path("gone")).hasSize(1).allSatisfy(pod -> assertThat(pod.path("tenant").asString()).isEqualTo("blue"));
        assertThat(told.path("left")).hasSize(2).allSatisfy(pod -> {
            assertThat(pod.path("tenant").asString()).isEqualTo("red");
            assertThat(pod.path("why").asString()).isEqualTo(why);
        });
        assertThat(err.toString(UTF_8)).containsPattern("red/default/web-\\S+: " + why).contains("kubectl uncordon " + NODE);
        assertThat(isCordoned()).isTrue();
        assertThat(onNode("blue")).isEmpty();
        assertThat(onNode("red")).hasSize(2);

        CompletableFuture<Integer> drained = CompletableFuture.supplyAsync(() -> drain(NODE));
        await().atMost(LONG).untilAsserted(() -> assertThat(out.toString(UTF_8)).contains("is cordoned already").contains(" waits: " + why));
        client.of(Kind.POD_DISRUPTION_BUDGET).change(budget, null, current -> {
            current.getSpec().setMinAvailable(new IntOrString(0));
            return current;
        });
        assertThat(drained.get(LONG.toSeconds(), TimeUnit.SECONDS)).as(err.toString(UTF_8)).isZero();
        assertThat(out.toString(UTF_8)).contains("node " + NODE + " drained");
        assertThat(onNode("red")).isEmpty();
    }

    @Test
    void nothingGoesThatAsksForAFlagOrIsAnotherTenants() {
        for (String tenant : List.of("red", "blue")) {
            client.of(Kind.POD).create(tenant, new PodBuilder().withNewMetadata().withNamespace("default").withName("bare").endMetadata()
                    .withNewSpec().withTerminationGracePeriodSeconds(1L).addNewContainer().withName("c").withImage("a").endContainer().endSpec().build());
            await().atMost(LONG).untilAsserted(() -> assertThat(onNode(tenant)).hasSize(1));
        }
        assertThat(drain(NODE)).isEqualTo(UsageException.USAGE);
        assertThat(err.toString(UTF_8)).contains("nothing was evicted", "--force", "red/default/bare", "blue/default/bare");
        assertThat(drain(NODE, "--force", "--tenant", "red", "--grace-period", "1")).as(err.toString(UTF_8)).isZero();
        assertThat(onNode("red")).isEmpty();
        assertThat(onNode("blue")).hasSize(1);
        client.of(Kind.POD).delete(new ObjectKey("blue", "default", "bare"), Deletion.ordinary());
    }

    /// It is not evicted, as nothing is made in such a namespace, and goes with it all the same.
    @Test
    void aPodWhoseNamespaceGoesIsWaitedFor() {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("going").endMetadata().build());
        ObjectKey held = new ObjectKey("red", "going", "held");
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("going").withName("held").withFinalizers("example.com/held").endMetadata()
                .withNewSpec().withTerminationGracePeriodSeconds(1L).addNewContainer().withName("c").withImage("a").endContainer().endSpec().build());
        await().atMost(LONG).untilAsserted(() -> assertThat(onNode("red")).hasSize(1));
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "going"), Deletion.ordinary());
        await().atMost(LONG).untilAsserted(() -> assertThat(client.of(Kind.POD).get(held).getMetadata().getDeletionTimestamp()).isNotNull());
        assertThat(drain(NODE, "--force", "--timeout", "2s", "-o", "json")).isEqualTo(1);
        assertThat(Json.readObject(out.toByteArray()).path("left").path(0).path("why").asString()).startsWith("it is ending").contains("example.com/held");
        client.of(Kind.POD).change(held, null, pod -> {
            pod.getMetadata().setFinalizers(List.of());
            return pod;
        });
        await().atMost(LONG).untilAsserted(() -> assertThat(onNode("red")).isEmpty());
        assertThat(drain(NODE, "--force")).as(err.toString(UTF_8)).isZero();
    }

    @Test
    void whatIsNotThereIsTold() {
        assertThat(drain("nowhere")).isEqualTo(UsageException.USAGE);
        assertThat(err.toString(UTF_8)).contains("there is no node 'nowhere'", "hypernetes status");
        assertThat(drain(NODE, "--tenant", "nobody")).isEqualTo(UsageException.USAGE);
        assertThat(err.toString(UTF_8)).contains("there is no tenant 'nobody'");
        assertThat(drain(NODE, "--timeout", "soon")).isEqualTo(UsageException.USAGE);
        assertThat(err.toString(UTF_8)).contains("--timeout soon: write a number");
        assertThat(isCordoned()).isFalse();
    }
}
