package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Behaviours of upstream's conformance suite that need containers, by meaning; `docs/conformance.md` says which is which. Machines are dear,
/// so three pods serve all of them.
@ExtendWith(SharedCluster.class)
class ConformancePodsTest {
    private static final String MANIFEST = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c-map}
            data: {data-1: value-1, data-2: value-2}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: c-secret}
            stringData: {secret-1: hidden}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: c-web}
            spec:
              selector: {app: c-web}
              ports:
              - {name: one, port: 80, targetPort: 8080}
              - {name: two, port: 81, targetPort: 8081}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-web, labels: {app: c-web}}
            spec:
              terminationGracePeriodSeconds: 1
              initContainers:
              - {name: init1, image: IMAGE, command: ["true"]}
              - {name: init2, image: IMAGE, command: ["true"]}
              containers:
              - name: web
                image: IMAGE
                command: [sh, -c]
                args: ["mkdir /one /two; echo one > /one/index.html; echo two > /two/index.html; httpd -p 8081 -h /two; exec httpd -f -p 8080 -h /one"]
                readinessProbe: {exec: {command: ["true"]}, initialDelaySeconds: 8, periodSeconds: 1}
                livenessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 1}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-volumes, annotations: {builder: bar}, labels: {app: c-volumes}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: root
                image: IMAGE
                command: [sh, -c, 'exec sleep 99999']
                resources: {requests: {cpu: 50m}}
                volumeMounts: &mounts
                - {name: all, mountPath: /all}
                - {name: memory, mountPath: /memory}
                - {name: info, mountPath: /info}
                - {name: mapped, mountPath: /mapped}
                - {name: map, mountPath: /part/file, subPath: data-1}
                - {name: token, mountPath: /token}
              - name: user
                image: IMAGE
                command: [sh, -c, 'exec sleep 99999']
                securityContext: {runAsUser: 1001, runAsGroup: 1001}
                volumeMounts: *mounts
              volumes:
              - name: memory
                emptyDir: {medium: Memory}
              - name: map
                configMap: {name: c-map}
              - name: mapped
                projected: {sources: [{configMap: {name: c-map, items: [{key: data-2, path: path/to/data-2}]}}]}
              - name: all
                projected:
                  sources:
                  - configMap: {name: c-map}
                  - secret: {name: c-secret}
                  - downwardAPI: {items: [{path: podname, fieldRef: {fieldPath: metadata.name}}, {path: annotations, fieldRef: {fieldPath: metadata.annotations}}]}
              - name: info
                downwardAPI:
                  items:
                  - {path: podname, mode: 0400, fieldRef: {fieldPath: metadata.name}}
                  - {path: cpu-request, resourceFieldRef: {containerName: root, resource: requests.cpu, divisor: 1m}}
                  - {path: cpu-limit, resourceFieldRef: {containerName: root, resource: limits.cpu}}
              - name: token
                projected: {sources: [{serviceAccountToken: {path: token, audience: conformance, expirationSeconds: 3600}}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-plain, labels: {app: c-plain}}
            spec:
              terminationGracePeriodSeconds: 1
              dnsPolicy: None
              dnsConfig: {nameservers: [10.96.0.10], searches: [resolv.conf.local, default.svc.cluster.local]}
              securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}
              containers:
              - name: env
                image: IMAGE
                command: [sh, -c, "TEST_VAR=wrong echo \\"test=$(TEST_VAR)\\"; exec sleep 99999"]
                env: [{name: TEST_VAR, value: test-value}]
                envFrom:
                - {prefix: K8S_, configMapRef: {name: c-map}}
                - {prefix: p-, secretRef: {name: c-secret}}
              - name: user
                image: IMAGE
                command: [sh, -c, 'grep NoNewPrivs /proc/self/status; exec sleep 99999']
                securityContext: {runAsUser: 1000, allowPrivilegeEscalation: false}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: c-job}
            spec:
              completions: 2
              parallelism: 2
              template:
                spec:
                  restartPolicy: OnFailure
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: c
                    image: IMAGE
                    command: [sh, -c, 'if test -f /data/seen; then exit 0; fi; touch /data/seen; exit 1']
                    volumeMounts: [{name: data, mountPath: /data}]
                  volumes: [{name: data, emptyDir: {}}]
            """.replace("IMAGE", Cluster.SAMPLE);

    @BeforeAll
    static void make(Cluster cluster) {
        cluster.apply(MANIFEST);
        List.of("c-web", "c-volumes", "c-plain").forEach(cluster::awaitRunning);
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.kubectl("delete", "pod/c-web", "pod/c-volumes", "pod/c-plain", "job/c-job", "service/c-web", "configmap/c-map", "secret/c-secret", "--timeout=60s");
    }

    private static String in(Cluster cluster, String container, String script) {
        return cluster.kubectl("exec", "c-volumes", "-c", container, "--", "sh", "-c", script);
    }

    private static String pod(Cluster cluster, String name, String jsonPath) {
        return cluster.kubectl("get", "pod", name, "-o", "jsonpath=" + jsonPath);
    }

    private static String plain(Cluster cluster, String script) {
        return cluster.kubectl("exec", "c-plain", "-c", "env", "--", "sh", "-c", script);
    }

    // Volumes.

    @Test
    void oneVolumeProjectsEverything(Cluster cluster) {
        assertThat(in(cluster, "root", "cd /all; cat data-1; echo; cat secret-1; echo; cat podname")).isEqualTo("value-1\nhidden\nc-volumes");
    }

    @Test
    void filesInMemoryHaveTheModesTheyAreGiven(Cluster cluster) {
        assertThat(in(cluster, "user", "echo mine > /memory/user; chmod 0666 /memory/user; stat -c '%a %u' /memory/user; cat /memory/user")).isEqualTo("666 1001\nmine\n");
        assertThat(in(cluster, "root", "echo ours > /memory/root; chmod 0777 /memory/root; stat -c '%a %u' /memory/root; cat /memory/root")).isEqualTo("777 0\nours\n");
    }

    @Test
    void aVolumeInMemoryIsATmpfsForEverybody(Cluster cluster) {
        assertThat(in(cluster, "root", "stat -c %a /memory; grep ' /memory ' /proc/mounts | cut -d' ' -f3")).isEqualTo("777\ntmpfs\n");
    }

    @Test
    void filesOfTheDownwardApiHaveTheirOwnModes(Cluster cluster) {
        assertThat(in(cluster, "root", "stat -L -c %a /info/podname; stat -L -c %a /info/cpu-request")).isEqualTo("400\n644\n");
    }

    @Test
    void requestsAreReadAsFiles(Cluster cluster) {
        assertThat(in(cluster, "root", "cat /info/cpu-request")).isEqualTo("50");
    }

    @Test
    void withoutALimitTheNodesProcessorsAreRead(Cluster cluster) {
        String node = pod(cluster, "c-volumes", "{.spec.nodeName}");
        String allocatable = cluster.kubectl("get", "node", node, "-o", "jsonpath={.status.allocatable.cpu}");
        long cores = allocatable.endsWith("m") ? (Long.parseLong(allocatable.replace("m", "")) + 999) / 1000 : Long.parseLong(allocatable);
        assertThat(in(cluster, "root", "cat /info/cpu-limit")).isEqualTo(String.valueOf(cores));
    }

    @Test
    void configMapsAreMappedToPathsForEverybody(Cluster cluster) {
        assertThat(in(cluster, "user", "id -u; cat /all/data-1; echo; cat /mapped/path/to/data-2; ls /mapped")).isEqualTo("1001\nvalue-1\nvalue-2path\n");
    }

    @Test
    void aPartOfAConfigMapIsMounted(Cluster cluster) {
        assertThat(in(cluster, "root", "cat /part/file")).isEqualTo("value-1");
    }

    @Test
    void changesReachTheFiles(Cluster cluster) {
        cluster.kubectl("annotate", "pod", "c-volumes", "--overwrite", "builder=foo");
        cluster.kubectl("patch", "configmap", "c-map", "--type=merge", "-p", "{\"data\":{\"data-3\":\"value-3\"}}");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(
                () -> assertThat(in(cluster, "root", "cat /all/annotations; cat /all/data-3")).contains("builder=\"foo\"", "value-3"));
    }

    @Test
    void aTokenForAnAudienceIsMounted(Cluster cluster) {
        String token = in(cluster, "user", "cat /token/token");
        String claims = new String(java.util.Base64.getUrlDecoder().decode(token.split("\\.")[1]), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(claims).contains("\"conformance\"", "system:serviceaccount:default:default", "c-volumes");
        assertThat(cluster.kubectlWithInput("""
                {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"%s","audiences":["conformance"]}}""".formatted(token),
                "create", "--raw", "/apis/authentication.k8s.io/v1/tokenreviews", "-f", "-")).contains("\"authenticated\":true", "\"username\":\"system:serviceaccount:default:default\"");
    }

    // Containers.

    @Test
    void variablesComeFromMapsWithPrefixes(Cluster cluster) {
        assertThat(cluster.kubectl("exec", "c-plain", "-c", "env", "--", "env")).contains("K8S_data-1=value-1", "K8S_data-2=value-2");
    }

    @Test
    void variablesComeFromSecretsWithPrefixes(Cluster cluster) {
        assertThat(cluster.kubectl("exec", "c-plain", "-c", "env", "--", "env")).contains("p-secret-1=hidden");
    }

    @Test
    void variablesAreExpandedInCommands(Cluster cluster) {
        assertThat(cluster.kubectl("logs", "c-plain", "-c", "env")).contains("test=test-value\n");
    }

    @Test
    void sysctlsAreThoseOfThePod(Cluster cluster) {
        assertThat(plain(cluster, "cat /proc/sys/kernel/shm_rmid_forced")).isEqualTo("1\n");
    }

    @Test
    void privilegesAreNotEscalated(Cluster cluster) {
        assertThat(cluster.kubectl("logs", "c-plain", "-c", "user")).matches("NoNewPrivs:\\s+1\n");
    }

    @Test
    void initContainersRunBeforeTheOthers(Cluster cluster) {
        assertThat(pod(cluster, "c-web", "{.status.conditions[?(@.type==\"Initialized\")].status}{range .status.initContainerStatuses[*]} {.state.terminated.reason}/{.state.terminated.exitCode}{end}"))
                .isEqualTo("True Completed/0 Completed/0");
        assertThat(Instant.parse(pod(cluster, "c-web", "{.status.initContainerStatuses[1].state.terminated.finishedAt}")))
                .isBeforeOrEqualTo(Instant.parse(pod(cluster, "c-web", "{.status.containerStatuses[0].state.running.startedAt}")));
    }

    @Test
    void readinessWaitsForItsDelay(Cluster cluster) {
        Instant started = Instant.parse(pod(cluster, "c-web", "{.status.containerStatuses[0].state.running.startedAt}"));
        Instant ready = Instant.parse(pod(cluster, "c-web", "{.status.conditions[?(@.type==\"Ready\")].lastTransitionTime}"));
        // Times are told in whole seconds.
        assertThat(Duration.between(started, ready)).isGreaterThanOrEqualTo(Duration.ofSeconds(7));
        assertThat(pod(cluster, "c-web", "{.status.containerStatuses[0].restartCount}")).isEqualTo("0");
    }

    @Test
    void anOpenPortIsAlive(Cluster cluster) {
        // The probe asked from the second second on, once a second; the pod became ready after eight.
        assertThat(pod(cluster, "c-web", "{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}")).isEqualTo("0 true");
        assertThat(cluster.kubectl("get", "events", "--field-selector=involvedObject.name=c-web", "-o", "jsonpath={.items[*].reason}")).doesNotContain("Unhealthy");
    }

    @Test
    void aJobWhosePodsFailAtFirstCompletes(Cluster cluster) {
        cluster.kubectl("wait", "job/c-job", "--for=condition=complete", "--timeout=100s");
        assertThat(cluster.kubectl("get", "job", "c-job", "-o", "jsonpath={.status.succeeded}")).isEqualTo("2");
        assertThat(cluster.kubectl("get", "pods", "-l", "job-name=c-job", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}")).isEqualTo("1 1");
    }

    // The network.

    @Test
    void theNameServersOfAPodAreItsOwn(Cluster cluster) {
        assertThat(plain(cluster, "cat /etc/resolv.conf")).contains("nameserver 10.96.0.10", "search resolv.conf.local default.svc.cluster.local").doesNotContain("ndots");
    }

    @Test
    void podsReachEachOther(Cluster cluster) {
        assertThat(plain(cluster, "timeout 10 wget -q -O - http://" + pod(cluster, "c-web", "{.status.podIP}") + ":8080/")).isEqualTo("one\n");
    }

    @Test
    void aServiceHasManyPorts(Cluster cluster) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(plain(cluster, "timeout 5 wget -q -O - http://c-web:80/; timeout 5 wget -q -O - http://c-web:81/")).isEqualTo("one\ntwo\n"));
        assertThat(cluster.kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=c-web", "-o", "jsonpath={.items[*].ports[*].port}").split(" "))
                .containsExactlyInAnyOrder("8080", "8081");
    }

    @Test
    void endpointsComeSoon(Cluster cluster) {
        StringBuilder services = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            services.append("---\napiVersion: v1\nkind: Service\nmetadata: {name: c-latency-").append(i).append(", labels: {set: c-latency}}\nspec: {selector: {app: c-web}, ports: [{port: 80}]}\n");
        }
        Instant start = Instant.now();
        cluster.apply(services.toString());
        Awaitility.await().atMost(Duration.ofSeconds(50)).pollInterval(Duration.ofMillis(500)).until(() -> java.util.Arrays.stream(cluster.kubectl("get", "endpointslices", "-o",
                        "jsonpath={range .items[*]}{.metadata.labels.kubernetes\\.io/service-name}:{.endpoints[0].addresses[0]} {end}").split(" "))
                .filter(each -> each.matches("c-latency-\\d+:.+")).count() == 20);
        // Upstream: half within 20 seconds, 99 of 100 within 50.
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(20));
        cluster.kubectl("delete", "services", "-l", "set=c-latency");
    }
}
