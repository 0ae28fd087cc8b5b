package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Disks of nodes take room that is all tenants', and stay when their node is away.
class LocalDisksTest extends ClusterTest {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String VOLUMES = "/api/v1/persistentvolumes";
    private static final String CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
    private static final String MERGE = "application/merge-patch+json";
    private static final String NO_FINALIZERS = "{\"metadata\":{\"finalizers\":null}}";

    private Cluster.Client tenant(String name, String quota) {
        admin.post(TENANTS, Cluster.tenant(name).replace("\"metadata\"", "\"spec\":{\"quota\":{" + quota + "}},\"metadata\"")).expect(201);
        return cluster.client(name, "olga", "system:masters");
    }

    private static String volume(String name, String size, String more) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"storageClassName\":\"local\",\"capacity\":{\"storage\":\"" + size + "\"},"
                + "\"csi\":{\"driver\":\"local.hypernetes.io\",\"volumeHandle\":\"h\",\"volumeAttributes\":{\"node\":\"n1\"}}" + more + "}}";
    }

    private static String claim(String name, String size) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"" + size + "\"}}}}";
    }

    private static String claimRef(String name, String uid) {
        return ",\"claimRef\":{\"namespace\":\"default\",\"name\":\"" + name + "\",\"uid\":\"" + uid + "\"}";
    }

    private static String capacity(String size) {
        return "{\"spec\":{\"capacity\":{\"storage\":\"" + size + "\"}}}";
    }

    private static String finalizers(JsonNode volume) {
        return volume.path("metadata").path("finalizers").toString();
    }

    private String owner(JsonNode volume) {
        return Json.string(volume, "spec", "csi", "volumeAttributes", "hypernetes.io/tenant-uid");
    }

    private void used(String tenant, String storage) {
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/" + tenant).at("status", "used", "requests.storage")).isEqualTo(storage));
    }

    @Test
    void aDiskSaysWhoseItIsAndItsVolumeStaysUntilItsNodeHasRemovedIt() {
        var mine = tenant("mine", "");
        var uid = admin.get(TENANTS + "/mine").at("metadata", "uid");
        var lies = volume("lies", "1Gi", "").replace("\"node\":", "\"hypernetes.io/tenant-uid\":\"another\",\"node\":");
        var made = mine.post(VOLUMES, lies).expect(201).json();
        assertThat(owner(made)).isEqualTo(uid).isNotEmpty();
        assertThat(finalizers(made)).contains("hypernetes.io/local-disk");
        assertThat(finalizers(mine.patch(VOLUMES + "/lies", MERGE, NO_FINALIZERS).expect(200).json())).contains("hypernetes.io/local-disk");
        assertThat(owner(mine.patch(VOLUMES + "/lies", MERGE, "{\"spec\":{\"csi\":{\"volumeAttributes\":{\"hypernetes.io/tenant-uid\":\"another\"}}}}").expect(200).json()))
                .isEqualTo(uid);
        mine.delete(VOLUMES + "/lies").expect(200);
        mine.patch(VOLUMES + "/lies", MERGE, NO_FINALIZERS).expect(200);
        assertThat(finalizers(mine.get(VOLUMES + "/lies").expect(200).json())).isEqualTo("[\"hypernetes.io/local-disk\"]");
        cluster.operator().patch("/tenants/mine" + VOLUMES + "/lies", MERGE, NO_FINALIZERS).expect(200);
        mine.get(VOLUMES + "/lies").expect(404);
        // The operator's are always the same tenant's.
        assertThat(owner(admin.post(VOLUMES, volume("own", "1Gi", "")).expect(201).json())).isEmpty();
    }

    @Test
    void noPolicyOfATenantTakesThatAway() {
        var sly = tenant("sly", "");
        sly.post("/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies", """
                {"metadata":{"name":"strip"},"spec":{"reinvocationPolicy":"Never","failurePolicy":"Fail",
                 "matchConstraints":{"resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["persistentvolumes"]}]},
                 "mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'remove', path: '/metadata/finalizers'}, JSONPatch{op: 'remove', path: '/spec/csi/volumeAttributes/hypernetes.io~1tenant-uid'}]"}}]}}""")
                .expect(201);
        sly.post("/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings", "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"policyName\":\"strip\"}}").expect(201);
        await().untilAsserted(() -> {
            var probe = volume("probe", "1Gi", "").replace("\"name\":\"probe\"", "\"name\":\"probe\",\"finalizers\":[\"example.com/mine\"]");
            assertThat(finalizers(sly.post(VOLUMES + "?dryRun=All", probe).expect(201).json())).as("the policy is at work").doesNotContain("example.com/mine");
        });
        var made = sly.post(VOLUMES, volume("v", "1Gi", "")).expect(201).json();
        assertThat(finalizers(made)).contains("hypernetes.io/local-disk");
        assertThat(owner(made)).isNotEmpty();
        var changed = sly.patch(VOLUMES + "/v", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200).json();
        assertThat(finalizers(changed)).contains("hypernetes.io/local-disk");
        assertThat(owner(changed)).isNotEmpty();
    }

    @Test
    void aDiskIsNotMadeSmaller() {
        var mine = tenant("shrinks", "");
        mine.post(VOLUMES, volume("v", "2Gi", "")).expect(201);
        assertThat(mine.patch(VOLUMES + "/v", MERGE, capacity("1Gi")).expect(422).at("message"))
                .contains("spec.capacity[storage]: Forbidden: a disk cannot be made smaller");
        mine.patch(VOLUMES + "/v", MERGE, capacity("3Gi")).expect(200);
    }

    /// Upstream counts what claims ask for (pkg/quota/v1/evaluator/core/persistent_volume_claims.go); there, who makes volumes is no tenant.
    @Test
    void disksOfATenantsOwnMakingAreWithinItsQuota() {
        var mine = tenant("bounded-disks", "\"requests.storage\":\"10Gi\"");
        assertThat(mine.post(VOLUMES, volume("huge", "11Gi", "")).expect(403).at("message"))
                .contains("exceeded quota of the tenant, requested: requests.storage=11Gi, used: requests.storage=0, limited: requests.storage=10Gi");
        mine.post(VOLUMES, volume("v", "6Gi", "")).expect(201);
        mine.patch(VOLUMES + "/v", MERGE, capacity("11Gi")).expect(403);
        mine.post(CLAIMS, claim("c", "5Gi")).expect(403);
        var uid = mine.post(CLAIMS, claim("c", "4Gi")).expect(201).at("metadata", "uid");
        used("bounded-disks", "10Gi");
        // Bound to each other they are one disk.
        mine.patch(VOLUMES + "/v", MERGE, "{\"spec\":{" + claimRef("c", uid).substring(1) + "}}").expect(200);
        mine.patch(CLAIMS + "/c", MERGE, "{\"spec\":{\"volumeName\":\"v\"}}").expect(200);
        used("bounded-disks", "6Gi");
        mine.patch(VOLUMES + "/v", MERGE, capacity("9Gi")).expect(200);
        used("bounded-disks", "9Gi");
        mine.post(CLAIMS, claim("d", "2Gi")).expect(403);
        // Retained, it takes what it took.
        mine.patch(CLAIMS + "/c", MERGE, NO_FINALIZERS).expect(200);
        mine.delete(CLAIMS + "/c").expect(200);
        used("bounded-disks", "9Gi");
        mine.post(CLAIMS, claim("d", "2Gi")).expect(403);
        mine.delete(VOLUMES + "/v").expect(200);
        used("bounded-disks", "9Gi");
        cluster.operator().patch("/tenants/bounded-disks" + VOLUMES + "/v", MERGE, NO_FINALIZERS).expect(200);
        used("bounded-disks", "0");
        mine.post(CLAIMS, claim("d", "2Gi")).expect(201);
    }

    @Test
    void theVolumeThatIsMadeForAClaimCostsNothingMore() {
        var mine = tenant("exact-disks", "\"requests.storage\":\"2Gi\"");
        var uid = mine.post(CLAIMS, claim("c", "2Gi")).expect(201).at("metadata", "uid");
        var controllers = cluster.client("root", "system:kube-controller-manager");
        controllers.post("/tenants/exact-disks" + VOLUMES, volume("pvc-" + uid, "2Gi", claimRef("c", uid))).expect(201);
        controllers.patch("/tenants/exact-disks" + CLAIMS + "/c", MERGE, "{\"spec\":{\"volumeName\":\"pvc-" + uid + "\"}}").expect(200);
        used("exact-disks", "2Gi");
        // Two volumes for one claim are two disks, and so is one that its claim has left.
        mine.post(VOLUMES, volume("second", "1Gi", claimRef("c", uid))).expect(403);
        mine.patch(VOLUMES + "/pvc-" + uid, MERGE, "{\"spec\":{\"claimRef\":null}}").expect(403);
    }

    private static String ofClass(String type, String object) {
        var said = "\"accessModes\":[\"ReadWriteOnce\"],";
        return object.replace("\"storageClassName\":\"local\",", "").replace(said, said + (type.isEmpty() ? "" : "\"storageClassName\":\"" + type + "\","));
    }

    /// Classes of disks of nodes are the operator's to limit, whatever a tenant calls its own.
    @Test
    void noClassOfATenantsOwnLeadsAroundTheLimitOfTheOperators() {
        var limit = "local.storageclass.storage.k8s.io/requests.storage";
        var mine = tenant("classed-disks", "\"" + limit + "\":\"10Gi\"");
        for (var type : new String[] {"mine", ""}) {
            assertThat(mine.post(VOLUMES, ofClass(type, volume("huge", "1Ti", ""))).expect(403).at("message"))
                    .contains("exceeded quota of the tenant, requested: " + limit + "=1Ti");
        }
        mine.post(VOLUMES, ofClass("mine", volume("own", "2Gi", ""))).expect(201);
        // A claim of another class pays nothing of it, though it has the disk.
        var uid = mine.post(CLAIMS, ofClass("other", claim("c", "7Gi"))).expect(201).at("metadata", "uid");
        mine.post(VOLUMES, volume("v", "6Gi", claimRef("c", uid))).expect(201);
        mine.patch(CLAIMS + "/c", MERGE, "{\"spec\":{\"volumeName\":\"v\"}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/classed-disks").at("status", "used", limit)).isEqualTo("8Gi"));
        mine.post(VOLUMES, ofClass("mine", volume("w", "3Gi", ""))).expect(403);
        // Another class of the operator's is another matter.
        admin.post("/apis/storage.k8s.io/v1/storageclasses", "{\"metadata\":{\"name\":\"slow\"},\"provisioner\":\"hypernetes.io/local\"}").expect(201);
        mine.post(VOLUMES, ofClass("slow", volume("slow", "1Ti", ""))).expect(201);
        // Counted anew it is the same.
        mine.delete(VOLUMES + "/own").expect(200);
        cluster.operator().patch("/tenants/classed-disks" + VOLUMES + "/own", MERGE, NO_FINALIZERS).expect(200);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/classed-disks").at("status", "used", limit)).isEqualTo("6Gi"));
    }

    /// As those are that were made before volumes of tenants' own were protected.
    @Test
    void oneThatIsNotProtectedYetIsWhenItIsDeleted() {
        var mine = tenant("old-disks", "");
        mine.post(VOLUMES, volume("v", "1Gi", "")).expect(201);
        assertThat(finalizers(cluster.operator().patch("/tenants/old-disks" + VOLUMES + "/v", MERGE, NO_FINALIZERS).expect(200).json())).isEmpty();
        mine.delete(VOLUMES + "/v").expect(200);
        assertThat(finalizers(mine.get(VOLUMES + "/v").expect(200).json())).isEqualTo("[\"hypernetes.io/local-disk\"]");
        cluster.operator().patch("/tenants/old-disks" + VOLUMES + "/v", MERGE, NO_FINALIZERS).expect(200);
        mine.get(VOLUMES + "/v").expect(404);
    }

    /// Whoever says which state it saw is told of a change of that, and not of what else the commit relied on.
    @Test
    void whoWritesWhatItSawIsNotRefusedForAnother() throws Exception {
        var mine = tenant("relying", "\"requests.storage\":\"10Gi\"");
        var seen = (ObjectNode) mine.post(VOLUMES, volume("v", "1Gi", "")).expect(201).json();
        var over = new AtomicBoolean();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var writer = threads.submit(() -> {
                for (int i = 0; !over.get(); i++) {
                    admin.patch(TENANTS + "/relying", MERGE, "{\"metadata\":{\"labels\":{\"i\":\"" + i + "\"}}}").expect(200);
                }
            });
            try {
                for (int i = 0; i < 300; i++) {
                    Json.child(Json.child(seen, "metadata"), "labels").put("i", "" + i);
                    seen = (ObjectNode) mine.put(VOLUMES + "/v", Json.print(seen)).expect(200).json();
                }
            } finally {
                over.set(true);
            }
            writer.get();
        }
        mine.patch(VOLUMES + "/v", MERGE, "{\"metadata\":{\"labels\":null}}").expect(200);
        mine.put(VOLUMES + "/v", Json.print(seen)).expect(409);
    }

    @Test
    void aNodeThatNoneCanBeHasNoDisks() {
        var mine = tenant("nowhere", "");
        assertThat(mine.post(VOLUMES, volume("v", "1Gi", "").replace("\"n1\"", "\"a/b\"")).expect(422).at("message"))
                .contains("spec.csi.volumeAttributes[node]: Invalid value: \"a/b\"");
    }

    @Test
    void aDiskHasTheRoomOfItsJournalAtLeast() {
        var mine = tenant("small-disks", "\"local.storageclass.storage.k8s.io/requests.storage\":\"10Mi\"");
        mine.post(VOLUMES, volume("a", "1", "")).expect(201);
        mine.post(VOLUMES, volume("b", "1", "")).expect(201);
        assertThat(mine.post(VOLUMES, volume("c", "1", "")).expect(403).at("message")).contains("used: local.storageclass.storage.k8s.io/requests.storage=8Mi");
        // Of another driver there is nothing on any node.
        mine.post(VOLUMES, volume("d", "1Ti", "").replace("local.hypernetes.io", "example.com")).expect(201);
    }
}
