package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Programs that people run, in images made of Debian's packages. Minutes, so with a command of its own: `integration/applications/test`.
@ExtendWith(SharedCluster.class)
@EnabledIfSystemProperty(named = "applications", matches = "true")
class ApplicationsTest {
    @TempDir
    static Path folder;

    private static void image(Cluster cluster, String name, String... packages) {
        Path archive = folder.resolve(name.replace('/', '-').replace(':', '-') + ".tar");
        List<String> command = Stream.concat(
                Stream.of(Cluster.checkout().resolve("integration/applications/image").toString(), name, archive.toString()), Stream.of(packages)).toList();
        System.out.println(Run.of(Duration.ofMinutes(3), Map.of("HOME", "/root", "PATH", System.getenv("PATH")), new byte[0], command).ok());
        assertThat(cluster.hypernetes("image", "load", archive.toString()).ok()).contains(name);
    }

    /// A StatefulSet of one pod with a disk at `/data`.
    private static String stateful(String name, String image, int user, String script) {
        return """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: %1$s}
                spec:
                  serviceName: %1$s
                  selector: {matchLabels: {app: %1$s}}
                  template:
                    metadata: {labels: {app: %1$s}}
                    spec:
                      securityContext: {runAsUser: %3$d, runAsGroup: %3$d, fsGroup: %3$d}
                      containers:
                      - name: main
                        image: %2$s
                        command: [sh, -c]
                        args:
                        - |
                %4$s
                        volumeMounts: [{name: data, mountPath: /data}]
                  volumeClaimTemplates:
                  - metadata: {name: data}
                    spec:
                      accessModes: [ReadWriteOnce]
                      resources: {requests: {storage: 1Gi}}
                """.formatted(name, image, user, script.indent(10));
    }

    private static void awaitAnswer(Cluster cluster, String pod, String wanted, String... command) {
        String[] exec = Stream.concat(Stream.of("exec", pod, "--"), Stream.of(command)).toArray(String[]::new);
        Awaitility.await().atMost(Duration.ofSeconds(120)).pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(cluster.kubectlRun(exec).out().strip()).isEqualTo(wanted));
    }

    private static void replace(Cluster cluster, String pod) {
        String before = cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
        cluster.kubectl("delete", "pod", pod, "--wait=true", "--timeout=90s");
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
            Run found = cluster.kubectlRun("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
            return found.exitCode() == 0 && !found.out().equals(before);
        });
        cluster.awaitRunning(pod);
    }

    @Test
    void redisKeepsWhatItWasTold(Cluster cluster) {
        image(cluster, "applications.test/redis:7", "redis-server", "redis-tools");
        cluster.apply(stateful("redis", "applications.test/redis:7", 998, "exec redis-server --dir /data --appendonly yes --bind 0.0.0.0 --protected-mode no"));
        cluster.awaitRunning("redis-0");
        awaitAnswer(cluster, "redis-0", "PONG", "redis-cli", "ping");
        assertThat(cluster.kubectl("exec", "redis-0", "--", "redis-cli", "set", "greeting", "hello").strip()).isEqualTo("OK");
        replace(cluster, "redis-0");
        awaitAnswer(cluster, "redis-0", "hello", "redis-cli", "get", "greeting");
        cluster.kubectl("delete", "statefulset/redis", "pod/redis-0", "pvc/data-redis-0", "--timeout=90s");
    }

    @Test
    void postgresKeepsItsTablesAlsoWhenTheClusterGoesDown(Cluster cluster) throws IOException {
        image(cluster, "applications.test/postgres:15", "postgresql-15", "postgresql-client-15", "tzdata");
        cluster.apply(stateful("postgres", "applications.test/postgres:15", 999, """
                export PATH=/usr/lib/postgresql/15/bin:$PATH LC_ALL=C
                [ -s /data/pg/PG_VERSION ] || initdb -D /data/pg -A trust --no-locale -E UTF8
                chmod 700 /data/pg
                exec postgres -D /data/pg -k /tmp -c listen_addresses='*'"""));
        cluster.awaitRunning("postgres-0");
        String[] psql = {"/usr/lib/postgresql/15/bin/psql", "-h", "/tmp", "-U", "postgres", "-At", "-c"};
        awaitAnswer(cluster, "postgres-0", "1", Stream.concat(Stream.of(psql), Stream.of("select 1")).toArray(String[]::new));
        cluster.kubectl(Stream.concat(Stream.concat(Stream.of("exec", "postgres-0", "--"), Stream.of(psql)),
                Stream.of("create table numbers as select generate_series(1, 10000) as n")).toArray(String[]::new));
        replace(cluster, "postgres-0");
        String[] sum = Stream.concat(Stream.of(psql), Stream.of("select sum(n) from numbers")).toArray(String[]::new);
        awaitAnswer(cluster, "postgres-0", "50005000", sum);

        cluster.hypernetes("down").ok();
        cluster.up().ok();
        cluster.awaitRunning("postgres-0");
        awaitAnswer(cluster, "postgres-0", "50005000", sum);
        cluster.kubectl("delete", "statefulset/postgres", "pod/postgres-0", "pvc/data-postgres-0", "--timeout=90s");
    }

    @Test
    void nginxIsRolledOverUnderLoadWithoutAFailedRequest(Cluster cluster) {
        image(cluster, "applications.test/nginx:1", "nginx");
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
                good=0; bad=0
                while true; do
                  if timeout 5 wget -q -O /dev/null http://nginx.default.svc.cluster.local/; then good=$((good+1)); else bad=$((bad+1)); fi
                  echo "$good $bad" > /tmp/count.new; mv /tmp/count.new /tmp/count
                done""");
        cluster.awaitRunning("load");
        int before = counted(cluster, 50);
        for (int round = 1; round <= 2; round++) {
            cluster.kubectl("set", "env", "deployment/nginx", "ROUND=" + round);
            cluster.kubectl("rollout", "status", "deployment/nginx", "--timeout=110s");
        }
        counted(cluster, before + 50);
        cluster.delete("load");
        cluster.kubectl("delete", "deployment/nginx", "service/nginx", "configmap/nginx");
    }

    /// Waits for so many good requests, among which no bad one may be.
    private static int counted(Cluster cluster, int least) {
        int[] good = {0};
        Awaitility.await().atMost(Duration.ofSeconds(90)).until(() -> {
            String[] count = cluster.kubectlRun("exec", "load", "--", "cat", "/tmp/count").out().strip().split(" ");
            if (count.length == 2) {
                assertThat(count[1]).as("failed requests, of " + count[0]).isEqualTo("0");
                good[0] = Integer.parseInt(count[0]);
            }
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
