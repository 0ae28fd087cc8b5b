package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The levels of pod security that namespaces hold.
class PodSecurityTest extends ClusterTest {
    @Test
    void podSecurityHoldsTheLevelOfTheNamespace() {
        admin.post("/api/v1/namespaces", """
                {"metadata":{"name":"secure","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}""").expect(201);
        assertThat(admin.post(pods("secure"), pod("plain", "", "")).expect(403).at("message"))
                .isEqualTo("pods \"plain\" is forbidden: violates PodSecurity \"restricted:latest\":"
                        + " allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false),"
                        + " unrestricted capabilities (container \"web\" must set securityContext.capabilities.drop=[\"ALL\"]),"
                        + " runAsNonRoot != true (pod or container \"web\" must set securityContext.runAsNonRoot=true),"
                        + " seccompProfile (pod or container \"web\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")");
        admin.post(pods("secure"), """
                {"metadata":{"name":"good"},"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
                 "containers":[{"name":"web","image":"busybox:1","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}""")
                .expect(201);
        admin.post("/api/v1/namespaces", """
                {"metadata":{"name":"warned","labels":{"pod-security.kubernetes.io/enforce":"privileged","pod-security.kubernetes.io/warn":"baseline",
                 "pod-security.kubernetes.io/warn-version":"v1.30"}}}""").expect(201);
        var warned = admin.post(pods("warned"), pod("loud", "", "").replace("\"image\"", "\"securityContext\":{\"privileged\":true},\"image\"")).expect(201);
        assertThat(warned.http().headers().firstValue("Warning").orElse(""))
                .contains("would violate PodSecurity \\\"baseline:v1.30\\\": privileged (container \\\"web\\\" must not set securityContext.privileged=true)");
    }

    @Test
    void aStricterLevelTellsOfThePodsThatAreThere() {
        namespace(admin, "stricter");
        admin.post(pods("stricter"), pod("loud", "", "").replace("\"image\"", "\"securityContext\":{\"privileged\":true},\"image\"")).expect(201);
        var label = "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/enforce\":\"%s\"}}}";
        var stricter = admin.patch("/api/v1/namespaces/stricter", "application/merge-patch+json", label.formatted("baseline")).expect(200);
        assertThat(stricter.http().headers().allValues("Warning")).containsExactly(
                "299 - \"existing pods in namespace \\\"stricter\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"\"",
                "299 - \"loud: privileged\"");
        assertThat(admin.patch("/api/v1/namespaces/stricter", "application/merge-patch+json", label.formatted("strict")).expect(422).at("message"))
                .contains("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted");
    }
}
