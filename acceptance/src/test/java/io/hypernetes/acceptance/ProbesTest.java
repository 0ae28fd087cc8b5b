package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Probes by a program and by gRPC, of containers in real guests. Each container says that it is well until a file in it is made or removed.
@ExtendWith(SharedCluster.class)
class ProbesTest {

    @BeforeAll
    static void aPod(Cluster cluster, @TempDir Path folder) {
        cluster.kubectl("create", "configmap", "health", "--from-file=" + StaticProgram.of(folder, "health"));
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: probed}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: program
                    image: IMAGE
                    command: [sh, -c, 'touch /tmp/health; exec sleep 99999']
                    livenessProbe: {exec: {command: [cat, /tmp/health]}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
                  - name: served
                    image: IMAGE
                    command: [/tools/health, "9090"]
                    startupProbe: {grpc: {port: 9090}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 60}
                    readinessProbe: {grpc: {port: 9090, service: ready}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
                    livenessProbe: {grpc: {port: 9090, service: alive}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
                    volumeMounts: [{name: tools, mountPath: /tools}]
                  volumes: [{name: tools, configMap: {name: health, defaultMode: 0755}}]
                """.replace("IMAGE", Cluster.SAMPLE));
        cluster.awaitRunning("probed");
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.kubectl("delete", "pod/probed", "configmap/health", "--timeout=60s");
    }

    private static void in(Cluster cluster, String container, String script) {
        cluster.kubectl("exec", "probed", "-c", container, "--", "sh", "-c", script);
    }

    private static void await(Cluster cluster, String container, String path, String value) {
        cluster.awaitPod("probed", "{.status.containerStatuses[?(@.name==\"" + container + "\")]." + path + "}", value::equals);
    }

    private static void isTold(Cluster cluster, String container, String... events) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cluster.kubectl(
                        "get", "events", "--field-selector", "involvedObject.name=probed,involvedObject.fieldPath=spec.containers{" + container + "}",
                        "-o", "jsonpath={range .items[*]}{.type} {.reason}: {.message}{\"\\n\"}{end}"))
                .contains(events));
    }

    @Test
    void aContainerWhoseProgramFailsIsStartedAgain(Cluster cluster) {
        in(cluster, "program", "rm /tmp/health");
        await(cluster, "program", "restartCount", "1");
        cluster.awaitRunning("probed");
        isTold(cluster, "program",
                "Warning Unhealthy: Liveness probe failed: cat: can't open '/tmp/health': No such file or directory",
                "Normal Killing: Container program failed liveness probe, will be restarted");
        await(cluster, "program", "lastState.terminated.exitCode", "137");
        await(cluster, "program", "restartCount", "1");
    }

    @Test
    void aContainerThatSaysSoByGrpcIsNotReadyOrStartedAgain(Cluster cluster) {
        await(cluster, "served", "ready", "true");
        in(cluster, "served", "touch /tmp/not-ready");
        await(cluster, "served", "ready", "false");
        isTold(cluster, "served", "Warning Unhealthy: Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")");
        in(cluster, "served", "rm /tmp/not-ready");
        await(cluster, "served", "ready", "true");
        await(cluster, "served", "restartCount", "0");

        in(cluster, "served", "touch /tmp/not-alive");
        await(cluster, "served", "restartCount", "1");
        await(cluster, "served", "ready", "true");
        isTold(cluster, "served",
                "Warning Unhealthy: Liveness probe failed: service unhealthy (responded with \"NOT_SERVING\")",
                "Normal Killing: Container served failed liveness probe, will be restarted");
        await(cluster, "served", "restartCount", "1");
    }
}
