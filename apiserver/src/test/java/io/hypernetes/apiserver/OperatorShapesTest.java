package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What well-known operators bring, shortened, with the parts that ask most of the API: the rules of the Gateway API, Karpenter, CloudNativePG,
/// Flux and Cluster API with their costs, maps in lists, choices, defaults, columns, selectable fields, and what is installed around them.
class OperatorShapesTest extends ClusterTest {
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static final String APPLY = "?fieldManager=helm&fieldValidation=Strict";
    private static final String APPLY_PATCH = "application/apply-patch+yaml";

    private static List<ObjectNode> shapes(String file) throws IOException {
        try (var in = OperatorShapesTest.class.getResourceAsStream(file)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).lines().map(Json::readObject).toList();
        }
    }

    private static String path(Map<String, String> collections, ObjectNode object) {
        var namespace = Json.string(object, "metadata", "namespace");
        var group = Json.string(object, "apiVersion");
        var plural = collections.getOrDefault(group.replaceFirst("/.*", "") + " " + Json.string(object, "kind"), "");
        return "/apis/" + group + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/") + plural + "/" + Json.string(object, "metadata", "name");
    }

    @Test
    void theirDefinitionsAndObjectsAreTakenWithoutAWord() throws IOException {
        var collections = new HashMap<String, String>();
        for (var definition : shapes("operator-definitions.jsonl")) {
            var name = Json.string(definition, "metadata", "name");
            var made = admin.post(DEFINITIONS + "?fieldValidation=Strict", Json.print(definition)).expect(201);
            assertThat(made.http().headers().allValues("Warning")).as(name).isEmpty();
            assertThat(made.text()).as(name).contains("InitialNamesAccepted");
            var applied = admin.patch(DEFINITIONS + "/" + name + APPLY + "&force=true", APPLY_PATCH, Json.print(definition)).expect(200);
            assertThat(applied.json().path("spec")).as(name).isEqualTo(made.json().path("spec"));
            var spec = definition.path("spec");
            collections.put(Json.string(spec, "group") + " " + Json.string(spec, "names", "kind"), Json.string(spec, "names", "plural"));
        }
        for (var object : shapes("operator-objects.jsonl")) {
            var kind = Json.string(object, "kind");
            var path = path(collections, object);
            var made = admin.patch(path + APPLY, APPLY_PATCH, Json.print(object)).expect(201);
            assertThat(made.http().headers().allValues("Warning")).as(kind).allMatch(warning -> warning.contains("finalizer name"));
            // The times of managers are in seconds: within one of them the same would be written.
            cluster.clock.forward(Duration.ofSeconds(2));
            var again = admin.patch(path + APPLY, APPLY_PATCH, Json.print(object)).expect(200);
            assertThat(again.at("metadata", "resourceVersion")).as(kind).isEqualTo(made.at("metadata", "resourceVersion"));
            var replaced = admin.put(path, Json.print(made.json())).expect(200);
            assertThat(replaced.at("metadata", "generation")).as(kind).isEqualTo(made.at("metadata", "generation"));
        }
        var gateways = admin.get("/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).json();
        assertThat(gateways.path("rows").path(0).path("cells").path(3).asString("")).isEqualTo("Unknown");
        assertThat(admin.patch("/apis/postgresql.cnpg.io/v1/namespaces/default/clusters/pg", "application/merge-patch+json", "{\"spec\":{\"imageCatalogRef\":{\"major\":17}}}")
                        .expect(422).at("message"))
                .contains("spec.imageCatalogRef.major: Invalid value: 17: Major is immutable");
    }

    @Test
    void whatIsInstalledAroundThemIsTakenWithoutAWord() throws IOException {
        for (var object : shapes("operator-installation.jsonl")) {
            var kind = Json.string(object, "kind");
            var group = Json.string(object, "apiVersion");
            var namespace = Json.string(object, "metadata", "namespace");
            var lower = kind.toLowerCase(Locale.ROOT);
            var plural = lower.endsWith("s") ? lower + "es" : lower.endsWith("y") ? lower.substring(0, lower.length() - 1) + "ies" : lower + "s";
            var path = (group.contains("/") ? "/apis/" : "/api/") + group + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/") + plural;
            var made = admin.post(path + "?fieldManager=helm&fieldValidation=Strict", Json.print(object)).expect(201);
            assertThat(made.http().headers().allValues("Warning")).as(kind).isEmpty();
        }
        var rules = admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/knative-serving-admin").expect(200).json().path("rules");
        assertThat(rules.toString()).contains("serving.knative.dev").contains("/healthz*");
    }
}
