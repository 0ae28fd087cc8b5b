package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.batch.JobLeftovers;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// Who lets go of pods that a Job's finalizer holds: `syncOrphanPod` in upstream's pkg/controller/job/job_controller.go.
class JobLeftoversTest {
    private static final String HELD = "batch.kubernetes.io/job-tracking";

    @Test
    void podsOfOthersThanJobsAreHeldByWhomeverTheyAreHeldFor() throws Exception {
        try (FakeApi api = new FakeApi(); Client client = api.client(); Informers informers = new Informers(client)) {
            JobLeftovers leftovers = new JobLeftovers(client);
            Caches caches = Caches.of(informers).view();
            leftovers.watch(caches, key -> {});
            informers.start();
            assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
            String uid = client.of(Kind.JOB).create("red", new JobBuilder().withNewMetadata().withNamespace("default").withName("there").endMetadata().withNewSpec().endSpec().build())
                    .getMetadata().getUid();
            pod(client, "orphan", new PodBuilder());
            pod(client, "of-a-job", owned("batch/v1", "Job", "there", uid));
            pod(client, "of-a-job-made-anew", owned("batch/v1", "Job", "there", "former"));
            pod(client, "of-a-job-that-is-gone", owned("batch/v1", "Job", "gone", "u1"));
            pod(client, "of-another-kind", owned("example.com/v1", "Flow", "there", "u2"));
            pod(client, "of-another-kind-of-job", owned("batch.example.com/v1", "Job", "there", "u3"));
            await().until(() -> caches.pods().list(pod -> true).size() == 6);
            assertThat(isHeld(client, leftovers, "orphan")).isFalse();
            assertThat(isHeld(client, leftovers, "of-a-job")).isTrue();
            assertThat(isHeld(client, leftovers, "of-a-job-made-anew")).isFalse();
            assertThat(isHeld(client, leftovers, "of-a-job-that-is-gone")).isFalse();
            assertThat(isHeld(client, leftovers, "of-another-kind")).isTrue();
            assertThat(isHeld(client, leftovers, "of-another-kind-of-job")).isTrue();
        }
    }

    private static PodBuilder owned(String apiVersion, String kind, String name, String uid) {
        return new PodBuilder().withNewMetadata().addNewOwnerReference().withApiVersion(apiVersion).withKind(kind).withName(name).withUid(uid).withController(true)
                .endOwnerReference().endMetadata();
    }

    private static void pod(Client client, String name, PodBuilder pod) {
        client.of(Kind.POD).create("red", pod.editOrNewMetadata().withNamespace("default").withName(name).withFinalizers(HELD).endMetadata()
                .withNewSpec().addNewContainer().withName("c").endContainer().endSpec().build());
    }

    private static boolean isHeld(Client client, JobLeftovers leftovers, String name) {
        ObjectKey key = new ObjectKey("red", "default", name);
        leftovers.reconcile(key);
        return client.of(Kind.POD).get(key).getMetadata().getFinalizers().contains(HELD);
    }
}
