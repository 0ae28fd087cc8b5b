package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StatusWriterTest {
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
}
