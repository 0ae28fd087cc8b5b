package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Who may do what, asked with stock kubectl and from within a pod.
@ExtendWith(SharedCluster.class)
class AccessTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String PLACE = "/var/run/secrets/kubernetes.io/serviceaccount";

    @Test
    void aPodFindsItsTokenAndTheClusterKnowsIt(Cluster cluster) {
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: accounts}}");
        cluster.kubectlOf("accounts", "create", "serviceaccount", "bot").ok();
        String pod = Cluster.shellPod("bot", "cat " + PLACE + "/namespace; echo; head -n 1 " + PLACE + "/ca.crt; cat " + PLACE + "/token; echo; sleep 10000", "Always")
                .replaceFirst("containers:", "serviceAccountName: bot\n  containers:");
        withInput(cluster, pod, "apply", "-f", "-");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(
                        cluster.kubectlOf("accounts", "logs", "bot").ok().lines())
                .hasSize(3));
        var lines = cluster.kubectlOf("accounts", "logs", "bot").ok().lines().toList();
        assertThat(lines.get(0)).isEqualTo("default");
        assertThat(lines.get(1)).isEqualTo("-----BEGIN CERTIFICATE-----");
        String review = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{\"token\":\"" + lines.get(2) + "\"}}";
        String answer = withInput(cluster, review, "create", "--validate=false", "-f", "-", "-o", "jsonpath={.status.user.username} {.status.user.extra}");
        assertThat(answer).startsWith("system:serviceaccount:default:bot ").contains("\"authentication.kubernetes.io/pod-name\":[\"bot\"]");
        cluster.kubectl("delete", "tenant", "accounts", "--timeout=90s");
    }

    @Test
    void aUserOfTheOperatorLogsInAndIsLockedOut(Cluster cluster) {
        cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: people}}");
        String home = cluster.root.resolve("people").toString();
        byte[] password = "correct horse battery\n".getBytes(StandardCharsets.UTF_8);
        Run.of(LIMIT, Map.of(), password, cluster.hypernetesCommand("user", "add", "dora", "--admin-of", "people", "--password-stdin")).ok();
        String config = Run.of(LIMIT, Map.of("HYPERNETES_HOME", home), password, cluster.hypernetesCommand("login", "--user", "dora", "--password-stdin")).ok().trim();
        List<String> whoami = List.of("kubectl", "--kubeconfig", config, "auth", "whoami");
        assertThat(Run.of(LIMIT, Map.of("HOME", home), new byte[0], whoami).ok()).contains("dora", "system:masters");
        assertThat(cluster.hypernetes("user", "list", "-o", "json").ok()).contains("\"name\" : \"dora\"").doesNotContain("argon2");
        cluster.hypernetes("user", "disable", "dora").ok();
        assertThat(Run.of(LIMIT, Map.of("HOME", home), new byte[0], whoami).err()).contains("You must be logged in to the server");
        cluster.hypernetes("user", "delete", "dora").ok();
        cluster.kubectl("delete", "tenant", "people", "--timeout=90s");
    }

    private static String withInput(Cluster cluster, String input, String... arguments) {
        String config = cluster.kubeconfigOf("accounts");
        List<String> command = new ArrayList<>(List.of("kubectl", "--kubeconfig", config));
        command.addAll(List.of(arguments));
        return Run.of(Duration.ofSeconds(60), cluster.environment(), input.getBytes(StandardCharsets.UTF_8), command).ok();
    }

    @Test
    void kubectlAuthAnswersAsElsewhere(Cluster cluster) {
        cluster.kubectl("create", "namespace", "auth");
        cluster.kubectl("-n", "auth", "create", "serviceaccount", "reader");
        cluster.kubectl("-n", "auth", "create", "role", "reads", "--verb=get,list", "--resource=pods,pods/log");
        cluster.kubectl("-n", "auth", "create", "rolebinding", "reads", "--role=reads", "--serviceaccount=auth:reader");
        String reader = "system:serviceaccount:auth:reader";
        assertThat(cluster.kubectl("-n", "auth", "auth", "can-i", "list", "pods", "--as", reader).trim()).isEqualTo("yes");
        assertThat(cluster.kubectlRun("-n", "auth", "auth", "can-i", "delete", "pods", "--as", reader).out().trim()).isEqualTo("no");
        assertThat(cluster.kubectl("-n", "auth", "auth", "can-i", "--list", "--as", reader))
                .containsPattern("pods/log\\s+\\[\\]\\s+\\[\\]\\s+\\[get list\\]")
                .containsPattern("selfsubjectaccessreviews.authorization.k8s.io\\s+\\[\\]\\s+\\[\\]\\s+\\[create\\]");
        assertThat(cluster.kubectl("auth", "whoami", "--as", reader)).contains(reader, "system:serviceaccounts:auth");
        assertThat(cluster.kubectl("-n", "auth", "create", "token", "reader", "--duration=20m").trim()).matches("[\\w-]+\\.[\\w-]+\\.[\\w-]+");
        String role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reads, namespace: auth}, rules: [{verbs: [watch], apiGroups: [''], resources: [pods]}]}";
        assertThat(cluster.kubectlWithInput(role, "auth", "reconcile", "-f", "-")).contains("role.rbac.authorization.k8s.io/reads reconciled");
        assertThat(cluster.kubectl("-n", "auth", "auth", "can-i", "watch", "pods", "--as", reader).trim()).isEqualTo("yes");
        assertThat(cluster.kubectl("-n", "auth", "auth", "can-i", "list", "pods", "--as", reader).trim()).isEqualTo("yes");
        assertThat(cluster.kubectl("get", "clusterroles", "view", "-o", "name").trim()).isEqualTo("clusterrole.rbac.authorization.k8s.io/view");
        cluster.kubectl("-n", "auth", "create", "quota", "few", "--hard=configmaps=2");
        cluster.kubectl("-n", "auth", "create", "configmap", "one");
        assertThat(cluster.kubectlRun("-n", "auth", "create", "configmap", "two").err())
                .contains("exceeded quota: few, requested: configmaps=1, used: configmaps=2, limited: configmaps=2");
        assertThat(cluster.kubectl("-n", "auth", "describe", "quota", "few")).containsPattern("configmaps\\s+2\\s+2");
        assertThat(cluster.hypernetes("audit", "--user", "operator", "--limit", "1000").ok()).containsPattern("403\\s+create\\s+configmaps/auth");
        cluster.kubectl("delete", "namespace", "auth", "--timeout=60s");
    }
}
