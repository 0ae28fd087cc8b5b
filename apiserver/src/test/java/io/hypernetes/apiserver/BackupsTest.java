package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.identity.Authorities;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.backup.BackupReader;
import io.hypernetes.store.backup.BackupWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Copies for operators, and tenants that come back from them.
class BackupsTest extends ClusterTest {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

    @Test
    void aDeletedTenantComesBackWithItsCredentialsAndNothingElse() throws IOException {
        admin.post(TENANTS, tenant("back").replace("\"metadata\"", "\"spec\":{\"weight\":3,\"quota\":{\"count/configmaps\":\"50\"}},\"metadata\"")).expect(201);
        admin.post(TENANTS, tenant("other")).expect(201);
        cluster.client("other", "alice", "system:masters").post(configMaps("default"), configMap("foreign", "1")).expect(201);
        var back = cluster.client("back", "alice", "system:masters");
        back.post(configMaps("default"), configMap("c", "kept")).expect(201);
        back.delete(ROLES + "/view").expect(200);
        var token = back.post("/api/v1/namespaces/default/serviceaccounts/default/token", "{\"spec\":{}}").expect(201).at("status", "token");
        var uid = admin.get(TENANTS + "/back").at("metadata", "uid");
        var segment = admin.get(TENANTS + "/back").at("metadata", "annotations", "hypernetes.io/segment");
        var account = back.get("/api/v1/namespaces/default/serviceaccounts/default").at("metadata", "uid");
        var revision = back.get(configMaps("default") + "/c").at("metadata", "resourceVersion");
        byte[] copy = admin.get("/backup?tenant=back").expect(200).body();

        var items = items(copy);
        assertThat(items).noneMatch(item -> item instanceof BackupItem.Stored(var entry) && (entry.key().contains("other") || new String(entry.value()).contains("foreign")));
        hand("again", copy, "back");
        assertThat(admin.post("/restore?file=again", "").expect(409).at("message")).contains("a backup never replaces one");

        byte[] whole = withFiles(copy, "back", Authorities.files(cluster.folder.resolve("pki")));
        delete("back");
        back.get(configMaps("default")).expect(401);
        assertThat(cluster.folder.resolve("keys/back.key")).doesNotExist();

        Files.write(cluster.restores().resolve("whole"), whole);
        assertThat(admin.post("/restore?file=whole", "").expect(200).at("tenant")).isEqualTo("back");
        assertThat(cluster.restores().resolve("whole")).doesNotExist();
        assertThat(back.get(configMaps("default") + "/c").expect(200).at("data", "k")).isEqualTo("kept");
        assertThat(Long.parseLong(back.get(configMaps("default") + "/c").at("metadata", "resourceVersion"))).isGreaterThan(Long.parseLong(revision));
        back.get(ROLES + "/view").expect(404);
        assertThat(admin.get(TENANTS + "/back").at("metadata", "uid")).isEqualTo(uid);
        assertThat(admin.get(TENANTS + "/back").json().path("spec").path("weight").asInt(0)).isEqualTo(3);
        assertThat(admin.get(TENANTS + "/back").at("metadata", "annotations", "hypernetes.io/segment")).isNotEmpty();
        assertThat(back.get("/api/v1/namespaces/default/serviceaccounts/default").at("metadata", "uid")).isEqualTo(account);
        var robot = cluster.anonymous();
        robot.send(robot.request("/api").header("Authorization", "Bearer " + token).GET().build()).expect(200);
        // It lives on like any other: counted, written, and deleted as a whole.
        back.post(configMaps("default"), configMap("d", "1")).expect(201);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/back").at("status", "used", "count/configmaps")).isEqualTo("7"));
        delete("back");
        assertThat(cluster.store.list("/back/", "", 0).entries()).isEmpty();
        assertThat(segment).isNotEmpty();
    }

    @Test
    void whatIsDamagedOrOfAnotherOrNobodysIsRefusedAndLeavesNothing() throws IOException {
        admin.post(TENANTS, tenant("torn")).expect(201);
        byte[] copy = withFiles(admin.get("/backup?tenant=torn").expect(200).body(), "torn", Authorities.files(cluster.folder.resolve("pki")));
        delete("torn");
        byte[] bad = copy.clone();
        bad[copy.length / 2] ^= 1;
        Files.write(cluster.restores().resolve("bad"), bad);
        assertThat(admin.post("/restore?file=bad", "").expect(400).at("message")).contains("damaged");
        // Without its authority.
        hand("bare", copy(copy, "torn", Map.of()), "torn");
        assertThat(admin.post("/restore?file=bare", "").expect(400).at("message")).contains("the authority of tenant torn does not come back");
        // One that says it is another's.
        hand("lie", copy(copy, "bolt", Map.of()), "bolt");
        assertThat(admin.post("/restore?file=lie", "").expect(400).at("message")).contains("holds something of another");
        admin.post("/restore?file=absent", "").expect(400);
        admin.post("/restore?file=..%2Fkeys%2Fmaster.key", "").expect(400);
        admin.get(TENANTS + "/torn").expect(404);
        assertThat(cluster.authorities.tenantNames()).doesNotContain("torn", "bolt");
        admin.get("/backup?tenant=torn").expect(404);
    }

    @Test
    void nobodyButAnOperatorGetsOrBringsOne() {
        admin.post(TENANTS, tenant("curious")).expect(201);
        var curious = cluster.client("curious", "alice", "system:masters");
        for (var path : List.of("/backup", "/backup?tenant=curious", "/tenants/curious/backup")) {
            curious.get(path).expect(404);
        }
        curious.post("/restore?file=x", "").expect(404);
        cluster.client("root", "bob", "dev").get("/backup").expect(403);
        cluster.client("root", "system:kube-controller-manager").get("/backup").expect(404);
        cluster.anonymous().get("/backup").expect(403);
        admin.get("/tenants/curious/backup").expect(404);
    }

    private void delete(String name) {
        admin.delete(TENANTS + "/" + name).expect(200);
        admin.patch(TENANTS + "/" + name, "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}");
        await().untilAsserted(() -> admin.get(TENANTS + "/" + name).expect(404));
    }

    private void hand(String file, byte[] copy, String tenant) throws IOException {
        Files.write(cluster.restores().resolve(file), copy(copy, tenant, Map.of()));
    }

    private static byte[] withFiles(byte[] copy, String tenant, Map<String, byte[]> files) throws IOException {
        return copy(copy, tenant, files);
    }

    /// The same entries as a backup of a tenant, with files.
    private static byte[] copy(byte[] copy, String tenant, Map<String, byte[]> files) throws IOException {
        var out = new java.io.ByteArrayOutputStream();
        try (var reader = BackupReader.open(new ByteArrayInputStream(copy), null)) {
            var header = new io.hypernetes.store.backup.BackupHeader(reader.header().created(), tenant, reader.header().revision());
            var writer = BackupWriter.begin(out, header, null, new SecureRandom());
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                if (item.get() instanceof BackupItem.Stored(var entry)) {
                    writer.entry(entry);
                }
            }
            for (var file : files.entrySet()) {
                if (file.getKey().startsWith("tenants/" + tenant + "/")) {
                    writer.file(file.getKey(), file.getValue());
                }
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    private static List<BackupItem> items(byte[] copy) throws IOException {
        List<BackupItem> items = new ArrayList<>();
        try (var reader = BackupReader.open(new ByteArrayInputStream(copy), null)) {
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                items.add(item.get());
            }
        }
        return items;
    }
}
