package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A node that was taken over tries, kind by kind and verb by verb, what it reaches of tenants besides what its own pods name.
class NodeReachTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";

    private final Kinds kinds = Kinds.load();
    private final Map<String, ObjectNode> manifests = new HashMap<>();
    private Cluster.Client node;

    @BeforeAll
    void tenants() throws IOException {
        for (var manifest : EveryKindTest.manifests()) {
            manifests.put(kinds.get(Json.string(manifest, "apiVersion"), Json.string(manifest, "kind")).toString(), manifest);
        }
        for (var name : List.of("n1", "n2")) {
            admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
        }
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", Json.print(manifests.get(kinds.get("node.k8s.io/v1", "RuntimeClass").toString()))).expect(201);
        for (var name : List.of("guest", "stranger")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
            var tenant = cluster.client(name, "alice", "system:masters");
            namespace(tenant, "every");
            for (var kind : kinds.all()) {
                if (manifests.containsKey(kind.toString())) {
                    tenant.post(collection(kind), Json.print(manifests.get(kind.toString())));
                }
            }
            pod(tenant, name, "its", name.equals("guest") ? "n1" : "n2");
        }
        node = cluster.client("root", "system:node:n1", "system:nodes");
    }

    private void pod(Cluster.Client tenant, String name, String pod, String where) {
        tenant.post(pods("every"), Cluster.pod(pod)).expect(201);
        admin.post("/tenants/" + name + pods("every") + "/" + pod + "/binding", "{\"metadata\":{\"name\":\"" + pod + "\"},\"target\":{\"kind\":\"Node\",\"name\":\"" + where + "\"}}").expect(201);
    }

    private static String collection(Kind kind) {
        var type = kind.type();
        return "/" + type.groupVersion().path() + (type.namespaced() ? "/namespaces/every/" : "/") + type.resource();
    }

    /// All that is not forbidden to the node in a tenant, as `verb resource`.
    private TreeSet<String> reach(String tenant) {
        var reached = new TreeSet<String>();
        var before = state(tenant);
        for (var kind : kinds.all()) {
            var type = kind.type();
            var all = "/tenants/" + tenant + collection(kind);
            var manifest = manifests.getOrDefault(kind.toString(), Json.object().put("apiVersion", type.apiVersion()).put("kind", type.kind()));
            var name = Json.string(manifest, "metadata", "name").isEmpty() ? "x" : Json.string(manifest, "metadata", "name");
            var one = all + "/" + name;
            var what = type.resource() + (type.group().isEmpty() ? "" : "." + type.group());
            tell(reached, "list " + what, node.get(all));
            tell(reached, "watch " + what, node.get(all + "?watch=1&timeoutSeconds=1"));
            tell(reached, "get " + what, node.get(one));
            tell(reached, "create " + what, node.post(all, Json.print(manifest)));
            tell(reached, "update " + what, node.put(one, Json.print(manifest)));
            tell(reached, "patch " + what, node.patch(one, MERGE, "{}"));
            tell(reached, "apply " + what, node.patch(one + "?fieldManager=n1", "application/apply-patch+yaml", Json.print(manifest)));
            tell(reached, "delete " + what, node.delete(one));
            tell(reached, "deletecollection " + what, node.delete(all));
            if (type.namespaced()) {
                tell(reached, "list everywhere " + what, node.get("/tenants/" + tenant + "/" + type.groupVersion().path() + "/" + type.resource()));
            }
            for (var part : type.subresources().keySet()) {
                tell(reached, "get " + what + "/" + part, node.get(one + "/" + part));
                tell(reached, "create " + what + "/" + part, node.post(one + "/" + part, "{}"));
                tell(reached, "update " + what + "/" + part, node.put(one + "/" + part, Json.print(manifest)));
                tell(reached, "patch " + what + "/" + part, node.patch(one + "/" + part, MERGE, "{}"));
            }
        }
        assertThat(state(tenant)).as("nothing is changed").isEqualTo(before);
        return reached;
    }

    private static void tell(TreeSet<String> reached, String what, Cluster.Reply answer) {
        if (answer.code() != 403) {
            reached.add(what + (answer.code() < 300 ? "" : " " + answer.code()));
        }
    }

    private Map<String, Long> state(String tenant) {
        var state = new HashMap<String, Long>();
        cluster.store.list("/" + tenant + "/", "", 0).entries().forEach(entry -> state.put(entry.key(), entry.revision()));
        return state;
    }

    @Test
    void whereItHasAPodItKnowsTheServicesAndNothingElseThatNoPodNames() {
        assertThat(reach("guest")).containsExactlyInAnyOrder(
                // Its pods may speak to any Service of their tenant: it leads them there.
                "get services", "list services", "list everywhere services", "watch services",
                "get endpointslices.discovery.k8s.io", "list endpointslices.discovery.k8s.io", "list everywhere endpointslices.discovery.k8s.io", "watch endpointslices.discovery.k8s.io",
                // The operator's, which all tenants see.
                "get runtimeclasses.node.k8s.io");
    }

    @Test
    void whatIsToldOfOthersItDoesNotTurnIntoSomethingOfItsOwn() {
        var guest = cluster.client("guest", "alice", "system:masters");
        pod(guest, "guest", "elsewhere", "n2");
        var events = "/api/v1/namespaces/every/events";
        var event = "{\"metadata\":{\"name\":\"%1$s\"},\"reason\":\"r\",\"type\":\"Normal\",\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"every\",\"name\":\"%1$s\"}}";
        guest.post(events, event.formatted("elsewhere")).expect(201);
        node.post("/tenants/guest" + events, event.formatted("its")).expect(201);
        var mine = "{\"count\":2,\"involvedObject\":{\"name\":\"its\"}}";
        node.patch("/tenants/guest" + events + "/its", MERGE, mine).expect(200);
        node.patch("/tenants/guest" + events + "/elsewhere", MERGE, mine).expect(403);
        node.patch("/tenants/guest" + events + "/its", MERGE, "{\"involvedObject\":{\"name\":\"elsewhere\"}}").expect(403);
    }

    @Test
    void whereItHasNoneItReachesNothing() {
        assertThat(reach("stranger")).isEmpty();
    }

    @Test
    void acrossTenantsItReachesNothingWithoutSayingThatItMeansItself() {
        assertThat(reach("*")).isEmpty();
    }
}
