package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Containers, by behaviours of upstream's conformance suite; `docs/conformance.md` says which is which.
@ExtendWith(ConformancePods.Shared.class)
@Order(9)
class ConformanceContainersTest {

    @Test
    void variablesComeFromMapsWithPrefixes(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("exec", "c-plain", "-c", "env", "--", "env")).contains("K8S_data-1=value-1", "K8S_data-2=value-2");
    }

    @Test
    void variablesComeFromSecretsWithPrefixes(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("exec", "c-plain", "-c", "env", "--", "env")).contains("p-secret-1=hidden");
    }

    @Test
    void variablesAreExpandedInCommands(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("logs", "c-plain", "-c", "env")).contains("test=test-value\n");
    }

    @Test
    void variablesTellWhatIsKnownOfThePod(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("exec", "c-plain", "-c", "env", "--", "env").lines()).contains(
                "FROM_MAP=value-1", "FROM_SECRET=hidden", "COMPOSED=test-value;;value-1;;$(TEST_VAR)", "POD_NAME=c-plain", "POD_NAMESPACE=default",
                "POD_IP=" + pods.read("c-plain", "{.status.podIP}"), "POD_UID=" + pods.read("c-plain", "{.metadata.uid}"),
                "HOST_IP=" + pods.read("c-plain", "{.status.hostIP}"), "HOST_IPS=" + pods.read("c-plain", "{.status.hostIPs[0].ip}"),
                "CPU_LIMIT=2", "CPU_REQUEST=250", "MEMORY_LIMIT=67108864", "MEMORY_REQUEST=33554432",
                "C_WEB_SERVICE_HOST=" + pods.cluster().kubectl("get", "service", "c-web", "-o", "jsonpath={.spec.clusterIP}"), "C_WEB_SERVICE_PORT=80", "C_WEB_SERVICE_PORT_TWO=81");
        assertThat(pods.plain("echo $NO_MEMORY_LIMIT")).matches("\\d{9,}\n");
    }

    @Test
    void messagesOfTheEndAreTold(ConformancePods pods) {
        pods.cluster().awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(pods.read("c-ends", "{range .status.containerStatuses[*]}{.name}={.state.terminated.message} {.state.terminated.exitCode} {.state.terminated.reason}\n{end}").lines())
                .containsExactlyInAnyOrder("group= 0 Completed", "path=DONE 0 Completed", "quiet= 0 Completed", "file=OK 0 Completed");
    }

    @Test
    void whoHasEndedIsNotDebugged(ConformancePods pods) {
        pods.cluster().awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(pods.cluster().kubectlRun("debug", "c-ends", "--image=" + Cluster.SAMPLE, "-c", "late", "--attach=false", "--", "true").err())
                .contains("the pod has ended (phase Succeeded) and starts no container any more; use a copy of it (kubectl debug --copy-to)");
        assertThat(pods.read("c-ends", "{.spec.ephemeralContainers}")).isEmpty();
    }

    /// Upstream's number of changes.
    @Test
    void theNodeCatchesUpWithFiveHundredChanges(ConformancePods pods) throws IOException {
        long before = Long.parseLong(pods.read("c-volumes", "{.metadata.generation}"));
        try (KubernetesClient api = new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(Files.readString(Path.of(pods.cluster().environment().get("KUBECONFIG"))))).build()) {
            for (int i = 0; i < 500; i++) {
                api.pods().inNamespace("default").withName("c-volumes").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"activeDeadlineSeconds\":" + (100_000 - i) + "}}");
            }
        }
        assertThat(pods.read("c-volumes", "{.metadata.generation}")).isEqualTo(String.valueOf(before + 500));
        pods.cluster().awaitPod("c-volumes", "{.status.observedGeneration}", String.valueOf(before + 500)::equals);
        assertThat(pods.read("c-volumes", "{.status.phase} {.status.containerStatuses[*].restartCount}")).isEqualTo("Running 0 0");
    }

    @Test
    void usersAndGroupsAreThoseAskedFor(ConformancePods pods) {
        assertThat(pods.in("user", "id -u; id -g")).isEqualTo("1001\n1001\n");
        assertThat(pods.in("root", "id -u; touch /writable; grep CapEff /proc/self/status")).matches("0\nCapEff:\\s+00000000[0-9a-f]{8}\n");
    }

    @Test
    void aPodsUserAndGroupsAreItsContainersAndItsFiles(ConformancePods pods) {
        pods.cluster().awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(pods.cluster().kubectl("logs", "c-ends", "-c", "group")).isEqualTo("1001\n2002\n2002 2003\n440 2003\n440 2003\nhiddenhidden\n2777 2003\n2777 2003\n2003\n2003\n");
    }

    @Test
    void aRootOfAContainerMayBeReadOnly(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("logs", "c-plain", "-c", "frozen")).isEqualTo("65534\nrefused\n");
    }

    @Test
    void withoutACommandTheImageSaysWhatRuns(ConformancePods pods) {
        assertThat(running(pods, "as-the-image-says")).isEqualTo("sh ");
        assertThat(running(pods, "other-arguments")).isEqualTo("sleep 77777 ");
    }

    private static String running(ConformancePods pods, String container) {
        return pods.cluster().kubectl("exec", "c-plain", "-c", container, "--", "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline");
    }

    @Test
    void theHookOfTheStartHasRun(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("exec", "c-web", "-c", "web", "--", "cat", "/hooked")).isEqualTo("c-web\n");
    }

    @Test
    void theHostsFileKnowsThePod(ConformancePods pods) {
        assertThat(pods.plain("cat /etc/hosts")).contains("127.0.0.1\tlocalhost").containsPattern(pods.read("c-plain", "{.status.podIP}").replace(".", "\\.") + "\\s+c-plain");
    }

    @Test
    void theHostsFileHasTheAliasesOfThePod(ConformancePods pods) {
        assertThat(pods.plain("cat /etc/hosts")).contains("203.0.113.7\talias-1\talias-2\n");
    }

    @Test
    void sysctlsAreThoseOfThePod(ConformancePods pods) {
        assertThat(pods.plain("cat /proc/sys/kernel/shm_rmid_forced")).isEqualTo("1\n");
    }

    @Test
    void privilegesAreNotEscalated(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("logs", "c-plain", "-c", "user")).matches("NoNewPrivs:\\s+1\n");
    }

    @Test
    void initContainersRunBeforeTheOthers(ConformancePods pods) {
        assertThat(pods.read("c-web", "{.status.conditions[?(@.type==\"Initialized\")].status}{range .status.initContainerStatuses[*]} {.state.terminated.reason}/{.state.terminated.exitCode}{end}"))
                .isEqualTo("True Completed/0 Completed/0");
        assertThat(Instant.parse(pods.read("c-web", "{.status.initContainerStatuses[1].state.terminated.finishedAt}")))
                .isBeforeOrEqualTo(Instant.parse(pods.read("c-web", "{.status.containerStatuses[0].state.running.startedAt}")));
    }

    @Test
    void readinessWaitsForItsDelay(ConformancePods pods) {
        Instant started = Instant.parse(pods.read("c-web", "{.status.containerStatuses[0].state.running.startedAt}"));
        Instant ready = Instant.parse(pods.read("c-web", "{.status.conditions[?(@.type==\"Ready\")].lastTransitionTime}"));
        // Times are told in whole seconds.
        assertThat(Duration.between(started, ready)).isGreaterThanOrEqualTo(Duration.ofSeconds(7));
        assertThat(pods.read("c-web", "{.status.containerStatuses[0].restartCount}")).isEqualTo("0");
    }

    @Test
    void anOpenPortIsAlive(ConformancePods pods) {
        // The probe asked from the fifth second on, once a second; the pod became ready after eight. It waits ten seconds, as a machine beside others may be slow.
        assertThat(pods.read("c-web", "{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}")).isEqualTo("0 true");
        assertThat(pods.cluster().kubectl("get", "events", "--field-selector=involvedObject.name=c-web,reason=Unhealthy", "-o", "jsonpath={.items[*].message}")).doesNotContain("Liveness");
    }

    @Test
    void aJobWhosePodsFailAtFirstCompletes(ConformancePods pods) {
        pods.cluster().kubectl("wait", "job/c-job", "--for=condition=complete", "--timeout=100s");
        assertThat(pods.cluster().kubectl("get", "job", "c-job", "-o", "jsonpath={.status.succeeded}")).isEqualTo("2");
        assertThat(pods.cluster().kubectl("get", "pods", "-l", "job-name=c-job", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")).isEqualTo("1 1");
    }
}
