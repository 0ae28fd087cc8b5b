package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

/// What a tenant has stored is bounded, as all of it is held in memory.
class StoredBytesTest extends ClusterTest {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

    @Test
    void aTenantThatHasStoredAllItMayDeletesSomethingFirst() {
        admin.post(TENANTS, Cluster.tenant("hoarding").replace("\"metadata\"", "\"spec\":{\"storedBytes\":\"-1\"},\"metadata\"")).expect(422);
        admin.post(TENANTS, Cluster.tenant("hoarding").replace("\"metadata\"", "\"spec\":{\"storedBytes\":\"256Ki\"},\"metadata\"")).expect(201);
        var hoarding = cluster.client("hoarding", "alice", "system:masters");
        int made = 0;
        while (made < 10 && hoarding.post(CONFIG_MAPS, Cluster.configMap("c" + made, "x".repeat(50_000))).code() == 201) {
            made++;
        }
        assertThat(made).as("next to what each tenant has from the start").isBetween(3, 5);
        var refused = hoarding.post(CONFIG_MAPS, Cluster.configMap("more", "x".repeat(50_000))).expect(403);
        assertThat(refused.at("message")).contains("configmaps \"more\" is forbidden: exceeded quota of the tenant for what it has stored", "limited: 262144");
        hoarding.patch(CONFIG_MAPS + "/c0", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"finalizers\":[\"example.com/f\"]}}").expect(200);
        hoarding.delete(CONFIG_MAPS + "/c0").expect(200);
        assertThat(hoarding.get(CONFIG_MAPS + "/c0").expect(200).at("metadata", "deletionTimestamp")).isNotEmpty();
        hoarding.patch(CONFIG_MAPS + "/c0", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        hoarding.post(CONFIG_MAPS, Cluster.configMap("more", "x".repeat(50_000))).expect(201);
        admin.patch(TENANTS + "/hoarding", "application/merge-patch+json", "{\"spec\":{\"storedBytes\":\"1Mi\"}}").expect(200);
        hoarding.post(CONFIG_MAPS, Cluster.configMap("large", "x".repeat(500_000))).expect(201);
        admin.patch(TENANTS + "/hoarding", "application/merge-patch+json", "{\"spec\":{\"storedBytes\":\"1Ki\"}}").expect(200);
        admin.delete(TENANTS + "/hoarding").expect(200);
        assertThat(admin.in("hoarding").get("/api/v1/namespaces/default").code()).isEqualTo(200);
        hoarding.delete("/api/v1/namespaces/default/configmaps").expect(200);
        await().untilAsserted(() -> assertThat(cluster.store.bytes("/hoarding/")).isLessThan(100_000));
    }
}
