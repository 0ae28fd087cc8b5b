package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What upstream's conformance suite asks of a kind as "supports API operations" or "runs through its lifecycle", by meaning: it is discovered, and its objects
/// are made, read, listed, watched, patched, replaced and deleted, one by one and together; its status and its scale are read and written apart.
class ConformanceKindsTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";
    private static final String LABEL = "{\"metadata\":{\"annotations\":{\"patched\":\"yes\"}}}";

    private final Kinds kinds = Kinds.load();
    private int places;

    private static ObjectNode manifest(String apiVersion, String kind) throws IOException {
        return EveryKindTest.manifests().stream()
                .filter(each -> Json.string(each, "kind").equals(kind) && Json.string(each, "apiVersion").equals(apiVersion))
                .findFirst().orElseThrow();
    }

    private String path(Kind kind, String namespace) {
        return "/" + kind.type().groupVersion().path() + (kind.type().namespaced() ? "/namespaces/" + namespace + "/" : "/") + kind.type().resource();
    }

    private String place() {
        String name = "place-" + ++places;
        namespace(admin, name);
        return name;
    }

    private void isDiscovered(Kind kind) {
        var version = kind.type().groupVersion();
        if (version.path().startsWith("apis/")) {
            String group = version.path().split("/")[1];
            assertThat(admin.get("/apis").expect(200).text()).contains("\"groupVersion\":\"" + kind.type().apiVersion() + "\"");
            assertThat(admin.get("/apis/" + group).expect(200).text()).contains("\"groupVersion\":\"" + kind.type().apiVersion() + "\"");
        }
        assertThat(Json.objects(admin.get("/" + version.path()).expect(200).json(), "resources")).anyMatch(each -> Json.string(each, "name").equals(kind.type().resource()));
    }

    private void lives(String apiVersion, String kindName) throws Exception {
        lives(kinds.get(apiVersion, kindName), manifest(apiVersion, kindName));
    }

    private void lives(Kind kind, ObjectNode manifest) throws Exception {
        String namespace = place();
        isDiscovered(kind);
        String label = namespace;
        String path = path(kind, namespace);
        String labelled = path + "?labelSelector=life%3D" + label;
        String start = admin.get(labelled).expect(200).at("metadata", "resourceVersion");
        for (String name : List.of("one", "two", "three")) {
            ObjectNode object = manifest.deepCopy();
            object.withObject("/metadata").put("name", name).withObject("/labels").put("life", label);
            if (object.path("metadata").has("namespace")) {
                object.withObject("/metadata").put("namespace", namespace);
                for (String about : List.of("involvedObject", "regarding")) {
                    if (object.has(about)) {
                        object.withObject("/" + about).put("namespace", namespace);
                    }
                }
            }
            admin.post(path, object.toString()).expect(201);
        }
        assertThat(ObjectsTest.names(admin.get(labelled).expect(200).json())).containsExactlyInAnyOrder("one", "two", "three");
        if (kind.type().namespaced()) {
            String everywhere = "/" + kind.type().groupVersion().path() + "/" + kind.type().resource() + "?labelSelector=life%3D" + label;
            assertThat(ObjectsTest.names(admin.get(everywhere).expect(200).json())).containsExactlyInAnyOrder("one", "two", "three");
        }
        assertThat(admin.patch(path + "/one", MERGE, LABEL).expect(200).at("metadata", "annotations", "patched")).isEqualTo("yes");
        ObjectNode now = admin.get(path + "/one").expect(200).json();
        now.withObject("/metadata").withObject("/annotations").put("updated", "yes");
        assertThat(admin.put(path + "/one", now.toString()).expect(200).at("metadata", "annotations", "updated")).isEqualTo("yes");
        List<String> events = new ArrayList<>(List.of("ADDED one", "ADDED two", "ADDED three", "MODIFIED one", "MODIFIED one"));
        if (kind.type().hasStatus()) {
            assertThat(admin.patch(path + "/one/status", MERGE, "{\"metadata\":{\"annotations\":{\"patchedstatus\":\"yes\"}}}").expect(200).at("metadata", "annotations", "patchedstatus")).isEqualTo("yes");
            assertThat(admin.get(path + "/one/status").expect(200).at("metadata", "annotations", "patchedstatus")).isEqualTo("yes");
            events.add("MODIFIED one");
        }
        admin.delete(path + "/one?propagationPolicy=Background").expect(200);
        release(path, "one");
        await().untilAsserted(() -> admin.get(path + "/one").expect(404));
        admin.delete(labelled + "&propagationPolicy=Background").expect(200);
        release(path, "two", "three");
        await().untilAsserted(() -> assertThat(ObjectsTest.names(admin.get(labelled).expect(200).json())).isEmpty());
        try (var watch = admin.watch(labelled + "&watch=true&resourceVersion=" + start)) {
            for (String event : events) {
                assertThat(watch.nextText()).isEqualTo(event);
            }
            List<String> ends = new ArrayList<>();
            while (ends.size() < 3) {
                String event = watch.nextText();
                if (event.startsWith("DELETED")) {
                    ends.add(event);
                }
            }
            assertThat(ends).containsExactlyInAnyOrder("DELETED one", "DELETED two", "DELETED three");
        }
    }

    /// What protects an object from being deleted while it is used lets it go, as its controller does.
    private void release(String path, String... names) {
        for (String name : names) {
            if (admin.get(path + "/" + name).code() == 200) {
                admin.patch(path + "/" + name, MERGE, "{\"metadata\":{\"finalizers\":null}}");
            }
        }
    }

    /// A status is written at `/status` alone, by patch and by replacement, and a write of the object leaves it.
    private void statusIsWrittenApart(String apiVersion, String kindName, String status, String expected) throws Exception {
        Kind kind = kinds.get(apiVersion, kindName);
        String path = path(kind, place());
        ObjectNode manifest = manifest(apiVersion, kindName);
        manifest.withObject("/metadata").put("name", "stated");
        admin.post(path, manifest.toString()).expect(201);
        String one = path + "/stated";
        admin.patch(one + "/status", MERGE, "{\"status\":" + status + "}").expect(200);
        ObjectNode read = admin.get(one + "/status").expect(200).json();
        assertThat(read.path("status").toString()).contains(expected);
        String second = expected.replace("Tested0", "Tested9").replace("03:04:05", "03:04:06");
        admin.put(one + "/status", read.toString().replace(expected, second)).expect(200);
        assertThat(admin.get(one).expect(200).json().path("status").toString()).contains(second);
        assertThat(admin.patch(one, MERGE, "{\"status\":null,\"metadata\":{\"annotations\":{\"a\":\"b\"}}}").expect(200).json().path("status").toString()).contains(second);
        admin.delete(one + "?propagationPolicy=Background").expect(200);
    }

    private static final String CONDITION = "{\"replicas\":0,\"conditions\":[{\"type\":\"StatusUpdate\",\"status\":\"True\",\"reason\":\"Tested0\",\"message\":\"set from a test\"}]}";
    private static final String REASON = "\"Tested0\"";

    /// A scale is read, replaced and patched, and is the number in the object.
    private void scaleIsWorking(String apiVersion, String kindName) throws Exception {
        Kind kind = kinds.get(apiVersion, kindName);
        String path = path(kind, place());
        ObjectNode manifest = manifest(apiVersion, kindName);
        manifest.withObject("/metadata").put("name", "scaled");
        manifest.withObject("/spec").put("replicas", 1);
        admin.post(path, manifest.toString()).expect(201);
        ObjectNode scale = admin.get(path + "/scaled/scale").expect(200).json();
        assertThat(Json.string(scale, "kind")).isEqualTo("Scale");
        assertThat(scale.path("spec").path("replicas").asInt()).isEqualTo(1);
        scale.withObject("/spec").put("replicas", 2);
        admin.put(path + "/scaled/scale", scale.toString()).expect(200);
        assertThat(admin.get(path + "/scaled").expect(200).json().path("spec").path("replicas").asInt()).isEqualTo(2);
        admin.patch(path + "/scaled/scale", MERGE, "{\"spec\":{\"replicas\":4}}").expect(200);
        assertThat(admin.get(path + "/scaled").expect(200).json().path("spec").path("replicas").asInt()).isEqualTo(4);
        assertThat(admin.put(path + "/scaled/scale", scale.toString()).expect(409).at("reason")).isEqualTo("Conflict");
    }

    @Test
    void flowSchemasLive() throws Exception {
        lives("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
    }

    @Test
    void priorityLevelsLive() throws Exception {
        lives("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration");
    }

    @Test
    void mutatingPoliciesLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy");
    }

    @Test
    void bindingsOfMutatingPoliciesLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding");
    }

    @Test
    void validatingPoliciesLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy");
    }

    @Test
    void bindingsOfValidatingPoliciesLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding");
    }

    @Test
    void mutatingWebhooksLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
    }

    @Test
    void validatingWebhooksLive() throws Exception {
        lives("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration");
    }

    @Test
    void controllerRevisionsLive() throws Exception {
        lives("apps/v1", "ControllerRevision");
    }

    @Test
    void daemonSetsLive() throws Exception {
        lives("apps/v1", "DaemonSet");
    }

    @Test
    void theStatusOfADaemonSetIsWritten() throws Exception {
        statusIsWrittenApart("apps/v1", "DaemonSet", CONDITION.replace("\"replicas\"", "\"desiredNumberScheduled\":0,\"currentNumberScheduled\":0,\"numberReady\":0,\"numberMisscheduled\""), REASON);
    }

    @Test
    void theStatusOfADeploymentIsWritten() throws Exception {
        statusIsWrittenApart("apps/v1", "Deployment", CONDITION, REASON);
    }

    @Test
    void aDeploymentIsScaled() throws Exception {
        scaleIsWorking("apps/v1", "Deployment");
    }

    @Test
    void replicaSetsLive() throws Exception {
        lives("apps/v1", "ReplicaSet");
    }

    @Test
    void theStatusOfAReplicaSetIsWritten() throws Exception {
        statusIsWrittenApart("apps/v1", "ReplicaSet", CONDITION, REASON);
    }

    @Test
    void aReplicaSetIsScaled() throws Exception {
        scaleIsWorking("apps/v1", "ReplicaSet");
    }

    @Test
    void statefulSetsLive() throws Exception {
        lives("apps/v1", "StatefulSet");
    }

    @Test
    void theStatusOfAStatefulSetIsWritten() throws Exception {
        statusIsWrittenApart("apps/v1", "StatefulSet", CONDITION, REASON);
    }

    @Test
    void aStatefulSetIsScaled() throws Exception {
        scaleIsWorking("apps/v1", "StatefulSet");
    }

    @Test
    void aReplicationControllerIsScaled() throws Exception {
        scaleIsWorking("v1", "ReplicationController");
    }

    @Test
    void cronJobsLive() throws Exception {
        lives("batch/v1", "CronJob");
    }

    @Test
    void theStatusOfAJobIsWritten() throws Exception {
        // Once told, the start of a job that is not suspended stays: upstream's test tells of a condition.
        statusIsWrittenApart("batch/v1", "Job", "{\"conditions\":[{\"type\":\"CustomConditionType\",\"status\":\"True\",\"reason\":\"Tested0\"}]}", REASON);
    }

    @Test
    void disruptionBudgetsLive() throws Exception {
        lives("policy/v1", "PodDisruptionBudget");
    }

    @Test
    void theStatusOfADisruptionBudgetIsWritten() throws Exception {
        statusIsWrittenApart("policy/v1", "PodDisruptionBudget", "{\"observedGeneration\":1,\"disruptedPods\":{\"p\":\"2026-01-02T03:04:05Z\"},\"currentHealthy\":0,\"desiredHealthy\":1,\"disruptionsAllowed\":0,\"expectedPods\":0}",
                "\"p\":\"2026-01-02T03:04:05Z\"");
    }

    @Test
    void serviceAccountsLive() throws Exception {
        lives("v1", "ServiceAccount");
    }

    @Test
    void configMapsLive() throws Exception {
        lives("v1", "ConfigMap");
    }

    @Test
    void secretsLive() throws Exception {
        lives("v1", "Secret");
    }

    @Test
    void eventsOfTheCoreLive() throws Exception {
        lives("v1", "Event");
    }

    @Test
    void eventsOfTheirGroupLive() throws Exception {
        lives("events.k8s.io/v1", "Event");
    }

    @Test
    void limitRangesLive() throws Exception {
        lives("v1", "LimitRange");
    }

    @Test
    void endpointsLive() throws Exception {
        lives("v1", "Endpoints");
    }

    @Test
    void claimsAndVolumesLive() throws Exception {
        lives("v1", "PersistentVolumeClaim");
        lives("v1", "PersistentVolume");
    }

    @Test
    void theStatusOfAVolumeIsWritten() throws Exception {
        statusIsWrittenApart("v1", "PersistentVolume", "{\"message\":\"from a test\",\"reason\":\"Tested0\"}", REASON);
        statusIsWrittenApart("v1", "PersistentVolumeClaim", "{\"conditions\":[{\"type\":\"StatusUpdate\",\"status\":\"True\",\"reason\":\"Tested0\"}],\"phase\":\"Pending\"}", REASON);
    }

    @Test
    void ingressesLive() throws Exception {
        lives("networking.k8s.io/v1", "Ingress");
    }

    @Test
    void ingressClassesLive() throws Exception {
        lives("networking.k8s.io/v1", "IngressClass");
    }

    @Test
    void serviceCidrsLive() throws Exception {
        lives("networking.k8s.io/v1", "ServiceCIDR");
    }

    @Test
    void runtimeClassesLive() throws Exception {
        lives("node.k8s.io/v1", "RuntimeClass");
    }

    @Test
    void resourceClaimsLive() throws Exception {
        lives("resource.k8s.io/v1", "ResourceClaim");
    }

    @Test
    void templatesOfResourceClaimsLive() throws Exception {
        lives("resource.k8s.io/v1", "ResourceClaimTemplate");
    }

    @Test
    void resourceSlicesLive() throws Exception {
        lives("resource.k8s.io/v1", "ResourceSlice");
    }

    @Test
    void csiDriversLive() throws Exception {
        lives("storage.k8s.io/v1", "CSIDriver");
    }

    @Test
    void csiNodesLive() throws Exception {
        lives("storage.k8s.io/v1", "CSINode");
    }

    @Test
    void storageCapacitiesLive() throws Exception {
        lives("storage.k8s.io/v1", "CSIStorageCapacity");
    }

    @Test
    void storageClassesLive() throws Exception {
        lives("storage.k8s.io/v1", "StorageClass");
    }

    @Test
    void volumeAttachmentsLive() throws Exception {
        lives("storage.k8s.io/v1", "VolumeAttachment");
    }

    @Test
    void volumeAttributesClassesLive() throws Exception {
        lives("storage.k8s.io/v1", "VolumeAttributesClass");
    }

    @Test
    void nodesLive() throws Exception {
        lives(kinds.get("v1", "Node"), Json.readObject("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{}}"));
    }

    @Test
    void podTemplatesAreReplaced() throws Exception {
        lives("v1", "PodTemplate");
    }
}
