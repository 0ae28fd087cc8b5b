package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.cli.DrainPlan.Allowed;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;

class DrainPlanTest {
    private static final Allowed NOTHING = new Allowed(false, false, false);
    private static final Allowed ALL = new Allowed(true, true, true);

    private static PodBuilder pod(String name, String owner) {
        PodBuilder pod = new PodBuilder().withNewMetadata().withNamespace("default").withName(name).withUid("uid-" + name)
                .addToAnnotations(ObjectKey.TENANT_ANNOTATION, "acme").endMetadata().withNewSpec().endSpec().withNewStatus().withPhase("Running").endStatus();
        return owner.isEmpty() ? pod : pod.editMetadata().addNewOwnerReference().withKind(owner).withName("o").withController(true).endOwnerReference().endMetadata();
    }

    private static List<String> leaving(Allowed allowed, Pod... pods) {
        return DrainPlan.of(Scope.ALL, List.of(pods), allowed).leaving().stream().map(one -> one.key().name()).toList();
    }

    private static List<String> objections(Allowed allowed, Pod... pods) {
        return DrainPlan.of(Scope.ALL, List.of(pods), allowed).objections().keySet().stream().map(text -> text.split(" ")[0]).toList();
    }

    @Test
    void podsOfControllersGoAndOthersAskForFlags() {
        Pod kept = pod("kept", "ReplicaSet").build();
        assertThat(leaving(NOTHING, kept)).containsExactly("kept");
        assertThat(objections(NOTHING, kept)).isEmpty();

        Pod bare = pod("bare", "").build();
        Pod daemon = pod("daemon", "DaemonSet").build();
        Pod local = pod("local", "Job").editSpec().addNewVolume().withName("v").withNewEmptyDir().endEmptyDir().endVolume().endSpec().build();
        Pod suspended = pod("suspended", "ReplicaSet").editMetadata().addToAnnotations("hypernetes.io/suspended", "2026-01-01T00:00:00Z").endMetadata().build();
        assertThat(objections(NOTHING, bare)).containsExactly("--force");
        assertThat(objections(NOTHING, daemon)).containsExactly("--ignore-daemonsets");
        assertThat(objections(NOTHING, local)).containsExactly("--delete-emptydir-data");
        assertThat(objections(NOTHING, suspended)).as("its memory is on the node's disk").containsExactly("--delete-emptydir-data");

        DrainPlan plan = DrainPlan.of(Scope.ALL, List.of(bare, daemon, local, suspended), ALL);
        assertThat(plan.objections()).isEmpty();
        assertThat(plan.leaving()).extracting(one -> one.key().toString()).containsExactly("acme/default/bare", "acme/default/local", "acme/default/suspended");
        assertThat(plan.staying()).extracting(one -> one.key().name()).containsExactly("daemon");
    }

    @Test
    void staticPodsStayAndThoseThatAreOverGoWhateverTheyAre() {
        Pod liar = pod("mirror", "").editMetadata().addToAnnotations("kubernetes.io/config.mirror", "hash").endMetadata().build();
        assertThat(leaving(ALL, liar)).as("of a tenant").containsExactly("mirror");
        Pod mirror = liar.edit().editMetadata().addToAnnotations("hypernetes.io/tenant", "root").endMetadata().build();
        assertThat(leaving(ALL, mirror)).isEmpty();
        assertThat(objections(NOTHING, mirror)).isEmpty();
        for (String owner : List.of("", "DaemonSet")) {
            Pod over = pod("over", owner).editSpec().addNewVolume().withName("v").withNewEmptyDir().endEmptyDir().endVolume().endSpec()
                    .editStatus().withPhase("Failed").endStatus().build();
            assertThat(leaving(NOTHING, over)).containsExactly("over");
            assertThat(objections(NOTHING, over)).isEmpty();
        }
    }

    @Test
    void whatIsReadByATenantsPathIsThatTenants() {
        Pod pod = pod("kept", "ReplicaSet").editMetadata().withAnnotations(null).endMetadata().build();
        assertThat(DrainPlan.of("blue", List.of(pod), NOTHING).leaving().getFirst().key()).isEqualTo(new ObjectKey("blue", "default", "kept"));
    }
}
