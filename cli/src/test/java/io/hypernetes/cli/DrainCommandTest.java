package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `hypernetes drain` upon a node that has pods of several tenants.
class DrainCommandTest {
    @TempDir
    Path root;

    private final List<String> settings = new ArrayList<>();

    private record Said(int code, String out, String err) {}

    private Said run(String... words) {
        List<String> line = new ArrayList<>(List.of(words));
        line.addAll(List.of("--root", root.toString()));
        settings.forEach(setting -> line.addAll(List.of("--set", setting)));
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        PrintStream before = System.out;
        PrintStream errors = System.err;
        try (var first = new PrintStream(out, true, UTF_8); var second = new PrintStream(err, true, UTF_8)) {
            System.setOut(first);
            System.setErr(second);
            int code = Hypernetes.line().execute(line.toArray(String[]::new));
            return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
        } finally {
            System.setOut(before);
            System.setErr(errors);
        }
    }

    @Test
    void aNodeIsEmptiedOfAllTenantsPodsAsTheirBudgetsAllow() throws Exception {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            settings.addAll(List.of("api-address=127.0.0.1", "api-port=" + free.getLocalPort(), "master-metrics-port=" + other.getLocalPort()));
        }
        Places places = Places.below(root);
        Settings known = Settings.read(places.config(), settings);
        try (MasterProcess master = new MasterProcess(places, known); Client client = OperatorAccess.open(places, known).client()) {
            assertThat(run("tenant", "create", "acme").code()).isZero();
            assertThat(run("tenant", "create", "beta").code()).isZero();
            client.of(Kind.NODE).create(ObjectKey.ROOT, new NodeBuilder().withNewMetadata().withName("n1").endMetadata().withNewSpec().endSpec().build());
            running(client, "acme", "web");
            running(client, "beta", "web");
            client.of(Kind.POD_DISRUPTION_BUDGET).create("acme", new PodDisruptionBudgetBuilder().withNewMetadata().withNamespace("default").withName("keeps-one").endMetadata()
                    .withNewSpec().withMinAvailable(new IntOrString(1)).withNewSelector().addToMatchLabels("app", "web").endSelector().endSpec().build());
            Awaitility.await().until(() -> client.of(Kind.POD_DISRUPTION_BUDGET).get(new ObjectKey("acme", "default", "keeps-one")).getStatus(), status -> status != null
                    && status.getExpectedPods() != null && status.getExpectedPods() == 1 && status.getCurrentHealthy() == 1);

            assertThat(run("drain", "n2").err()).contains("there is no node 'n2'; `kubectl get nodes` lists them");
            assertThat(run("drain", "n1", "--timeout", "soon").err()).contains("--timeout soon: a number with s, m or h");
            assertThat(run("drain", "n1", "--dry-run", "--force").out()).contains("pod acme/default/web would be evicted", "pod beta/default/web would be evicted");
            assertThat(client.of(Kind.NODE).get(ObjectKey.root("n1")).getSpec().getUnschedulable()).as("a look changes nothing").isNotEqualTo(true);
            Said refused = run("drain", "n1");
            assertThat(refused.code()).isNotZero();
            assertThat(refused.err()).contains("no controller would make these pods again (--force deletes them all the same): acme/default/web, beta/default/web");
            assertThat(pods(client)).hasSize(2);

            Said half = run("drain", "n1", "--force", "--grace-period", "0", "--timeout", "1s");
            assertThat(half.code()).isEqualTo(UsageException.UNAVAILABLE);
            assertThat(half.out()).contains("node/n1 cordoned", "pod beta/default/web evicted").doesNotContain("drained");
            assertThat(half.err()).contains("acme/default/web: ", "violate the pod's disruption budget");
            assertThat(client.of(Kind.NODE).get(ObjectKey.root("n1")).getSpec().getUnschedulable()).isTrue();
            assertThat(pods(client)).extracting(pod -> ObjectKey.of(pod).tenant()).containsExactly("acme");

            client.of(Kind.POD_DISRUPTION_BUDGET).delete(new ObjectKey("acme", "default", "keeps-one"), Deletion.ordinary());
            assertThat(run("drain", "n1", "--force", "--grace-period", "0", "--timeout", "1m", "--tenant", "beta").out()).contains("node/n1 drained");
            assertThat(pods(client)).as("of another tenant").hasSize(1);
            Said whole = run("drain", "n1", "--force", "--grace-period", "0", "--timeout", "1m", "-o", "json");
            assertThat(Json.print(Json.readObject(whole.out().getBytes(UTF_8)))).isEqualTo("{\"node\":\"n1\",\"evicted\":[\"acme/default/web\"],\"left\":{}}");
            assertThat(whole.err()).contains("pod acme/default/web evicted");
            assertThat(pods(client)).isEmpty();
        }
    }

    private static List<Pod> pods(Client client) {
        return client.of(Kind.POD).list(Scope.everywhere(), Selection.fields("spec.nodeName=n1")).items();
    }

    private static void running(Client client, String tenant, String name) {
        Pod pod = client.of(Kind.POD).create(tenant, new PodBuilder().withNewMetadata().withNamespace("default").withName(name).addToLabels("app", "web").endMetadata()
                .withNewSpec().withNodeName("n1").addNewContainer().withName("c").withImage("x").endContainer().endSpec().build());
        client.of(Kind.POD).update(tenant, new PodBuilder(pod).withNewStatus().withPhase("Running").addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build(), "status");
    }
}
