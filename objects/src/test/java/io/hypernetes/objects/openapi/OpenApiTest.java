package io.hypernetes.objects.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class OpenApiTest {
    private static final Kinds KINDS = Kinds.load();
    private static final OpenApi API = OpenApi.of(KINDS, true);

    private static ObjectNode document(String path) {
        return Json.readObject(API.document(path).json());
    }

    @Test
    void everyReferenceResolves() {
        for (GroupVersion groupVersion : KINDS.groupVersions()) {
            ObjectNode document = document(groupVersion.path());
            JsonNode schemas = document.path("components").path("schemas");
            for (JsonNode reference : document.findValues("$ref")) {
                if (!reference.isString()) {
                    continue; // a schema of schemas has a field of that name
                }
                String name = reference.asString("").substring("#/components/schemas/".length());
                assertThat(schemas.has(name)).as(groupVersion + " " + name).isTrue();
            }
        }
    }

    @Test
    void patchesOfEveryKindTakeFieldValidation() {
        for (var kind : KINDS.all()) {
            if (!kind.type().verbs().contains("patch")) {
                continue; // a Binding is only ever created
            }
            ObjectNode document = document(kind.type().groupVersion().path());
            List<String> found = new ArrayList<>();
            document.path("paths").properties().forEach(path -> {
                JsonNode patch = path.getValue().path("patch");
                if (Json.string(patch, "x-kubernetes-group-version-kind", "kind").equals(kind.type().kind())) {
                    patch.path("parameters").forEach(p -> found.add(Json.string(p, "name")));
                }
            });
            assertThat(found).as(kind.toString()).contains("fieldValidation", "dryRun", "fieldManager");
        }
    }

    @Test
    void fieldsWithAClosedSetOfValuesSayThem() {
        JsonNode schemas = document("api/v1").path("components").path("schemas");
        assertThat(schemas.path("io.k8s.api.core.v1.Container").path("properties").path("imagePullPolicy").path("enum").toString())
                .isEqualTo("[\"Always\",\"IfNotPresent\",\"Never\"]");
        assertThat(schemas.path("io.k8s.api.core.v1.PersistentVolumeClaimSpec").path("properties").path("accessModes").path("items").path("enum"))
                .hasSize(4);
        JsonNode swagger = Json.readObject(API.swagger().json()).path("definitions");
        assertThat(swagger.path("io.k8s.api.core.v1.Container").path("properties").path("imagePullPolicy").path("enum")).hasSize(3);
    }

    @Test
    void patchAndListFactsAreThere() {
        JsonNode schemas = document("api/v1").path("components").path("schemas");
        JsonNode containers = schemas.path("io.k8s.api.core.v1.PodSpec").path("properties").path("containers");
        assertThat(Json.string(containers, "x-kubernetes-patch-merge-key")).isEqualTo("name");
        assertThat(Json.string(containers, "x-kubernetes-patch-strategy")).isEqualTo("merge");
        assertThat(Json.string(containers, "x-kubernetes-list-type")).isEqualTo("map");
        JsonNode volumes = schemas.path("io.k8s.api.core.v1.PodSpec").path("properties").path("volumes");
        assertThat(Json.string(volumes, "x-kubernetes-patch-strategy")).isEqualTo("merge,retainKeys");
        JsonNode gvk = schemas.path("io.k8s.api.core.v1.Pod").path("x-kubernetes-group-version-kind").path(0);
        assertThat(Json.print(gvk)).isEqualTo("{\"group\":\"\",\"kind\":\"Pod\",\"version\":\"v1\"}");
        assertThat(Json.string(document("api/v1").path("paths").path("/api/v1/namespaces/{namespace}/pods/{name}").path("patch"), "x-kubernetes-action"))
                .isEqualTo("patch");
    }

    @Test
    void typesAndFieldsAreDescribed() {
        JsonNode schemas = document("apis/apps/v1").path("components").path("schemas");
        assertThat(Json.string(schemas.path("io.k8s.api.apps.v1.Deployment"), "description")).startsWith("Deployment enables declarative updates");
        JsonNode replicas = schemas.path("io.k8s.api.apps.v1.DeploymentSpec").path("properties").path("replicas");
        assertThat(Json.string(replicas, "description")).contains("desired pods");
        int described = 0;
        int all = 0;
        for (var schema : document("api/v1").path("components").path("schemas")) {
            for (var property : schema.path("properties")) {
                all++;
                described += property.has("description") ? 1 : 0;
            }
        }
        assertThat(described).as("described of " + all).isGreaterThan(all * 95 / 100);
    }

    @Test
    void whatIsOurOwnIsDescribedToo() {
        for (String path : List.of("apis/hypernetes.io/v1", "apis/metrics.k8s.io/v1beta1")) {
            document(path).path("components").path("schemas").properties().forEach(schema -> {
                if ((schema.getKey().contains("hypernetes") || schema.getKey().contains("metrics")) && !schema.getKey().endsWith("List")) {
                    assertThat(Json.string(schema.getValue(), "description")).as(schema.getKey()).isNotEmpty();
                    schema.getValue().path("properties").properties().forEach(property ->
                            assertThat(Json.string(property.getValue(), "description")).as(schema.getKey() + " " + property.getKey()).isNotEmpty());
                }
            });
        }
    }

    @Test
    void fieldsOfOwnersHaveTheirType() {
        JsonNode entry = document("api/v1").path("components").path("schemas").path("io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry");
        assertThat(Json.string(entry.path("properties").path("fieldsV1").path("allOf").path(0), "$ref")).isEqualTo("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1");
    }

    @Test
    void theOlderDocumentSaysTheSame() {
        ObjectNode swagger = Json.readObject(API.swagger().json());
        JsonNode definitions = swagger.path("definitions");
        for (JsonNode reference : swagger.findValues("$ref")) {
            if (reference.isString()) {
                assertThat(reference.stringValue()).startsWith("#/definitions/");
                assertThat(definitions.has(reference.stringValue().substring("#/definitions/".length()))).as(reference.stringValue()).isTrue();
            }
        }
        JsonNode spec = definitions.path("io.k8s.api.apps.v1.Deployment").path("properties").path("spec");
        assertThat(Json.string(spec, "$ref")).isEqualTo("#/definitions/io.k8s.api.apps.v1.DeploymentSpec");
        JsonNode post = swagger.path("paths").path("/apis/apps/v1/namespaces/{namespace}/deployments").path("post");
        assertThat(Json.string(post, "x-kubernetes-action")).isEqualTo("post");
        assertThat(post.path("parameters").findValuesAsString("in")).contains("body");
        assertThat(Json.string(definitions.path("io.k8s.apimachinery.pkg.util.intstr.IntOrString"), "format")).isEqualTo("int-or-string");
    }

    @Test
    void aScaleIsExchangedAsAScale() {
        JsonNode path = document("apis/apps/v1").path("paths").path("/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale");
        assertThat(Json.string(path.path("put"), "x-kubernetes-group-version-kind", "kind")).isEqualTo("Scale");
        assertThat(Json.string(path.path("put"), "x-kubernetes-group-version-kind", "group")).isEqualTo("autoscaling");
    }

    @Test
    void tenantsAreKnownToTheRootAlone() {
        assertThat(API.document("apis/hypernetes.io/v1")).isNotNull();
        assertThat(OpenApi.of(KINDS, false).document("apis/hypernetes.io/v1")).isNull();
    }

    @Test
    void theIndexPointsBelowThePrefixAndHashesAreStable() {
        OpenApi again = OpenApi.of(KINDS, true);
        assertThat(again.document("api/v1").hash()).isEqualTo(API.document("api/v1").hash()).hasSize(128);
        String index = Json.print(Json.readObject(API.index("/tenants/blue").json()));
        assertThat(index).contains("\"api/v1\":{\"serverRelativeURL\":\"/tenants/blue/openapi/v3/api/v1?hash=" + API.document("api/v1").hash());
    }
}
