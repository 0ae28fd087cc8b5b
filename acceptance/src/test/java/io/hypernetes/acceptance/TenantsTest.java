package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Two tenants with equal names see nothing of each other.
@ExtendWith(SharedCluster.class)
class TenantsTest {

    @Test
    void twoTenantsEachRunDefaultWeb(Cluster cluster) {
        for (String tenant : new String[] {"acme", "bolt"}) {
            cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + tenant + "}}");
            apply(cluster, tenant, Cluster.shellPod("web", "echo i belong to " + tenant + "; sleep 10000", "Always"));
        }
        for (String tenant : new String[] {"acme", "bolt"}) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                            cluster.kubectlOf(tenant, "get", "pods", "--no-headers").ok())
                    .containsPattern("web\\s+1/1\\s+Running"));
            assertThat(cluster.kubectlOf(tenant, "get", "pods", "-A", "--no-headers").ok().lines()).hasSize(1);
            assertThat(cluster.kubectlOf(tenant, "logs", "web").ok()).isEqualTo("i belong to " + tenant + "\n");
            cluster.kubectlOf(tenant, "exec", "web", "--", "sh", "-c", "echo " + tenant + " > /mine").ok();
        }
        assertThat(cluster.kubectlOf("acme", "exec", "web", "--", "cat", "/mine").ok()).isEqualTo("acme\n");
        assertThat(cluster.kubectlOf("bolt", "exec", "web", "--", "cat", "/mine").ok()).isEqualTo("bolt\n");
        assertThat(cluster.kubectl("get", "pods", "-A", "--no-headers")).doesNotContain("web");

        String uid = cluster.kubectlOf("bolt", "get", "pod", "web", "-o", "jsonpath={.metadata.uid}").ok();
        cluster.kubectlOf("acme", "delete", "pod", "web", "--timeout=60s").ok();
        assertThat(cluster.kubectlOf("bolt", "get", "pod", "web", "-o", "jsonpath={.metadata.uid}/{.status.phase}").ok()).isEqualTo(uid + "/Running");

        cluster.kubectl("delete", "tenant", "acme", "bolt", "--timeout=90s");
        assertThat(cluster.kubectl("get", "tenants", "-o", "name")).doesNotContain("acme", "bolt");
    }

    @Test
    void aCredentialOfOneTenantFindsNoOther(Cluster cluster) {
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: here}}");
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: there}}");
        String config = cluster.hypernetes("kubeconfig", "--tenant", "here").ok().trim();
        String server = Run.of("kubectl", "--kubeconfig", config, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").ok();
        assertThat(server).endsWith("/tenants/here");
        String existing = asHere(cluster, config, server.replace("/here", "/there"));
        String absent = asHere(cluster, config, server.replace("/here", "/nobody"));
        assertThat(existing.replace("there", "nobody")).isEqualTo(absent).contains("(NotFound)");
        assertThat(Run.of("kubectl", "--kubeconfig", config, "get", "tenants").exitCode()).isNotZero();
        cluster.kubectl("delete", "tenant", "here", "there", "--timeout=60s");
    }

    private static String asHere(Cluster cluster, String config, String server) {
        Run run = Run.of(Duration.ofMinutes(1), Map.of("HOME", cluster.root.toString()), new byte[0], java.util.List.of(
                "kubectl", "--kubeconfig", config, "--server", server, "get", "--raw", server.replaceFirst("https://[^/]*", "") + "/api/v1/pods"));
        assertThat(run.exitCode()).isNotZero();
        return run.err();
    }

    private static void apply(Cluster cluster, String tenant, String yaml) {
        String config = cluster.hypernetes("kubeconfig", "--tenant", tenant).ok().trim();
        Run.of(Duration.ofMinutes(1), Map.of("KUBECONFIG", config, "HOME", cluster.root.toString()), yaml.getBytes(StandardCharsets.UTF_8), cluster.kubectlCommand("apply", "-f", "-")).ok();
    }
}
