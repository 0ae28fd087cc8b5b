package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What pods may ask for, and what happens to those that cannot be had.
@ExtendWith(SharedCluster.class)
class WorkloadTest {

    @Test
    void twoContainersShareAnEmptyDirAndSeeTheirVolumes(Cluster cluster) {
        cluster.kubectl("apply", "-f", Cluster.checkout().resolve("examples/volumes.yaml").toString());
        cluster.awaitRunning("volumes");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                () -> assertThat(cluster.kubectl("logs", "volumes", "-c", "reader")).contains("good morning", "13"));

        cluster.kubectl("patch", "configmap", "greeting", "--type=merge", "-p", "{\"data\":{\"text\":\"good night\"}}");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(
                () -> assertThat(cluster.kubectl("exec", "volumes", "-c", "writer", "--", "cat", "/etc/greeting/text")).isEqualTo("good night"));
        assertThat(cluster.kubectl("exec", "volumes", "-c", "writer", "--", "readlink", "/etc/greeting/text")).isEqualTo("..data/text\n");
        cluster.delete("volumes");
        cluster.kubectl("delete", "configmap/greeting", "secret/password");
    }

    @Test
    void aStatefulSetFindsItsDiskAgain(Cluster cluster) {
        cluster.kubectl("apply", "-f", Cluster.checkout().resolve("examples/statefulset.yaml").toString());
        cluster.awaitRunning("counter-0");
        assertThat(cluster.kubectl("get", "pvc", "data-counter-0", "--no-headers")).containsPattern("Bound +pvc-[0-9a-f-]+ +1Gi +RWO +local");
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(
                () -> assertThat(cluster.kubectl("exec", "counter-0", "--", "cat", "/data/starts")).isEqualTo("1\n"));
        assertThat(cluster.kubectl("exec", "counter-0", "--", "stat", "-c", "%u:%g %a", "/data", "/data/starts")).isEqualTo("0:2000 2775\n1000:2000 644\n");
        assertThat(cluster.kubectl("describe", "pod", "counter-0")).contains("SuccessfulAttachVolume", "it has volumes, whose disks no template has");

        // A second pod cannot have the disk at the same time; it gets it when the first one has gone.
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: heir}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %s
                    command: [sleep, '100000']
                    volumeMounts: [{name: data, mountPath: /old, readOnly: true}]
                  volumes:
                  - name: data
                    persistentVolumeClaim: {claimName: data-counter-0}
                """.formatted(Cluster.SAMPLE));
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl("describe", "pod", "heir"))
                .containsPattern("Multi-Attach error for volume \"pvc-[0-9a-f-]+\" Volume is already used by pod\\(s\\) counter-0"));
        cluster.kubectl("scale", "statefulset", "counter", "--replicas=0");
        cluster.awaitRunning("heir");
        assertThat(cluster.kubectl("exec", "heir", "--", "cat", "/old/starts")).isEqualTo("1\n");
        cluster.delete("heir");

        // It grows while nobody has it, and is larger when the pod comes again.
        cluster.kubectl("patch", "pvc", "data-counter-0", "-p", "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}");
        cluster.kubectl("scale", "statefulset", "counter", "--replicas=1");
        cluster.awaitRunning("counter-0");
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(
                () -> assertThat(cluster.kubectl("exec", "counter-0", "--", "cat", "/data/starts")).isEqualTo("2\n"));
        assertThat(Long.parseLong(cluster.kubectl("exec", "counter-0", "--", "sh", "-c", "df -m /data | tail -1 | awk '{print $2}'").strip())).isBetween(1800L, 2048L);
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                () -> assertThat(cluster.kubectl("get", "pvc", "data-counter-0", "-o", "jsonpath={.status.capacity.storage} {.status.conditions}")).isEqualTo("2Gi "));
        cluster.kubectl("delete", "statefulset/counter", "pod/counter-0", "--wait=true");
        String volume = cluster.kubectl("get", "pvc", "data-counter-0", "-o", "jsonpath={.spec.volumeName}");
        assertThat(cluster.root.resolve("lib/node/kubelet/volumes/root/" + volume + ".disk")).exists();
        cluster.kubectl("delete", "pvc", "data-counter-0", "--wait=true", "--timeout=60s");
        cluster.kubectl("wait", "--for=delete", "pv/" + volume, "--timeout=60s");
        assertThat(cluster.root.resolve("lib/node/kubelet/volumes/root/" + volume + ".disk")).doesNotExist();
    }

    @Test
    void environmentCommandAndArguments(Cluster cluster) {
        cluster.apply("""
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: colours}
                data: {sky: blue}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: env}
                spec:
                  restartPolicy: Never
                  containers:
                  - name: main
                    image: %s
                    command: [sh, -c, 'echo "$GREETING|$SKY|$ME|$0|$1"', $(GREETING)]
                    args: ['second arg']
                    env:
                    - {name: GREETING, value: hi there}
                    - {name: SKY, valueFrom: {configMapKeyRef: {name: colours, key: sky}}}
                    - {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                """.formatted(Cluster.SAMPLE));
        cluster.awaitPod("env", "{.status.phase}", "Succeeded"::equals);
        assertThat(cluster.kubectl("logs", "env")).isEqualTo("hi there|blue|env|hi there|second arg\n");
        cluster.delete("env");
        cluster.kubectl("delete", "configmap", "colours");
    }

    @Test
    void aCrashLoopBacksOff(Cluster cluster) {
        cluster.apply(Cluster.shellPod("crashes", "echo attempt; exit 1", "Always"));
        cluster.awaitPod("crashes", "{.status.containerStatuses[0].state.waiting.reason}", "CrashLoopBackOff"::equals);
        cluster.awaitPod("crashes", "{.status.containerStatuses[0].restartCount}", count -> count.matches("[1-9]"));
        assertThat(cluster.kubectl("get", "pod", "crashes", "-o", "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}")).isEqualTo("1");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl("describe", "pod", "crashes"))
                .contains("Back-off restarting failed container main"));
        assertThat(cluster.kubectl("logs", "crashes", "--previous")).isEqualTo("attempt\n");
        cluster.delete("crashes");
    }

    @Test
    void aPodLargerThanTheNodeStaysPendingWithTheReason(Cluster cluster) {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: huge}
                spec:
                  containers:
                  - name: main
                    image: %s
                    resources: {requests: {memory: 9Ti}}
                """.formatted(Cluster.SAMPLE));
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl("describe", "pod", "huge"))
                .contains("FailedScheduling", "0/1 nodes are available: 1 Insufficient memory."));
        assertThat(cluster.kubectl("get", "pod", "huge", "--no-headers")).contains("Pending");
        cluster.delete("huge");
    }

    @Test
    void whatNeedsTheHostIsRefusedWithAReason(Cluster cluster) {
        Run refused = Run.of(Duration.ofMinutes(1), cluster.environment(), """
                apiVersion: v1
                kind: Pod
                metadata: {name: nosy}
                spec:
                  hostNetwork: true
                  containers: [{name: main, image: x}]
                """.getBytes(java.nio.charset.StandardCharsets.UTF_8), cluster.kubectlCommand("apply", "-f", "-"));
        assertThat(refused.exitCode()).isNotZero();
        assertThat(refused.err()).contains("spec.hostNetwork").contains("virtual machine");
    }

    /// A chart is installed whole, and tells where its pods are missing.
    @Test
    void whatMakesPodsThatNeedTheHostIsTakenAndTellsWhyThereAreNone(Cluster cluster) {
        Run taken = Run.of(Duration.ofMinutes(1), cluster.environment(), """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: exporter}
                spec:
                  selector: {matchLabels: {app: exporter}}
                  template:
                    metadata: {labels: {app: exporter}}
                    spec:
                      hostNetwork: true
                      containers: [{name: main, image: x}]
                """.getBytes(java.nio.charset.StandardCharsets.UTF_8), cluster.kubectlCommand("apply", "-f", "-"));
        assertThat(taken.exitCode()).isZero();
        assertThat(taken.err()).contains("Warning: no pod will be made of this template: spec.template.spec.hostNetwork: Forbidden: every pod is a virtual machine");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl("describe", "daemonset", "exporter"))
                .containsPattern("Warning +FailedCreate .*Error creating: Pod \"exporter-\\S+\" is invalid: spec.hostNetwork: Forbidden: every pod is a virtual machine"));
        cluster.kubectl("delete", "daemonset", "exporter");
    }
}
