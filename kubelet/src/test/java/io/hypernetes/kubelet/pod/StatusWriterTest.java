package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StatusWriterTest {
    private static final ContainerState RUNS = new ContainerStateBuilder().withNewRunning("2026-11-30T00:00:00Z").build();
    private static final ContainerState ENDED = new ContainerStateBuilder().withNewTerminated().withExitCode(0).endTerminated().build();
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");

    @Test
    void aStatusThatIsRefusedKeepsNoPodThatIsGone() {
        try (FakeApi api = new FakeApi(); Client client = api.client(); StatusWriter writer = new StatusWriter(client)) {
            Pod pod = client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withName("web").withNamespace("default").endMetadata()
                    .withNewSpec().addNewContainer().withName("main").withImage("i").endContainer().endSpec().build());
            String uid = pod.getMetadata().getUid();
            api.failNext("PUT /tenants/red/api/v1/namespaces/default/pods/web/status", 422, Integer.MAX_VALUE);
            writer.write(KEY, uid, new PodStatusBuilder().withPhase("Failed").build());
            writer.delete(KEY, uid);
            await().atMost(Duration.ofSeconds(30)).until(() -> client.of(Kind.POD).find(KEY).isEmpty());
        }
    }

    @Test
    void whatIsDroppedBeforeTheApiTakesItIsNeverWritten() {
        String put = "PUT /tenants/red/api/v1/namespaces/default/pods/web/status";
        try (FakeApi api = new FakeApi(); Client client = api.client(); StatusWriter writer = new StatusWriter(client)) {
            Pod pod = client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withName("web").withNamespace("default").endMetadata()
                    .withNewSpec().addNewContainer().withName("main").withImage("i").endContainer().endSpec().build());
            api.failNext(put, 503, Integer.MAX_VALUE);
            writer.write(KEY, pod.getMetadata().getUid(), new PodStatusBuilder().withPhase("Failed").build());
            await().until(() -> api.requests().contains(put));
            writer.drop(KEY, pod.getMetadata().getUid());
            // One that was under way may follow; it would be tried again after 100 ms, 200 ms and so on.
            long tried = api.requests().stream().filter(put::equals).count();
            await().during(Duration.ofSeconds(1)).until(() -> api.requests().stream().filter(put::equals).count() <= tried + 1);
        }
    }

    private static ContainerStatus main(ContainerState state) {
        return new ContainerStatusBuilder().withName("main").withImage("i").withImageID("i").withRestartCount(0).withReady(false).withState(state).build();
    }

    /// Whoever holds it by a finalizer, as the controller of a Job, waits to read that it has ended.
    @Test
    void ofAStatusThatIsRefusedIsToldWhatTheApiTakesOfItWhenThePodIsGone() {
        try (FakeApi api = new FakeApi(); Client client = api.client(); StatusWriter writer = new StatusWriter(client)) {
            Pod pod = client.of(Kind.POD).create("red", new PodBuilder()
                    .withNewMetadata().withName("web").withNamespace("default").withFinalizers("batch.kubernetes.io/job-tracking").endMetadata()
                    .withNewSpec().withRestartPolicy("Never").addNewContainer().withName("main").withImage("i").endContainer().endSpec().build());
            client.of(Kind.POD).change(KEY, "status", now -> now.edit().withNewStatus().withPhase("Running").withContainerStatuses(main(ENDED))
                    .addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
            String uid = pod.getMetadata().getUid();
            writer.write(KEY, uid, new PodStatusBuilder().withPhase("Failed").withReason("Lost").withMessage("it is not known how it ended")
                    .withContainerStatuses(main(RUNS)).addNewCondition().withType("Ready").withStatus("False").endCondition().build());
            writer.delete(KEY, uid);
            await().atMost(Duration.ofSeconds(30)).until(() -> client.of(Kind.POD).get(KEY).getMetadata().getDeletionTimestamp() != null);
            PodStatus told = client.of(Kind.POD).get(KEY).getStatus();
            assertThat(told.getPhase()).isEqualTo("Failed");
            assertThat(told.getReason()).isEqualTo("Lost");
            assertThat(told.getConditions()).extracting(PodCondition::getStatus).containsExactly("False");
            assertThat(told.getContainerStatuses()).extracting(ContainerStatus::getState).containsExactly(ENDED);
        }
    }
}
