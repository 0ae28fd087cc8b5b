package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// The definitions of Apache Flink's operator, as its authors publish them, and objects of its kinds.
class OperatorTest extends ClusterTest {
    private static final String DEPLOYMENTS = "/apis/flink.apache.org/v1beta1/namespaces/default/flinkdeployments";
    private static final String DEPLOYMENT = """
            apiVersion: flink.apache.org/v1beta1
            kind: FlinkDeployment
            metadata:
              name: basic-example
            spec:
              image: flink:1.20
              flinkVersion: v1_20
              flinkConfiguration:
                taskmanager.numberOfTaskSlots: "2"
              serviceAccount: flink
              jobManager:
                resource: {memory: "2048m", cpu: 1}
              taskManager:
                replicas: 2
                resource: {memory: "2048m", cpu: 1}
              podTemplate:
                spec:
                  containers:
                  - name: flink-main-container
                    ports: [{containerPort: 8081}]
                    livenessProbe: {httpGet: {port: 8081, path: /}}
              job:
                jarURI: local:///opt/flink/examples/streaming/StateMachineExample.jar
                parallelism: 2
                upgradeMode: stateless
            """;

    @Test
    void theKindsOfARealOperatorAreInstalledExplainedAndUsed() throws IOException {
        for (var plural : List.of("flinkdeployments", "flinksessionjobs", "flinkstatesnapshots")) {
            try (var in = OperatorTest.class.getResourceAsStream("/META-INF/fabric8/" + plural + ".flink.apache.org-v1.yml")) {
                var yaml = Objects.requireNonNull(in).readAllBytes();
                var made = admin.send(admin.request("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict")
                                .header("Content-Type", "application/yaml")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(yaml))
                                .build())
                        .expect(201);
                assertThat(made.text()).contains("InitialNamesAccepted");
            }
        }
        assertThat(admin.get("/openapi/v3/apis/flink.apache.org/v1beta1").expect(200).text())
                .contains("org.apache.flink.v1beta1.FlinkDeployment")
                .contains("taskManager");
        var path = DEPLOYMENTS + "/basic-example";
        var made = admin.patch(path + "?fieldManager=kubectl&fieldValidation=Strict", "application/apply-patch+yaml", DEPLOYMENT).expect(201);
        assertThat(Json.string(made.json(), "spec", "podTemplate", "spec", "containers")).isEmpty();
        assertThat(Json.at(made.json(), "spec", "podTemplate", "spec", "containers").path(0).path("livenessProbe").path("httpGet").path("port").asInt())
                .isEqualTo(8081);
        assertThat(admin.patch(path, "application/merge-patch+json", "{\"spec\":{\"flinkVersion\":\"v0_1\"}}").expect(422).at("message"))
                .contains("spec.flinkVersion: Unsupported value: \"v0_1\"");
        admin.patch(path + "/status", "application/merge-patch+json", "{\"status\":{\"lifecycleState\":\"STABLE\",\"jobStatus\":{\"state\":\"RUNNING\"}}}").expect(200);
        var table = admin.get(DEPLOYMENTS, "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).json();
        assertThat(table.path("rows").path(0).path("cells").path(1).asString("")).isEqualTo("RUNNING");
        admin.patch(path + "/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":3}}").expect(200);
        assertThat(Json.number(admin.get(path).expect(200).json(), 0, "spec", "taskManager", "replicas")).isEqualTo(3);
    }
}
