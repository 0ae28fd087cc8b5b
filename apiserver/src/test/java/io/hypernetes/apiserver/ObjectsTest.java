package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ObjectsTest extends ClusterTest {

    @Test
    void anObjectIsCreatedReadChangedAndDeleted() {
        namespace(admin, "crud");
        var created = admin.post(configMaps("crud"), configMap("a", "1")).expect(201);
        assertThat(created.at("metadata", "uid")).hasSize(36);
        assertThat(created.at("metadata", "namespace")).isEqualTo("crud");
        assertThat(admin.get(configMaps("crud") + "/a").expect(200).json()).isEqualTo(created.json());
        var changed = admin.put(configMaps("crud") + "/a", configMap("a", "2")).expect(200);
        assertThat(changed.at("data", "k")).isEqualTo("2");
        assertThat(changed.at("metadata", "uid")).isEqualTo(created.at("metadata", "uid"));
        assertThat(Long.parseLong(changed.at("metadata", "resourceVersion")))
                .isGreaterThan(Long.parseLong(created.at("metadata", "resourceVersion")));
        var gone = admin.delete(configMaps("crud") + "/a").expect(200);
        assertThat(gone.at("status")).isEqualTo("Success");
        assertThat(gone.at("details", "uid")).isEqualTo(created.at("metadata", "uid"));
        assertThat(admin.get(configMaps("crud") + "/a").expect(404).at("message"))
                .isEqualTo("configmaps \"a\" not found");
    }

    /// Which kinds, the model library says by what its methods return.
    @Test
    void aDeletionIsAnsweredAsClientsReadIt() {
        namespace(admin, "answers");
        for (var kind : new String[][] {
            {"/api/v1/namespaces/answers/serviceaccounts", "{\"metadata\":{\"name\":\"a\"}}", "ServiceAccount"},
            {"/api/v1/namespaces/answers/services", "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"ports\":[{\"port\":80}]}}", "Service"},
            {"/api/v1/namespaces/answers/resourcequotas", "{\"metadata\":{\"name\":\"a\"}}", "ResourceQuota"},
            {"/api/v1/namespaces/answers/podtemplates",
                "{\"metadata\":{\"name\":\"a\"},\"template\":{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}", "PodTemplate"},
            {"/apis/storage.k8s.io/v1/storageclasses", "{\"metadata\":{\"name\":\"answers\"},\"provisioner\":\"example.com/p\"}", "StorageClass"},
            {"/api/v1/namespaces/answers/secrets", "{\"metadata\":{\"name\":\"a\"}}", "Status"},
            {"/apis/policy/v1/namespaces/answers/poddisruptionbudgets", "{\"metadata\":{\"name\":\"a\"},\"spec\":{}}", "Status"},
        }) {
            var made = admin.post(kind[0], kind[1]).expect(201);
            var answer = admin.delete(kind[0] + "/" + made.at("metadata", "name")).expect(200);
            assertThat(answer.at("kind")).as(kind[0]).isEqualTo(kind[2]);
            assertThat(kind[2].equals("Status") ? answer.at("details", "uid") : answer.at("metadata", "uid")).isEqualTo(made.at("metadata", "uid"));
        }
    }

    /// So namespaces are emptied: what is held is not in the way of what comes behind it.
    @Test
    void aCollectionIsDeletedPageByPage() {
        namespace(admin, "paged");
        for (int i = 0; i < 5; i++) {
            admin.post(configMaps("paged"), configMap("p" + i, "1").replace("\"name\":", "\"finalizers\":[\"example.com/held\"],\"name\":")).expect(201);
        }
        var token = "";
        int pages = 0;
        do {
            var page = admin.send(admin.request(configMaps("paged") + "?limit=2&labelSelector=&continue=" + token)
                            .header("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json")
                            .DELETE()
                            .build())
                    .expect(200);
            assertThat(page.at("kind")).isEqualTo("PartialObjectMetadataList");
            assertThat(page.json().path("items").size()).isBetween(1, 2);
            token = page.at("metadata", "continue");
            pages++;
        } while (!token.isEmpty());
        // With what every namespace has.
        assertThat(pages).isEqualTo(3);
        for (int i = 0; i < 5; i++) {
            assertThat(admin.get(configMaps("paged") + "/p" + i).expect(200).at("metadata", "deletionTimestamp")).isNotEmpty();
        }
    }

    @Test
    void anUnchangedObjectIsNotWritten() {
        var first = admin.post(configMaps("default"), configMap("same", "1")).expect(201);
        var again = admin.put(configMaps("default") + "/same", configMap("same", "1")).expect(200);
        assertThat(again.at("metadata", "resourceVersion")).isEqualTo(first.at("metadata", "resourceVersion"));
    }

    @Test
    void aStaleUpdateIsRefused() {
        var created = admin.post(configMaps("default"), configMap("stale", "1")).expect(201);
        admin.put(configMaps("default") + "/stale", configMap("stale", "2")).expect(200);
        var refused = admin.put(configMaps("default") + "/stale", Json.print(created.json())).expect(409);
        assertThat(refused.at("reason")).isEqualTo("Conflict");
        assertThat(refused.at("message")).contains("the object has been modified");
    }

    @Test
    void aPutMakesWhatIsMissingOfTheKindsThatLetIt() {
        var leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases/";
        var seen = "{\"metadata\":{\"name\":\"put\",\"resourceVersion\":\"%s\"},\"spec\":{\"holderIdentity\":\"%s\"}}";
        assertThat(admin.put(leases + "put", seen.formatted("12345", "a")).expect(201).at("spec", "holderIdentity")).isEqualTo("a");
        var named = "{\"metadata\":{\"name\":\"put\"},\"spec\":{\"holderIdentity\":\"b\"}}";
        assertThat(admin.put(leases + "put", named).expect(422).at("message"))
                .isEqualTo("leases.coordination.k8s.io \"put\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update");
        var revision = admin.get(leases + "put").at("metadata", "resourceVersion");
        admin.put(leases + "put", seen.formatted(revision, "b")).expect(200);
        assertThat(admin.put(leases + "gone", "{\"metadata\":{\"name\":\"gone\",\"uid\":\"x\"}}").expect(409).at("message"))
                .contains("Precondition failed: UID in precondition: x, UID in object meta: ");
        admin.put(leases + "other", named).expect(400);

        var roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/";
        admin.put(roles + "put", "{\"metadata\":{\"name\":\"put\"},\"rules\":[]}").expect(201);
        admin.put(roles + "put", "{\"metadata\":{\"name\":\"put\"},\"rules\":[]}").expect(200);
        admin.put("/api/v1/namespaces/default/services/put", "{\"spec\":{\"ports\":[{\"port\":80}]}}").expect(201);
        admin.put("/api/v1/namespaces/default/services/none/status", "{\"metadata\":{\"name\":\"none\"}}").expect(404);
        assertThat(admin.put(configMaps("default") + "/none", configMap("none", "1")).expect(404).at("message"))
                .isEqualTo("configmaps \"none\" not found");

        // Who may change may not make.
        admin.put(roles + "changer", """
                {"metadata":{"name":"changer"},"rules":[{"apiGroups":["coordination.k8s.io"],"resources":["leases"],"verbs":["update"]}]}""")
                .expect(201);
        admin.put("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/changer", """
                {"metadata":{"name":"changer"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"changer"},
                 "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"changer"}]}""")
                .expect(201);
        assertThat(cluster.client("root", "changer").put(leases + "missing", "{}").expect(403).at("message")).contains("cannot create resource \"leases\"");
    }

    @Test
    void aCollectionIsDeletedAsFarAsItsLimit() {
        namespace(admin, "pages");
        for (var name : List.of("a", "b", "c")) {
            admin.post("/api/v1/namespaces/pages/secrets", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
        }
        var gone = admin.delete("/api/v1/namespaces/pages/secrets?limit=2").expect(200);
        assertThat(names(gone.json())).containsExactly("a", "b");
        assertThat(names(admin.get("/api/v1/namespaces/pages/secrets").json())).containsExactly("c");
        admin.delete("/api/v1/namespaces/pages/secrets?continue=" + gone.at("metadata", "continue")).expect(200);
        assertThat(names(admin.get("/api/v1/namespaces/pages/secrets").json())).isEmpty();
    }

    @Test
    void aSecondObjectOfTheNameIsRefused() {
        admin.post(configMaps("default"), configMap("twice", "1")).expect(201);
        assertThat(admin.post(configMaps("default"), configMap("twice", "1")).expect(409).at("reason"))
                .isEqualTo("AlreadyExists");
    }

    @Test
    void aNameIsMadeFromAPrefix() {
        var body = "{\"metadata\":{\"generateName\":\"made-\"}}";
        var one = admin.post(configMaps("default"), body).expect(201).at("metadata", "name");
        var other = admin.post(configMaps("default"), body).expect(201).at("metadata", "name");
        assertThat(one).startsWith("made-").hasSize(10).isNotEqualTo(other);
    }

    @Test
    void aDryRunChangesNothing() {
        var rehearsed = admin.post(configMaps("default") + "?dryRun=All", configMap("dry", "1")).expect(201);
        // Not even an empty one, which `kubectl diff` would show as something that is added.
        assertThat(rehearsed.json().path("metadata").has("resourceVersion")).isFalse();
        assertThat(rehearsed.at("metadata", "uid")).isNotEmpty();
        admin.get(configMaps("default") + "/dry").expect(404);
        // kubectl create --dry-run=server -o yaml | kubectl create -f -
        admin.post(configMaps("default") + "?dryRun=All", rehearsed.text()).expect(201);
        assertThat(admin.post(configMaps("default") + "?dryRun=Some", configMap("dry", "1")).expect(422).at("message"))
                .contains("dryRun: Unsupported value: \"Some\": supported values: \"All\"");
    }

    @Test
    void aDeletedOrMissingNamespaceTakesNothing() {
        assertThat(admin.post(configMaps("nowhere"), configMap("a", "1")).expect(404).at("message"))
                .isEqualTo("namespaces \"nowhere\" not found");
        namespace(admin, "ending");
        var ending = admin.delete("/api/v1/namespaces/ending").expect(200);
        assertThat(ending.at("status", "phase")).isEqualTo("Terminating");
        var refused = admin.post(configMaps("ending"), configMap("a", "1")).expect(403);
        assertThat(Json.string(refused.json().path("details").path("causes").path(0), "reason"))
                .isEqualTo("NamespaceTerminating");
        var namespace = ending.json();
        Json.child(namespace, "spec").putArray("finalizers");
        admin.put("/api/v1/namespaces/ending", Json.print(namespace)).expect(200);
        admin.get("/api/v1/namespaces/ending").expect(200);
        admin.put("/api/v1/namespaces/ending/finalize", Json.print(namespace)).expect(200);
        admin.get("/api/v1/namespaces/ending").expect(404);
    }

    @Test
    void finalizersHoldAnObjectUntilTheLastOneGoes() {
        admin.post(configMaps("default"), "{\"metadata\":{\"name\":\"held\",\"finalizers\":[\"example.com/x\"]}}")
                .expect(201);
        var marked = admin.delete(configMaps("default") + "/held").expect(200);
        assertThat(marked.at("metadata", "deletionTimestamp")).isNotEmpty();
        admin.get(configMaps("default") + "/held").expect(200);
        admin.patch(
                        configMaps("default") + "/held",
                        "application/merge-patch+json",
                        "{\"metadata\":{\"finalizers\":[\"example.com/x\",\"example.com/y\"]}}")
                .expect(422);
        admin.patch(
                        configMaps("default") + "/held",
                        "application/merge-patch+json",
                        "{\"metadata\":{\"finalizers\":null}}")
                .expect(200);
        admin.get(configMaps("default") + "/held").expect(404);
    }

    @Test
    void deletionAsksForTheRightObject() {
        var created = admin.post(configMaps("default"), configMap("precise", "1")).expect(201);
        admin.delete(configMaps("default") + "/precise", "{\"preconditions\":{\"uid\":\"other\"}}").expect(409);
        admin.delete(
                        configMaps("default") + "/precise",
                        "{\"preconditions\":{\"uid\":\"" + created.at("metadata", "uid") + "\"}}")
                .expect(200);
    }

    @Test
    void theThreeKindsOfPatchesApply() {
        admin.post(configMaps("default"), configMap("patched", "1")).expect(201);
        var path = configMaps("default") + "/patched";
        assertThat(admin.patch(path, "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/data/j\",\"value\":\"x\"}]")
                        .expect(200)
                        .at("data", "j"))
                .isEqualTo("x");
        assertThat(admin.patch(path, "application/merge-patch+json", "{\"data\":{\"j\":null}}").expect(200).json().path("data").has("j"))
                .isFalse();
        assertThat(admin.patch(path, "application/strategic-merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}")
                        .expect(200)
                        .at("metadata", "labels", "a"))
                .isEqualTo("b");
        admin.patch(path, "application/unknown", "{}").expect(415);
    }

    @Test
    void aPatchThatNamesAnotherStateIsRefused() {
        admin.post(configMaps("default"), configMap("seen", "1")).expect(201);
        admin.patch(
                        configMaps("default") + "/seen",
                        "application/merge-patch+json",
                        "{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"k\":\"2\"}}")
                .expect(409);
    }

    @Test
    void concurrentPatchesAllTakeEffect() throws InterruptedException {
        admin.post(configMaps("default"), configMap("busy", "1")).expect(201);
        int writers = 8;
        var done = new CountDownLatch(writers);
        var failed = new AtomicInteger();
        for (int i = 0; i < writers; i++) {
            int number = i;
            Thread.startVirtualThread(() -> {
                try {
                    admin.patch(
                                    configMaps("default") + "/busy",
                                    "application/merge-patch+json",
                                    "{\"data\":{\"w" + number + "\":\"x\"}}")
                            .expect(200);
                } catch (AssertionError e) {
                    failed.incrementAndGet();
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
        assertThat(failed).hasValue(0);
        assertThat(admin.get(configMaps("default") + "/busy").json().path("data").size()).isEqualTo(writers + 1);
    }

    @Test
    void unknownFieldsAreRefusedWarnedOfOrIgnored() {
        var body = "{\"metadata\":{\"name\":\"odd\"},\"dada\":{}}";
        assertThat(admin.post(configMaps("default") + "?fieldValidation=Strict", body).expect(400).at("message"))
                .contains("unknown field \"dada\"");
        var warned = admin.post(configMaps("default") + "?fieldValidation=Warn&dryRun=All", body).expect(201);
        assertThat(warned.http().headers().firstValue("Warning")).hasValue("299 - \"unknown field \\\"dada\\\"\"");
        var ignored = admin.post(configMaps("default") + "?fieldValidation=Ignore&dryRun=All", body).expect(201);
        assertThat(ignored.http().headers().firstValue("Warning")).isEmpty();
    }

    /// Upstream's endpoints/handlers/patch.go: 422, after which `kubectl edit` shows what is wrong and goes on; of a bad request it ends.
    @Test
    void whatAPatchLeavesUnreadableIsTheFaultOfThePatch() {
        admin.post(configMaps("default"), configMap("mistyped", "1")).expect(201);
        String strict = configMaps("default") + "/mistyped?fieldValidation=Strict";
        var strategic = admin.patch(strict, "application/strategic-merge-patch+json", "{\"metadata\":{\"labels\":{\"b\":\"x y\",\"a\":\"\"}},\"dada\":[1,true,null]}").expect(422);
        assertThat(strategic.at("reason")).isEqualTo("Invalid");
        assertThat(strategic.at("message"))
                .isEqualTo(" \"\" is invalid: patch: Invalid value: \"map[dada:[1 true <nil>] metadata:map[labels:map[a: b:x y]]]\": strict decoding error: unknown field \"dada\"");
        assertThat(strategic.json().path("details").path("causes").path(0).path("field").asString("")).isEqualTo("patch");
        assertThat(admin.patch(strict, "application/merge-patch+json", "{\"dada\":1}").expect(422).at("message"))
                .startsWith(" \"\" is invalid: patch: Invalid value: \"{")
                .contains("\\\"dada\\\":1")
                .endsWith(": strict decoding error: unknown field \"dada\"");
        assertThat(admin.patch(strict, "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/data\",\"value\":1}]").expect(422).at("message"))
                .startsWith(" \"\" is invalid: patch: Invalid value: \"{")
                .contains("cannot unmarshal number into Go struct field ConfigMap.data");
        assertThat(admin.patch(configMaps("default") + "/mistyped", "application/strategic-merge-patch+json", "{\"data\":{\"k\":true}}").expect(422).at("message"))
                .startsWith(" \"\" is invalid: patch: Invalid value: \"map[data:map[k:true]]\": json: cannot unmarshal bool");
        // What is long is not told whole.
        assertThat(admin.patch(strict, "application/merge-patch+json", "{\"dada\":\"" + "d".repeat(100_000) + "\"}").expect(422).at("message")).hasSizeLessThan(20_000);
        for (String type : List.of("application/strategic-merge-patch+json", "application/merge-patch+json")) {
            for (String before : List.of("", "d")) {
                String text = before + "\uD83D\uDE00".repeat(5000);
                assertThat(admin.patch(strict, type, "{\"dada\":\"" + text + "\"}").expect(422).at("message")).as("not cut within a letter").endsWith("unknown field \"dada\"");
            }
            String deep = "{\"d\":".repeat(900) + "1" + "}".repeat(900);
            assertThat(admin.patch(strict, type, "{\"data\":{\"k\":" + deep + "}}").expect(422).at("message")).contains("cannot unmarshal");
        }
        var warned = admin.patch(configMaps("default") + "/mistyped", "application/merge-patch+json", "{\"dada\":1}").expect(200);
        assertThat(warned.http().headers().firstValue("Warning")).hasValue("299 - \"unknown field \\\"dada\\\"\"");
    }

    @Test
    void yamlIsUnderstood() {
        var reply = admin.send(admin.request(configMaps("default"))
                .header("Content-Type", "application/yaml")
                .POST(HttpRequest.BodyPublishers.ofString("metadata:\n  name: yaml\ndata:\n  a: \"yes\"\n"))
                .build());
        assertThat(reply.expect(201).at("data", "a")).isEqualTo("yes");
    }

    @Test
    void aListInPiecesShowsOneState() {
        namespace(admin, "pieces");
        for (int i = 0; i < 7; i++) {
            admin.post(configMaps("pieces"), configMap("a" + i, "1")).expect(201);
        }
        var first = admin.get(configMaps("pieces") + "?limit=3").expect(200).json();
        assertThat(names(first)).containsExactly("a0", "a1", "a2");
        assertThat(Json.number(first, 0, "metadata", "remainingItemCount")).isEqualTo(5);
        // What happens between the pieces must not show.
        admin.delete(configMaps("pieces") + "/a4").expect(200);
        admin.post(configMaps("pieces"), configMap("a35", "1")).expect(201);
        admin.put(configMaps("pieces") + "/a5", configMap("a5", "2")).expect(200);
        var second = admin.get(configMaps("pieces") + "?limit=3&continue=" + Json.string(first, "metadata", "continue"))
                .expect(200)
                .json();
        assertThat(names(second)).containsExactly("a3", "a4", "a5");
        assertThat(Json.string(second.path("items").path(2), "data", "k")).isEqualTo("1");
        assertThat(Json.string(second, "metadata", "resourceVersion"))
                .isEqualTo(Json.string(first, "metadata", "resourceVersion"));
        var third = admin.get(configMaps("pieces") + "?limit=3&continue=" + Json.string(second, "metadata", "continue"))
                .expect(200)
                .json();
        assertThat(names(third)).containsExactly("a6");
        assertThat(third.path("metadata").has("continue")).isFalse();
        admin.get(configMaps("pieces") + "?limit=3&continue=nonsense").expect(400);
    }

    @Test
    void aListAtAnExactRevisionShowsThatState() {
        namespace(admin, "exact");
        var before = admin.post(configMaps("exact"), configMap("a", "1")).expect(201).at("metadata", "resourceVersion");
        admin.post(configMaps("exact"), configMap("b", "1")).expect(201);
        var list = admin.get(configMaps("exact") + "?resourceVersionMatch=Exact&resourceVersion=" + before).expect(200);
        assertThat(names(list.json())).containsExactly("a");
        admin.get(configMaps("exact") + "?resourceVersionMatch=Exact").expect(422);
        admin.get(configMaps("exact") + "?resourceVersion=9000000000000000000").expect(504);
    }

    @Test
    void selectorsChoose() {
        namespace(admin, "chosen");
        admin.post(configMaps("chosen"), "{\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":\"x\"}}}").expect(201);
        admin.post(configMaps("chosen"), "{\"metadata\":{\"name\":\"b\",\"labels\":{\"app\":\"y\"}}}").expect(201);
        assertThat(names(admin.get(configMaps("chosen") + "?labelSelector=app%3Dx").json())).containsExactly("a");
        assertThat(names(admin.get(configMaps("chosen") + "?labelSelector=app+in+(x,y)&limit=1").json())).containsExactly("a");
        assertThat(names(admin.get(configMaps("chosen") + "?fieldSelector=metadata.name%3Db").json())).containsExactly("b");
        admin.get(configMaps("chosen") + "?fieldSelector=data.k%3Db").expect(400);
        admin.send(admin.request(configMaps("chosen") + "?labelSelector=app%3Dx").DELETE().build()).expect(200);
        assertThat(names(admin.get(configMaps("chosen")).json())).containsExactly("b");
    }

    @Test
    void answersComeAsTableOrMetadata() {
        admin.post(configMaps("default"), configMap("shown", "1")).expect(201);
        var table = admin.get(configMaps("default"), "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
                .expect(200)
                .json();
        assertThat(Json.string(table, "kind")).isEqualTo("Table");
        assertThat(Json.string(table.path("columnDefinitions").path(0), "name")).isEqualTo("Name");
        var metadata = admin.get(
                        configMaps("default") + "/shown", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
                .expect(200)
                .json();
        assertThat(Json.string(metadata, "kind")).isEqualTo("PartialObjectMetadata");
        assertThat(metadata.has("data")).isFalse();
        var all = admin.get(configMaps("default"), "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
                .expect(200)
                .json();
        assertThat(Json.string(all, "kind")).isEqualTo("PartialObjectMetadataList");
        assertThat(Json.string(all, "apiVersion")).isEqualTo("meta.k8s.io/v1");
        assertThat(Json.objects(all, "items")).contains(metadata).allMatch(item -> !item.has("data"));
        admin.get(configMaps("default"), "application/vnd.kubernetes.protobuf").expect(406);
        admin.get(configMaps("default"), "application/vnd.kubernetes.protobuf,application/json").expect(200);
    }

    @Test
    void whatIsNotThereSaysSo() {
        assertThat(admin.get("/apis/apps/v1beta1/deployments").expect(404).at("message"))
                .isEqualTo("the server could not find the requested resource");
        admin.get("/nothing").expect(404);
        admin.delete("/api/v1/namespaces").expect(405);
        admin.post("/api/v1/namespaces/default/pods/x/log", "{}").expect(405);
        admin.get("/api/v1/namespaces/default/pods/x/resize").expect(404);
    }

    @Test
    void theFirstMediaTypeThatIsServedIsTaken() throws java.io.IOException {
        var protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        for (var asked : java.util.List.of(protobuf, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "text/html," + protobuf + ",application/json")) {
            var answer = admin.get("/openapi/v2", asked).expect(200);
            assertThat(answer.http().headers().firstValue("Content-Type")).hasValue(protobuf);
            var document = com.google.protobuf.UnknownFieldSet.parseFrom(answer.body());
            assertThat(document.getField(1).getLengthDelimitedList().getFirst().toStringUtf8()).isEqualTo("2.0");
            var definitions = com.google.protobuf.UnknownFieldSet.parseFrom(document.getField(9).getLengthDelimitedList().getFirst());
            assertThat(definitions.getField(1).getLengthDelimitedList()).anyMatch(named -> named.toStringUtf8().contains("io.k8s.api.core.v1.PodSpec"));
        }
        assertThat(admin.get("/openapi/v2", "application/json," + protobuf).expect(200).at("swagger")).isEqualTo("2.0");
        assertThat(admin.get("/openapi/v2", "text/html").expect(406).at("message"))
                .isEqualTo("only the following media types are accepted: application/json, " + protobuf);
        admin.get("/openapi/v3", protobuf).expect(406);
        assertThat(admin.get("/apis", "application/xml").expect(406).at("reason")).isEqualTo("NotAcceptable");
        admin.get("/apis", "application/xml, */*;q=0.1").expect(200);
        assertThat(admin.send(admin.request(configMaps("default")).header("Content-Type", "text/plain")
                                .POST(java.net.http.HttpRequest.BodyPublishers.ofString("x")).build()).expect(415).at("message"))
                .contains("accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf");
    }

    @Test
    void discoveryHasBothFormsAndTags() {
        var aggregated = admin.get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        assertThat(aggregated.expect(200).at("kind")).isEqualTo("APIGroupDiscoveryList");
        var tag = aggregated.http().headers().firstValue("ETag").orElseThrow();
        var again = admin.send(admin.request("/apis")
                .header("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
                .header("If-None-Match", tag)
                .GET()
                .build());
        again.expect(304);
        assertThat(admin.get("/apis").at("kind")).isEqualTo("APIGroupList");
        assertThat(admin.get("/apis/coordination.k8s.io").at("kind")).isEqualTo("APIGroup");
        assertThat(admin.get("/api/v1").at("kind")).isEqualTo("APIResourceList");
        admin.get("/apis/nothing.example.com").expect(404);
        var v1 = admin.get("/openapi/v3").json().path("paths").path("api/v1").path("serverRelativeURL").asString();
        assertThat(admin.get(v1).expect(200).http().headers().firstValue("Cache-Control")).hasValue("private, immutable");
        assertThat(admin.get("/openapi/v3/api/v1?hash=OLD").expect(301).http().headers().firstValue("Location")).hasValue(v1);
        assertThat(admin.get("/tenants/root/openapi/v3/api/v1?hash=OLD").expect(301).http().headers().firstValue("Location")).hasValue("/tenants/root" + v1);
    }

    /// As isPrettyPrint of apiserver's endpoints/handlers/negotiation/negotiate.go.
    @Test
    void peopleReadLines() {
        var one = configMaps("default") + "/lines";
        admin.post(configMaps("default"), configMap("lines", "{\\\"a\\\": [1,2], \\\\}")).expect(201);
        var compact = admin.get(one).expect(200);
        var lines = admin.get(one + "?pretty=true").expect(200);
        assertThat(lines.json()).isEqualTo(compact.json());
        assertThat(lines.text()).startsWith("{\n  \"").contains("\n  \"data\": {\n    \"k\": \"{\\\"a\\\": [1,2], \\\\}\"\n  }").endsWith("\n}\n");
        var curl = admin.send(admin.request(configMaps("default") + "?fieldSelector=metadata.name=none").header("User-Agent", "curl/8").GET().build());
        assertThat(curl.text()).contains("\n  \"items\": []\n}");
        assertThat(admin.send(admin.request(one + "?pretty=false").header("User-Agent", "Mozilla/5.0").GET().build()).text()).isEqualTo(compact.text());
        assertThat(admin.get(one + "-not?pretty=1").expect(404).text()).startsWith("{\n  \"kind\": \"Status\"");
    }

    /// As apis/meta/v1/validation/validation.go of upstream's apimachinery has them.
    @Test
    void optionsThatDoNotExistAreRefused() {
        var one = configMaps("default") + "/options";
        assertThat(admin.post(configMaps("default") + "?fieldValidation=strict", configMap("options", "1")).expect(422).at("message"))
                .isEqualTo("CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"strict\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
        admin.post(configMaps("default"), configMap("options", "1")).expect(201);
        assertThat(admin.put(one + "?fieldManager=%C3%A4%01&fieldValidation=x", configMap("options", "1")).expect(422).at("message"))
                .startsWith("UpdateOptions.meta.k8s.io \"\" is invalid: [fieldManager: Invalid value: ")
                .contains(": invalid character U+0001 (at position 2), fieldValidation: Unsupported value: \"x\"");
        assertThat(admin.delete(one + "?propagationPolicy=Foo").expect(422).at("message"))
                .endsWith("propagationPolicy: Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
        admin.patch(one, "application/merge-patch+json", "{\"metadata\":{\"finalizers\":[\"x.io/a\"]}}").expect(200);
        admin.delete(one).expect(200);
        assertThat(admin.patch(one, "application/merge-patch+json", "{\"metadata\":{\"finalizers\":[\"x.io/a\",\"x.io/c\",\"x.io/b\"]}}").expect(422).at("message"))
                .endsWith("found new finalizers []string{\"x.io/b\", \"x.io/c\"}");
        admin.patch(one, "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        admin.post(pods("default"), Cluster.pod("unbound")).expect(201);
        assertThat(admin.post(pods("default") + "/unbound/binding", "{\"target\":{\"kind\":\"Pod\"}}").expect(422).at("message"))
                .isEqualTo("Binding \"unbound\" is invalid: [target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\", target.name: Required value]");
    }

    /// As RootPaths of upstream's `k8s.io/apimachinery/pkg/apis/meta/v1`.
    @Test
    void theRootNamesThePathsThatThereAre() {
        var paths = admin.get("/").expect(200).json().path("paths").valueStream().map(JsonNode::asString).toList();
        assertThat(paths).isSorted().doesNotHaveDuplicates().contains("/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/metrics", "/openapi/v3", "/version");
        // That one is where the documents of groups are.
        assertThat(paths.stream().filter(path -> admin.get(path).http().statusCode() != 200)).containsExactly("/openapi/v3/");
        admin.post("/", "{}").expect(405);
    }

    @Test
    void http2ServesTheSame() {
        var two = cluster.new Client(cluster.credential("root", "admin", "system:masters"), HttpClient.Version.HTTP_2);
        var reply = two.get("/api/v1/namespaces/default").expect(200);
        assertThat(reply.http().version()).isEqualTo(HttpClient.Version.HTTP_2);
        two.post(configMaps("default"), configMap("two", "x".repeat(200_000))).expect(201);
        assertThat(two.get(configMaps("default") + "/two").at("data", "k")).hasSize(200_000);
    }

    static ArrayList<String> names(JsonNode list) {
        var names = new ArrayList<String>();
        list.path("items").forEach(item -> names.add(Json.string(item, "metadata", "name")));
        // Every namespace has the one, and every tenant the other.
        names.removeIf(List.of("kube-root-ca.crt", "extension-apiserver-authentication")::contains);
        return names;
    }
}
