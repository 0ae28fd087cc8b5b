package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

class LeanVolumeTest {
    private static final String VOLUME = """
            {"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"pv","uid":"u","resourceVersion":"7","labels":{"a":"b"},"deletionTimestamp":"2026-01-01T00:00:00Z",
            "annotations":{"hypernetes.io/tenant":"red","much":"x"},"finalizers":["kubernetes.io/pv-protection","hypernetes.io/local-disk"],"ownerReferences":[{"name":"o"}]},
            "spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi","other":"2"},"mountOptions":["x"],
            "nodeAffinity":{"required":{"nodeSelectorTerms":[{}%s]}},
            "claimRef":{"namespace":"n","name":"c","uid":"cu","fieldPath":"much"},
            "csi":{"driver":"local.hypernetes.io","volumeHandle":"h","readOnly":true,"volumeAttributes":{"node":"n1","hypernetes.io/tenant-uid":"u2","much":"x"},"fsType":"ext4"}},
            "status":{"phase":"Bound","message":"much"}}""";

    private static PersistentVolume read(String json) {
        return LeanVolume.MAPPER.readValue(json, PersistentVolume.class);
    }

    @Test
    void whatANodeNeedsIsThereAndNothingElse() {
        PersistentVolume volume = read(VOLUME.formatted(",{}".repeat(100_000)));
        assertThat(LocalVolume.of(volume)).hasValue(new LocalVolume("n1", "h", 1 << 30, true, "u2"));
        assertThat(ObjectKey.of(volume)).isEqualTo(new ObjectKey("red", "", "pv"));
        assertThat(volume.getMetadata().getUid()).isEqualTo("u");
        assertThat(volume.getMetadata().getResourceVersion()).isEqualTo("7");
        assertThat(volume.getMetadata().getDeletionTimestamp()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(volume.getMetadata().getFinalizers()).containsExactly("kubernetes.io/pv-protection", "hypernetes.io/local-disk");
        assertThat(volume.getSpec().getClaimRef()).extracting("namespace", "name", "uid", "fieldPath").containsExactly("n", "c", "cu", null);
        assertThat(volume.getMetadata().getAnnotations()).containsOnlyKeys("hypernetes.io/tenant");
        assertThat(volume.getMetadata().getLabels()).isEmpty();
        assertThat(volume.getSpec().getNodeAffinity()).isNull();
        assertThat(volume.getSpec().getCapacity()).containsOnlyKeys("storage");
        assertThat(volume.getSpec().getCsi().getVolumeAttributes()).containsOnlyKeys("node", "hypernetes.io/tenant-uid");
        assertThat(volume.getStatus()).isNull();
    }

    @Test
    void whatDoesNotFitIsRefusedAndWhatIsNotThereIsNot() {
        for (String spec : List.of("\"none\"", "[]", "{\"csi\":7}", "{\"csi\":{\"driver\":{}}}", "{\"claimRef\":[{}]}", "{\"capacity\":\"much\"}")) {
            assertThatThrownBy(() -> read("{\"metadata\":{\"name\":\"odd\"},\"spec\":" + spec + "}")).as(spec).isInstanceOf(JacksonException.class);
        }
        assertThat(read("{\"metadata\":{\"name\":\"bare\"},\"spec\":null}").getSpec()).isNull();
        assertThat(read("{\"metadata\":{\"name\":\"bare\",\"annotations\":null},\"spec\":{\"csi\":null,\"capacity\":null}}").getSpec().getCsi()).isNull();
    }

    @Test
    void aNodeKnowsItsOwnInListsAndInChanges() {
        try (FakeApi api = new FakeApi(); Client client = api.client(); Informer<PersistentVolume> volumes = LeanVolume.informer(client, "n1")) {
            create(client, "early", "n1");
            create(client, "far", "n2");
            volumes.start();
            await().until(() -> volumes.list().size() == 1);
            create(client, "late", "n1");
            await().until(() -> volumes.list().size() == 2);
            assertThat(volumes.list()).allSatisfy(volume -> {
                assertThat(LocalVolume.of(volume)).isPresent();
                assertThat(volume.getSpec().getNodeAffinity()).isNull();
                assertThat(ObjectKey.of(volume).tenant()).isEqualTo("red");
            });
        }
    }

    private static void create(Client client, String name, String node) {
        client.of(Kind.PERSISTENT_VOLUME).create("red", new PersistentVolumeBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .addToCapacity("storage", new Quantity("1Gi"))
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle(name).addToVolumeAttributes(LocalVolume.NODE, node).endCsi()
                .withNewNodeAffinity().withNewRequired().addNewNodeSelectorTerm().endNodeSelectorTerm().endRequired().endNodeAffinity()
                .endSpec()
                .build());
    }
}
