package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class KindsTest {
    private static final Kinds KINDS = Kinds.load();
    private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");

    @Test
    void whatIsServedIsInTheTable() {
        assertThat(KINDS.groupVersions())
                .startsWith(new GroupVersion("", "v1"))
                .contains(new GroupVersion("apps", "v1"), new GroupVersion("hypernetes.io", "v1"))
                .doesNotHaveDuplicates();
        ResourceType pods = KINDS.get("v1", "Pod").type();
        assertThat(pods.resource()).isEqualTo("pods");
        assertThat(pods.namespaced()).isTrue();
        assertThat(pods.shortNames()).containsExactly("po");
        assertThat(pods.verbs())
                .containsExactly("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");
        assertThat(pods.subresources().get("exec").verbs()).containsExactly("create", "get");
        assertThat(pods.subresources().get("status").kind()).isEqualTo("Pod");
        assertThat(KINDS.find("", "v1", "nodes")).isNotNull();
        assertThat(KINDS.find("", "v1", "componentstatuses")).isNull();
        assertThat(KINDS.get("events.k8s.io/v1", "Event").type().storedVersion()).isEqualTo(new GroupVersion("", "v1"));
        assertThat(KINDS.get("hypernetes.io/v1", "Tenant").type().rootOnly()).isTrue();
    }

    @Test
    void theTypesAloneAreThoseOfTheKinds() {
        assertThat(Kinds.types()).isEqualTo(KINDS.all().stream().map(Kind::type).toList());
    }

    @Test
    void noFieldThatCanBeSelectedIsLeftUnread() {
        for (Kind kind : KINDS.all()) {
            assertThat(kind.selectableFieldNames()).as(kind.toString()).noneMatch(field -> {
                String[] steps = field.split("\\.");
                return steps.length > 1 && kind.unselectable().getOrDefault(steps[0], Set.of()).contains(steps[1]);
            });
        }
    }

    @Test
    void everyKindHasASchemaColumnsAndDefaultsThatSettle() {
        for (Kind kind : KINDS.all()) {
            assertThat(KINDS.schema().find(kind.type().schemaType())).as(kind.toString()).isNotNull();
            if (kind.type().verbs().contains("list")) {
                assertThat(KINDS.schema().find(kind.type().schemaType() + "List")).as(kind + " list").isNotNull();
            }
            ObjectNode object = Json.readObject("{\"metadata\":{\"name\":\"a\"}}");
            kind.setDefaults(object);
            ObjectNode once = object.deepCopy();
            kind.setDefaults(object);
            assertThat(object).as(kind + " defaults").isEqualTo(once);
            assertThat(kind.cells(Json.object(), NOW)).as(kind + " cells").hasSameSizeAs(kind.columns());
            assertThat(kind.cells(object, NOW)).hasSameSizeAs(kind.columns());
        }
    }

    @Test
    void fieldSelectorsKnowTheirKind() {
        Kind pods = KINDS.get("v1", "Pod");
        ObjectNode pod = Json.readObject("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"nodeName\":\"n1\"}}");
        assertThat(pods.fieldSelector("spec.nodeName=n1").matches(pods.selectableFields(pod))).isTrue();
        assertThat(pods.fieldSelector("spec.host=n1").matches(pods.selectableFields(pod))).isTrue();
        assertThatThrownBy(() -> pods.fieldSelector("spec.image=x"))
                .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status().code()).isEqualTo(400))
                .hasMessageContaining("field label not supported: spec.image")
                .hasMessageContaining("spec.nodeName");
    }

    @Test
    void aStatusWriteTouchesNothingElse() {
        Kind pods = KINDS.get("v1", "Pod");
        ObjectNode old = Json.readObject(
                "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"generation\":3,\"finalizers\":[\"x/y\"]},\"spec\":{\"nodeName\":\"n\"},\"status\":{\"phase\":\"Pending\"}}");
        ObjectNode update = Json.readObject(
                "{\"metadata\":{\"name\":\"a\",\"labels\":{\"l\":\"1\"}},\"spec\":{\"nodeName\":\"evil\"},\"status\":{\"phase\":\"Running\"}}");
        pods.prepareUpdate(update, old, "status");
        assertThat(Json.string(update, "spec", "nodeName")).isEqualTo("n");
        assertThat(Json.string(update, "status", "phase")).isEqualTo("Running");
        assertThat(Json.number(update, 0, "metadata", "generation")).isEqualTo(3);
        assertThat(update.path("metadata").path("finalizers")).hasSize(1);
        assertThat(Json.string(update, "metadata", "uid")).isEqualTo("u");
    }

    @Test
    void aSpecWriteLeavesTheStatusAndRaisesTheGeneration() {
        Kind tenants = KINDS.get("hypernetes.io/v1", "Tenant");
        ObjectNode created = Json.readObject("{\"metadata\":{\"name\":\"blue\",\"generation\":7},\"spec\":{},\"status\":{\"phase\":\"Fake\"}}");
        tenants.prepareCreate(created);
        assertThat(created.has("status")).isFalse();
        assertThat(Json.number(created, 0, "metadata", "generation")).isEqualTo(1);
        ObjectNode same = created.deepCopy();
        tenants.prepareUpdate(same, created, null);
        assertThat(Json.number(same, 0, "metadata", "generation")).isEqualTo(1);
        ObjectNode changed = created.deepCopy();
        Json.child(changed, "spec").put("displayName", "Blue");
        tenants.prepareUpdate(changed, created, null);
        assertThat(Json.number(changed, 0, "metadata", "generation")).isEqualTo(2);
    }

    @Test
    void tablesCarryColumnsRowsAndWhatWasAskedOfTheObjects() {
        Kind maps = KINDS.get("v1", "ConfigMap");
        ObjectNode map = Json.readObject("{\"metadata\":{\"name\":\"m\",\"creationTimestamp\":\"2026-04-30T23:59:00Z\"},\"data\":{\"a\":\"1\"}}");
        ObjectNode meta = Json.object().put("resourceVersion", "7");
        ObjectNode table = Table.of(maps, "v1", List.of(map), meta, Table.IncludeObject.METADATA, true, NOW);
        assertThat(Json.print(table.path("rows").path(0).path("cells"))).isEqualTo("[\"m\",1,\"60s\"]");
        assertThat(Json.string(table.path("rows").path(0).path("object"), "kind")).isEqualTo("PartialObjectMetadata");
        assertThat(Json.string(table.path("columnDefinitions").path(0), "format")).isEqualTo("name");
        assertThat(Json.string(table, "metadata", "resourceVersion")).isEqualTo("7");
        ObjectNode bare = Table.of(maps, "v1beta1", List.of(map), meta, Table.IncludeObject.NONE, false, NOW);
        assertThat(bare.path("columnDefinitions")).isEmpty();
        assertThat(bare.path("rows").path(0).has("object")).isFalse();
    }

    @Test
    void namespacesKeepTheirFinalizersFromOrdinaryWrites() {
        Kind namespaces = KINDS.get("v1", "Namespace");
        ObjectNode created = Json.readObject("{\"metadata\":{\"name\":\"blue\"}}");
        namespaces.setDefaults(created);
        namespaces.prepareCreate(created);
        assertThat(Json.print(created.path("spec"))).isEqualTo("{\"finalizers\":[\"kubernetes\"]}");
        assertThat(Json.string(created, "status", "phase")).isEqualTo("Active");
        assertThat(Json.string(created.path("metadata").path("labels"), "kubernetes.io/metadata.name")).isEqualTo("blue");
        assertThat(namespaces.validateCreate(created)).isEmpty();
        ObjectNode update = Json.readObject("{\"metadata\":{\"name\":\"blue\"},\"spec\":{\"finalizers\":[]}}");
        namespaces.prepareUpdate(update, created, null);
        assertThat(update.path("spec").path("finalizers")).hasSize(1);
        ObjectNode finalize = Json.readObject("{\"metadata\":{\"name\":\"blue\"},\"spec\":{\"finalizers\":[]}}");
        namespaces.prepareUpdate(finalize, created, "finalize");
        assertThat(finalize.path("spec").path("finalizers")).isEmpty();
    }

    @Test
    void secretsBecomeDataAndStayFrozenWhenImmutable() {
        Kind secrets = KINDS.get("v1", "Secret");
        ObjectNode secret = Json.readObject("{\"metadata\":{\"name\":\"s\",\"namespace\":\"d\"},\"stringData\":{\"k\":\"v\"},\"immutable\":true}");
        secrets.setDefaults(secret);
        assertThat(Json.string(secret, "data", "k")).isEqualTo("dg==");
        assertThat(secret.has("stringData")).isFalse();
        assertThat(Json.string(secret, "type")).isEqualTo("Opaque");
        ObjectNode changed = secret.deepCopy();
        Json.child(changed, "data").put("k", "dw==");
        assertThat(secrets.validateUpdate(changed, secret, null))
                .singleElement()
                .satisfies(e -> assertThat(e.text()).isEqualTo("data: Forbidden: field is immutable when `immutable` is set"));
        assertThat(secrets.validateUpdate(secret.deepCopy(), secret, null)).isEmpty();
    }

    @Test
    void metadataIsValidated() {
        Kind maps = KINDS.get("v1", "ConfigMap");
        ObjectNode bad = Json.readObject("{\"metadata\":{\"name\":\"A\",\"labels\":{\"-\":\"x\"},\"finalizers\":[\"plain\"]}}");
        assertThat(maps.validateCreate(bad).stream().map(e -> e.path() + " " + e.reason().text()))
                .contains("metadata.name FieldValueInvalid", "metadata.namespace FieldValueRequired", "metadata.labels FieldValueInvalid",
                        "metadata.finalizers FieldValueInvalid");
        ObjectNode old = Json.readObject("{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"uid\":\"1\"}}");
        ObjectNode other = Json.readObject("{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"uid\":\"2\"}}");
        assertThat(maps.validateUpdate(other, old, null))
                .singleElement()
                .satisfies(e -> assertThat(e.text()).isEqualTo("metadata.uid: Invalid value: \"2\": field is immutable"));
        assertThat(KINDS.get("hypernetes.io/v1", "Tenant").validateCreate(Json.readObject("{\"metadata\":{\"name\":\"root\"}}")))
                .hasSize(1);
    }

    /// ValidateOwnerReferences in apimachinery's api/validation/objectmeta.go names the first of them.
    @Test
    void anObjectHasOneController() {
        Kind maps = KINDS.get("v1", "ConfigMap");
        String owner = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"%s\",\"uid\":\"u\",\"controller\":true}";
        String object = "{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"ownerReferences\":[%s]}}";
        String three = String.join(",", owner.formatted("a"), owner.formatted("b"), owner.formatted("c"));
        assertThat(maps.validateCreate(Json.readObject(object.formatted(three))))
                .singleElement()
                .satisfies(e -> assertThat(e.text())
                        .startsWith("metadata.ownerReferences: Invalid value: [{\"apiVersion\":\"v1\",")
                        .endsWith("]: Only one reference can have Controller set to true. Found \"true\" in references for Pod/a and Pod/b"));
        String many = (owner.formatted("") + ",").repeat(30_000) + owner.formatted("z");
        assertThat(maps.validateCreate(Json.readObject(object.formatted(many))).stream().mapToLong(e -> e.text().length()).sum()).isLessThan(100_000);
    }

    /// ValidatePodDisruptionBudget in pkg/apis/policy/validation judges the spec alone.
    @Test
    void aFinalizerOfADisruptionBudgetMayHaveAnyName() {
        ObjectNode budget = Json.readObject("{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"finalizers\":[\"plain\"]},\"spec\":{\"minAvailable\":1,\"selector\":{}}}");
        assertThat(KINDS.get("policy/v1", "PodDisruptionBudget").validateCreate(budget)).isEmpty();
    }
}
