package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
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
            cluster.applyOf(tenant, Cluster.shellPod("web", "echo i belong to " + tenant + "; sleep 10000", "Always"));
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
        assertThat(cluster.kubectl("get", "pods", "-A", "--no-headers")).doesNotContainPattern("(?m)^default\\s+web\\s");
        assertThat(cluster.kubectlOf("bolt", "top", "nodes", "--no-headers").ok()).containsPattern("\\d+m +\\d+% +\\d+Mi +\\d+%");

        String uid = cluster.kubectlOf("bolt", "get", "pod", "web", "-o", "jsonpath={.metadata.uid}").ok();
        cluster.kubectlOf("acme", "delete", "pod", "web", "--timeout=60s").ok();
        assertThat(cluster.kubectlOf("bolt", "get", "pod", "web", "-o", "jsonpath={.metadata.uid}/{.status.phase}").ok()).isEqualTo(uid + "/Running");

        suspendedAndResumed(cluster);

        // A tenant that was deleted comes back from its backup with everything that it had; its pod begins anew.
        String backup = cluster.root.resolve("bolt.backup").toString();
        String config = cluster.kubeconfigOf("bolt");
        assertThat(cluster.hypernetes("backup", backup, "--tenant", "bolt").ok()).contains("tenant bolt", "found good");
        cluster.kubectl("delete", "tenant", "acme", "bolt", "--timeout=90s");
        assertThat(cluster.kubectl("get", "tenants", "-o", "name")).doesNotContain("acme", "bolt");
        cluster.hypernetes("restore", backup).ok();
        assertThat(cluster.hypernetes("restore", backup).err()).contains("a backup never replaces one");
        List<String> asBefore = List.of("kubectl", "--kubeconfig", config, "get", "pod", "web", "-o", "jsonpath={.metadata.uid}/{.status.phase}/{.status.containerStatuses[0].ready}");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(Run.of(Duration.ofMinutes(1), Map.of("HOME", cluster.root.toString()), new byte[0], asBefore).out())
                .isEqualTo(uid + "/Running/true"));
        assertThat(cluster.kubectlOf("bolt", "exec", "web", "--", "echo", "here").ok()).isEqualTo("here\n");
        cluster.kubectl("delete", "tenant", "bolt", "--timeout=90s");
    }

    /// Its pod goes on where it was: the same process, with what it has in memory.
    private static void suspendedAndResumed(Cluster cluster) {
        cluster.kubectlOf("bolt", "exec", "web", "--", "sh", "-c", "echo remembered > /dev/shm/mark").ok();
        cluster.hypernetes("tenant", "suspend", "bolt").ok();
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf("bolt", "get", "pod", "web", "-o", "jsonpath={.status.reason}/{.status.containerStatuses[0].state.waiting.reason}").ok())
                .isEqualTo("TenantSuspended/TenantSuspended"));
        assertThat(cluster.kubectlOf("bolt", "delete", "pod", "web").err()).contains("tenant bolt is suspended");
        cluster.hypernetes("tenant", "resume", "bolt").ok();
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectlOf("bolt", "get", "pods", "--no-headers").ok())
                .containsPattern("web\\s+1/1\\s+Running\\s+0\\s"));
        assertThat(cluster.kubectlOf("bolt", "exec", "web", "--", "cat", "/dev/shm/mark").ok()).isEqualTo("remembered\n");
        assertThat(cluster.kubectlOf("bolt", "logs", "web").ok()).isEqualTo("i belong to bolt\n");
    }

    @Test
    void aCredentialOfOneTenantFindsNoOther(Cluster cluster) {
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: here}}");
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: there}}");
        String config = cluster.kubeconfigOf("here");
        String server = Run.of("kubectl", "--kubeconfig", config, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").ok();
        assertThat(server).endsWith("/tenants/here");
        String existing = asHere(cluster, config, server.replace("/here", "/there"));
        String absent = asHere(cluster, config, server.replace("/here", "/nobody"));
        assertThat(existing.replace("there", "nobody")).isEqualTo(absent).contains("(NotFound)");
        assertThat(Run.of("kubectl", "--kubeconfig", config, "get", "tenants").exitCode()).isNotZero();
        cluster.kubectl("delete", "tenant", "here", "there", "--timeout=60s");
    }

    private static String asHere(Cluster cluster, String config, String server) {
        Run run = Run.of(Duration.ofMinutes(1), Map.of("HOME", cluster.root.toString()), new byte[0], List.of(
                "kubectl", "--kubeconfig", config, "--server", server, "get", "--raw", server.replaceFirst("https://[^/]*", "") + "/api/v1/pods"));
        assertThat(run.exitCode()).isNotZero();
        return run.err();
    }
}
