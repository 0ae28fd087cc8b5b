package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Programs that people run, in images made of Debian's packages; [DatabaseTest] has one more.
@ExtendWith(SharedCluster.class)
@Order(1)
class ApplicationsTest {
    private static final String ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

    @TempDir
    static Path folder;

    @Test
    void redisKeepsWhatItWasTold(Cluster cluster) {
        Application.image(cluster, folder, "applications.test/redis:7", "redis-server", "redis-tools");
        cluster.apply(Application.stateful("redis", "applications.test/redis:7", 998, "exec redis-server --dir /data --appendonly yes --bind 0.0.0.0 --protected-mode no"));
        cluster.awaitRunning("redis-0");
        Application.awaitAnswer(cluster, "redis-0", "PONG", "redis-cli", "ping");
        assertThat(cluster.kubectl("exec", "redis-0", "--", "redis-cli", "set", "greeting", "hello").strip()).isEqualTo("OK");
        Application.replace(cluster, "redis-0");
        Application.awaitAnswer(cluster, "redis-0", "hello", "redis-cli", "get", "greeting");
        cluster.kubectl("delete", "statefulset/redis", "pod/redis-0", "pvc/data-redis-0", "--timeout=90s");
    }

    /// In-cluster configuration as client libraries have it: the account's token, the authority's certificate and the name `kubernetes.default.svc` are all that a pod is given.
    @Test
    void aProgramInAPodAsksTheApiOfItsOwnTenantAlone(Cluster cluster) throws IOException {
        for (String tenant : List.of("asking", "asked")) {
            cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + tenant + "}}");
            cluster.kubectlOf(tenant, "create", "rolebinding", "reads", "--clusterrole=view", "--serviceaccount=default:default").ok();
            cluster.kubectlOf(tenant, "create", "configmap", "mark", "--from-literal=of=" + tenant).ok();
        }
        byte[] pod = """
                apiVersion: v1
                kind: Pod
                metadata: {name: asks}
                spec:
                  containers: [{name: main, image: %s, command: [sleep, '100000'], volumeMounts: [{name: files, mountPath: /files}]}]
                  volumes: [{name: files, emptyDir: {}}]
                """.formatted(Cluster.SAMPLE).getBytes(StandardCharsets.UTF_8);
        asking(cluster, pod, "apply", "-f", "-");
        cluster.kubectlOf("asking", "wait", "--for=condition=Ready", "pod/asks", "--timeout=100s").ok();
        // What is loaded by hand is for pods of the operator, and registries on the host are not for tenants.
        asking(cluster, Application.files(folder, "curl", "curl"), "exec", "-i", "asks", "--", "tar", "-xz", "-C", "/files");
        String map = "/api/v1/namespaces/default/configmaps/mark";
        String own = "$(cat " + ACCOUNT + "/token)";
        assertThat(ask(cluster, own, map)).contains("\"of\": \"asking\"").endsWith(" 200");
        assertThat(ask(cluster, own, "/tenants/asking" + map)).endsWith(" 200");
        assertThat(ask(cluster, own, "/tenants/asked" + map)).matches("(?s).* 40[34]").doesNotContain("asked\":");
        assertThat(ask(cluster, own, "/api/v1/namespaces/default/secrets")).endsWith(" 403");
        String foreign = cluster.kubectlOf("asked", "create", "token", "default").ok().strip();
        assertThat(ask(cluster, foreign, map)).endsWith(" 401");
        assertThat(ask(cluster, "none", map)).endsWith(" 401");
        cluster.kubectl("delete", "tenant", "asking", "asked", "--timeout=90s");
    }

    private static void asking(Cluster cluster, byte[] input, String... command) {
        List<String> whole = Stream.concat(Stream.of("kubectl", "--kubeconfig", cluster.kubeconfigOf("asking")), Stream.of(command)).toList();
        Run.of(Duration.ofSeconds(100), cluster.environment(), input, whole).ok();
    }

    /// The answer to a GET from within the pod, then the status.
    private static String ask(Cluster cluster, String token, String path) {
        return cluster.kubectlOf("asking", "exec", "asks", "--", "sh", "-c", """
                lib=/files/lib/x86_64-linux-gnu
                $lib/ld-linux-x86-64.so.2 --library-path $lib:/files/usr/lib/x86_64-linux-gnu /files/usr/bin/curl -s -m 30 -w ' %%{http_code}' --cacert %1$s/ca.crt \
                  -H "Authorization: Bearer %2$s" https://kubernetes.default.svc%3$s""".formatted(ACCOUNT, token, path)).ok();
    }

    @Test
    void nginxIsRolledOverUnderLoadWithoutAFailedRequest(Cluster cluster) {
        Application.image(cluster, folder, "applications.test/nginx:1", "nginx");
        cluster.apply("""
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: nginx}
                data:
                  nginx.conf: |
                    daemon off;
                    user www-data;
                    error_log /dev/stderr;
                    pid /tmp/nginx.pid;
                    events {}
                    http { access_log off; server { listen 80; location / { return 200 "version $hostname\\n"; } } }
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: nginx}
                spec:
                  replicas: 2
                  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
                  selector: {matchLabels: {app: nginx}}
                  template:
                    metadata: {labels: {app: nginx}}
                    spec:
                      terminationGracePeriodSeconds: 15
                      containers:
                      - name: nginx
                        image: applications.test/nginx:1
                        command: [nginx, -c, /etc/conf/nginx.conf]
                        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
                        lifecycle: {preStop: {exec: {command: [sleep, '5']}}}
                        volumeMounts: [{name: conf, mountPath: /etc/conf}]
                      volumes: [{name: conf, configMap: {name: nginx}}]
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: nginx}
                spec: {selector: {app: nginx}, ports: [{port: 80}]}
                """);
        cluster.kubectl("rollout", "status", "deployment/nginx", "--timeout=110s");
        cluster.runShell("load", """
                ask() {
                  good=0; bad=0
                  while true; do
                    if timeout 5 wget -q -O /dev/null http://nginx.default.svc.cluster.local/; then good=$((good+1)); else bad=$((bad+1)); fi
                    echo "$good $bad" > /tmp/new.$1; mv /tmp/new.$1 /tmp/count.$1
                  done
                }
                ask 1 & ask 2 & ask 3 & ask 4 & wait""");
        cluster.awaitRunning("load");
        int before = counted(cluster, 100);
        for (int round = 1; round <= 2; round++) {
            cluster.kubectl("set", "env", "deployment/nginx", "ROUND=" + round);
            cluster.kubectl("rollout", "status", "deployment/nginx", "--timeout=110s");
        }
        counted(cluster, before + 100);
        cluster.delete("load");
        cluster.kubectl("delete", "deployment/nginx", "service/nginx", "configmap/nginx");
    }

    /// Waits for so many good requests of all clients together, among which no bad one may be.
    private static int counted(Cluster cluster, int least) {
        int[] good = {0};
        Awaitility.await().atMost(Duration.ofSeconds(90)).until(() -> {
            good[0] = cluster.kubectlRun("exec", "load", "--", "sh", "-c", "cat /tmp/count.*").out().lines().mapToInt(line -> {
                String[] count = line.split(" ");
                assertThat(count[1]).as("failed requests, beside %s good ones", count[0]).isEqualTo("0");
                return Integer.parseInt(count[0]);
            }).sum();
            return good[0] >= least;
        });
        return good[0];
    }

    @Test
    void aJobOfAHundredPodsAndOneOfEveryMinute(Cluster cluster) {
        cluster.apply("""
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: minutely}
                spec:
                  schedule: '* * * * *'
                  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: %1$s, command: [date]}]}}}}
                ---
                apiVersion: batch/v1
                kind: Job
                metadata: {name: hundred}
                spec:
                  completions: 100
                  parallelism: 10
                  completionMode: Indexed
                  template:
                    spec:
                      restartPolicy: Never
                      containers:
                      - name: main
                        image: %1$s
                        command: [sh, -c, 'echo $JOB_COMPLETION_INDEX']
                        resources: {limits: {memory: 64Mi, cpu: 500m}, requests: {cpu: 10m, memory: 16Mi}}
                """.formatted(Cluster.SAMPLE));
        Awaitility.await().atMost(Duration.ofMinutes(5)).pollInterval(Duration.ofSeconds(2)).untilAsserted(() ->
                assertThat(cluster.kubectl("get", "job", "hundred", "-o", "jsonpath={.status.succeeded}/{.status.failed}/{.status.completedIndexes}")).isEqualTo("100//0-99"));
        Awaitility.await().atMost(Duration.ofSeconds(120)).pollInterval(Duration.ofSeconds(2)).untilAsserted(() ->
                assertThat(cluster.kubectl("get", "cronjob", "minutely", "-o", "jsonpath={.status.lastSuccessfulTime}")).isNotEmpty());
        cluster.kubectl("delete", "cronjob/minutely", "job/hundred", "--timeout=90s");
    }
}
