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
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Behaviours of upstream's conformance suite that need containers, by meaning; `docs/conformance.md` says which is which. Machines are dear,
/// so four pods serve all of them.
@ExtendWith(SharedCluster.class)
class ConformancePodsTest {
    private static final String MANIFEST = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c-map}
            data: {data-1: value-1, data-2: value-2}
            binaryData: {raw: /v7v}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: c-secret}
            stringData: {secret-1: hidden}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: c-other}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: c-secret, namespace: c-other}
            stringData: {secret-1: another}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c-gone}, data: {gone: "yes"}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: c-gone}, stringData: {gone: "yes"}}
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
            kind: Service
            metadata: {name: c-both}
            spec:
              selector: {app: c-web}
              ports:
              - {name: stream, port: 8080, protocol: TCP}
              - {name: datagram, port: 8080, protocol: UDP}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: c-sub}, spec: {clusterIP: None, selector: {app: c-volumes}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: c-outside}, spec: {type: ExternalName, externalName: foo.example.com}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: c-sticky}, spec: {type: NodePort, sessionAffinity: ClientIP, selector: {sticky: "yes"}, ports: [{port: 80, targetPort: 9000}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: c-apart}, spec: {ports: [{name: one, port: 80, targetPort: 8080}, {name: nine, port: 90, targetPort: 9000}]}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-web, labels: {app: c-web, sticky: "yes"}}
            spec:
              terminationGracePeriodSeconds: 1
              initContainers:
              - {name: init1, image: IMAGE, command: ["true"]}
              - {name: init2, image: IMAGE, command: ["true"]}
              containers:
              - name: web
                image: IMAGE
                command: [sh, -c]
                args: ["mkdir /one /two; echo one > /one/index.html; echo two > /two/index.html; httpd -p 8081 -h /two; mkdir /s; echo c-web > /s/index.html; httpd -p 9000 -h /s; exec httpd -f -p 8080 -h /one"]
                readinessProbe: {exec: {command: ["true"]}, initialDelaySeconds: 8, periodSeconds: 1}
                livenessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 2, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 1}
                lifecycle: {postStart: {exec: {command: [sh, -c, 'echo "$HOSTNAME" > /hooked']}}}
              - {name: datagrams, image: IMAGE, command: [/tools/udp, serve, "8080"], volumeMounts: [{name: tools, mountPath: /tools}]}
              volumes: [{name: tools, configMap: {name: c-tools, defaultMode: 0755}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-volumes, annotations: {builder: bar}, labels: {app: c-volumes}}
            spec:
              hostname: c-host
              subdomain: c-sub
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
                - {name: info-mode, mountPath: /info-mode}
                - {name: mapped, mountPath: /mapped}
                - {name: map, mountPath: /part/file, subPath: data-1}
                - {name: token, mountPath: /token}
                - {name: map, mountPath: /v/map}
                - {name: map-mode, mountPath: /v/map-mode}
                - {name: map-items, mountPath: /v/map-items}
                - {name: secret, mountPath: /v/secret}
                - {name: secret-mode, mountPath: /v/secret-mode}
                - {name: secret-items, mountPath: /v/secret-items}
                - {name: projected, mountPath: /v/projected}
                - {name: projected-info, mountPath: /v/projected-info}
                - {name: disk, mountPath: /v/disk}
                - {name: late-map, mountPath: /v/late-map}
                - {name: late-secret, mountPath: /v/late-secret}
                - {name: late, mountPath: /v/late}
                - {name: secret, mountPath: /sub/secret, subPath: secret-1}
                - {name: all, mountPath: /sub/projected, subPath: data-2}
                - {name: info, mountPath: /sub/info, subPath: podname}
                - {name: map, mountPath: /etc/group, subPath: data-2}
              - name: user
                image: IMAGE
                command: [sh, -c, 'exec sleep 99999']
                securityContext: {runAsUser: 1001, runAsGroup: 1001}
                resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 1250m, memory: 64Mi}}
                volumeMounts: *mounts
              volumes:
              - {name: map-mode, configMap: {name: c-map, defaultMode: 0400}}
              - {name: map-items, configMap: {name: c-map, items: [{key: data-2, path: path/to/data-2}, {key: data-1, path: one, mode: 0400}]}}
              - {name: secret, secret: {secretName: c-secret}}
              - {name: secret-mode, secret: {secretName: c-secret, defaultMode: 0400}}
              - {name: secret-items, secret: {secretName: c-secret, items: [{key: secret-1, path: new/path, mode: 0400}]}}
              - {name: disk, emptyDir: {}}
              - {name: info-mode, downwardAPI: {defaultMode: 0400, items: [{path: podname, fieldRef: {fieldPath: metadata.name}}]}}
              - {name: late-map, configMap: {name: c-late, optional: true}}
              - {name: late-secret, secret: {secretName: c-late, optional: true}}
              - name: late
                projected:
                  sources:
                  - configMap: {name: c-late, optional: true}
                  - secret: {name: c-late, optional: true, items: [{key: late-2, path: secret-2}]}
                  - configMap: {name: c-gone, optional: true}
                  - secret: {name: c-gone, optional: true, items: [{key: gone, path: secret-gone}]}
                  - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
              - name: projected
                projected:
                  defaultMode: 0400
                  sources:
                  - configMap: {name: c-map, items: [{key: data-1, path: path/to/one}, {key: data-2, path: two, mode: 0444}]}
                  - secret: {name: c-secret, items: [{key: secret-1, path: secret/one}]}
                  - secret: {name: c-secret, items: [{key: secret-1, path: secret/two, mode: 0444}]}
              - name: projected-info
                projected:
                  defaultMode: 0400
                  sources:
                  - downwardAPI:
                      items:
                      - {path: podname, fieldRef: {fieldPath: metadata.name}}
                      - {path: cpu-limit, mode: 0444, resourceFieldRef: {containerName: user, resource: limits.cpu, divisor: 1m}}
                      - {path: cpu-request, resourceFieldRef: {containerName: user, resource: requests.cpu, divisor: 1m}}
                      - {path: memory-limit, resourceFieldRef: {containerName: user, resource: limits.memory}}
                      - {path: memory-request, resourceFieldRef: {containerName: user, resource: requests.memory}}
                      - {path: no-cpu-limit, resourceFieldRef: {containerName: root, resource: limits.cpu}}
                      - {path: no-memory-limit, resourceFieldRef: {containerName: root, resource: limits.memory}}
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
                  - {path: user-cpu-limit, resourceFieldRef: {containerName: user, resource: limits.cpu, divisor: 1m}}
                  - {path: user-memory-limit, resourceFieldRef: {containerName: user, resource: limits.memory}}
                  - {path: user-memory-request, resourceFieldRef: {containerName: user, resource: requests.memory}}
                  - {path: memory-limit, resourceFieldRef: {containerName: root, resource: limits.memory}}
                  - {path: labels, fieldRef: {fieldPath: metadata.labels}}
                  - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
              - name: token
                projected: {sources: [{serviceAccountToken: {path: token, audience: conformance, expirationSeconds: 3600}}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-plain, labels: {app: c-plain, sticky: "yes"}}
            spec:
              terminationGracePeriodSeconds: 1
              dnsPolicy: None
              dnsConfig: {nameservers: [10.96.0.10], searches: [resolv.conf.local, default.svc.cluster.local]}
              hostAliases: [{ip: 203.0.113.7, hostnames: [alias-1, alias-2]}]
              securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}
              containers:
              - name: env
                image: IMAGE
                command: [sh, -c, "TEST_VAR=wrong echo \\"test=$(TEST_VAR)\\"; exec sleep 99999"]
                env:
                - {name: TEST_VAR, value: test-value}
                - {name: FROM_MAP, valueFrom: {configMapKeyRef: {name: c-map, key: data-1}}}
                - {name: FROM_SECRET, valueFrom: {secretKeyRef: {name: c-secret, key: secret-1}}}
                - {name: COMPOSED, value: '$(TEST_VAR);;$(FROM_MAP);;$$(TEST_VAR)'}
                - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
                - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                - {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
                - {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
                - {name: HOST_IPS, valueFrom: {fieldRef: {fieldPath: status.hostIPs}}}
                - {name: CPU_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
                - {name: CPU_REQUEST, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
                - {name: MEMORY_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
                - {name: MEMORY_REQUEST, valueFrom: {resourceFieldRef: {resource: requests.memory}}}
                - {name: NO_MEMORY_LIMIT, valueFrom: {resourceFieldRef: {containerName: user, resource: limits.memory}}}
                resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 1250m, memory: 64Mi}}
                volumeMounts: [{name: logs, mountPath: /whole}, {name: logs, mountPath: /logs, subPathExpr: $(POD_NAME)}, {name: tools, mountPath: /tools}]
                envFrom:
                - {prefix: K8S_, configMapRef: {name: c-map}}
                - {prefix: p-, secretRef: {name: c-secret}}
              - name: user
                image: IMAGE
                command: [sh, -c, 'grep NoNewPrivs /proc/self/status; exec sleep 99999']
                securityContext: {runAsUser: 1000, runAsNonRoot: true, allowPrivilegeEscalation: false}
              - {name: server, image: IMAGE, command: [sh, -c, 'mkdir /s; echo c-plain > /s/index.html; exec httpd -f -p 9000 -h /s']}
              - name: frozen
                image: IMAGE
                command: [sh, -c, 'id -u; if echo x 2>/dev/null > /tmp/file; then echo written; else echo refused; fi; exec sleep 99999']
                securityContext: {runAsUser: 65534, readOnlyRootFilesystem: true}
              - {name: as-the-image-says, image: IMAGE, stdin: true}
              - {name: other-arguments, image: IMAGE, args: [sleep, "77777"]}
              volumes: [{name: logs, emptyDir: {}}, {name: tools, configMap: {name: c-tools, defaultMode: 0755}}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: c-ends}
            spec:
              restartPolicy: Never
              securityContext: {runAsUser: 1001, runAsGroup: 2002, fsGroup: 2003}
              volumes:
              - {name: secret, secret: {secretName: c-secret, defaultMode: 0440}}
              - {name: projected, projected: {defaultMode: 0440, sources: [{secret: {name: c-secret}}]}}
              containers:
              - name: group
                image: IMAGE
                command: [sh, -c, "id -u; id -g; id -G; stat -L -c '%a %g' /s/secret-1 /p/secret-1; cat /s/secret-1 /p/secret-1"]
                volumeMounts: [{name: secret, mountPath: /s}, {name: projected, mountPath: /p}]
              - name: path
                image: IMAGE
                command: [sh, -c, 'echo -n DONE > /dev/termination-custom-log']
                terminationMessagePath: /dev/termination-custom-log
                securityContext: {runAsUser: 1000}
              - name: quiet
                image: IMAGE
                command: [sh, -c, 'echo -n DONE']
                terminationMessagePolicy: FallbackToLogsOnError
              - name: file
                image: IMAGE
                command: [sh, -c, 'echo -n OK > /dev/termination-log; echo -n DONE']
                terminationMessagePolicy: FallbackToLogsOnError
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
    static void make(Cluster cluster, @TempDir Path folder) {
        cluster.kubectl("create", "configmap", "c-tools", "--from-file=" + tool(folder, "udp"), "--from-file=" + tool(folder, "watch"));
        cluster.apply(MANIFEST);
        List.of("c-web", "c-volumes", "c-plain").forEach(cluster::awaitRunning);
    }

    private static Path tool(Path folder, String name) {
        Path program = folder.resolve(name);
        Path source = Cluster.checkout().resolve("acceptance/src/test/resources/io/hypernetes/acceptance/" + name + ".c");
        Run.of("musl-gcc", "-static", "-Os", "-s", "-o", program.toString(), source.toString()).ok();
        return program;
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.kubectl("delete", "pod/c-web", "pod/c-volumes", "pod/c-plain", "pod/c-ends", "job/c-job", "service/c-web", "service/c-sub", "service/c-outside", "service/c-sticky", "service/c-apart", "service/c-both", "configmap/c-map", "configmap/c-tools", "configmap/c-late", "secret/c-secret", "secret/c-late",
                "namespace/c-other", "--ignore-not-found", "--timeout=60s");
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
    void filesOfTheDownwardApiHaveTheModeOfAll(Cluster cluster) {
        assertThat(in(cluster, "root", "stat -L -c %a /info-mode/podname")).isEqualTo("400\n");
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

    /// Maps and Secrets that need not be there come and go as well.
    @Test
    void changesReachTheFiles(Cluster cluster) {
        assertThat(in(cluster, "root", "cat /v/late/gone /v/late/secret-gone; ls /v/late-map /v/late-secret | wc -w")).isEqualTo("yesyes2\n");
        cluster.kubectl("annotate", "pod", "c-volumes", "--overwrite", "builder=foo");
        cluster.kubectl("label", "pod", "c-volumes", "key=new");
        cluster.kubectl("patch", "configmap", "c-map", "--type=merge", "-p", "{\"data\":{\"data-3\":\"value-3\"}}");
        cluster.kubectl("create", "configmap", "c-late", "--from-literal=late-1=came");
        cluster.kubectl("create", "secret", "generic", "c-late", "--from-literal=late-2=followed");
        cluster.kubectl("delete", "configmap/c-gone", "secret/c-gone");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() -> assertThat(
                        in(cluster, "root", "cat /all/annotations /info/annotations /info/labels /v/late/labels /all/data-3; cd /v; cat late-map/* late-secret/* late/late-1 late/secret-2"))
                .containsPattern("(?s)builder=\"foo\".*builder=\"foo\".*key=\"new\".*key=\"new\".*value-3camefollowedcamefollowed"));
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() -> assertThat(in(cluster, "root", "ls /v/late")).isEqualTo("labels\nlate-1\nsecret-2\n"));
    }

    /// As programs see it that read their configuration anew: all files change at once, by one link.
    @Test
    void aProgramInsideIsToldOfChanges(Cluster cluster) {
        cluster.kubectl("exec", "c-web", "-c", "datagrams", "--", "sh", "-c", "/tools/watch /tools > /moved 2>&1 < /dev/null");
        cluster.kubectl("patch", "configmap", "c-tools", "--type=merge", "-p", "{\"data\":{\"note\":\"new\"}}");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() ->
                assertThat(cluster.kubectl("exec", "c-web", "-c", "datagrams", "--", "sh", "-c", "cat /moved /tools/note")).endsWith("..data\nnew"));
    }

    @Test
    void filesOfConfigMapsHaveTheirPathsAndModes(Cluster cluster) {
        assertThat(in(cluster, "root", "cd /v; cat map/data-1 map-mode/data-1 map-items/one map-items/path/to/data-2; echo; xxd -p map/raw; stat -L -c %a map/data-1 map-mode/data-1 map-items/one map-items/path/to/data-2 | tr '\\n' ' '; ls map-items"))
                .isEqualTo("value-1value-1value-1value-2\nfefeef\n644 400 400 644 one\npath\n");
        assertThat(in(cluster, "user", "cat /v/map/data-1 /v/map-items/path/to/data-2")).isEqualTo("value-1value-2");
    }

    @Test
    void filesOfSecretsHaveTheirPathsAndModes(Cluster cluster) {
        assertThat(in(cluster, "root", "cd /v; cat secret/secret-1 secret-mode/secret-1 secret-items/new/path; echo; stat -L -c %a secret/secret-1 secret-mode/secret-1 secret-items/new/path | tr '\\n' ' '; ls secret-items"))
                .isEqualTo("hiddenhiddenhidden\n644 400 400 new\n");
    }

    @Test
    void projectedFilesHaveTheirPathsAndModes(Cluster cluster) {
        assertThat(in(cluster, "root", "cd /v/projected; cat path/to/one two secret/one secret/two; echo; stat -L -c %a path/to/one two secret/one secret/two | tr '\\n' ' '"))
                .isEqualTo("value-1value-2hiddenhidden\n400 444 400 444 ");
        assertThat(in(cluster, "user", "cat /v/projected/two /v/projected/secret/two; cat /v/projected/secret/one 2>/dev/null || echo refused")).isEqualTo("value-2hiddenrefused\n");
    }

    @Test
    void whatThePodIsIsReadAsFiles(Cluster cluster) {
        String node = pod(cluster, "c-volumes", "{.spec.nodeName}");
        String memory = cluster.kubectl("get", "node", node, "-o", "jsonpath={.status.allocatable.memory}");
        long bytes = memory.endsWith("Ki") ? Long.parseLong(memory.replace("Ki", "")) << 10 : Long.parseLong(memory);
        assertThat(in(cluster, "root", "cd /v/projected-info; for f in podname cpu-limit cpu-request memory-limit memory-request no-memory-limit; do cat $f; echo -n ' '; done; stat -L -c %a podname cpu-limit | tr '\\n' ' '"))
                .isEqualTo("c-volumes 1250 250 67108864 33554432 " + bytes + " 400 444 ");
        assertThat(in(cluster, "root", "cat /v/projected-info/no-cpu-limit")).isEqualTo(in(cluster, "root", "cat /info/cpu-limit"));
        assertThat(in(cluster, "root", "cd /info; for f in user-cpu-limit user-memory-limit user-memory-request memory-limit; do cat $f; echo -n ' '; done")).isEqualTo("1250 67108864 33554432 " + bytes + " ");
    }

    @Test
    void filesOnTheScratchDiskHaveTheModesTheyAreGiven(Cluster cluster) {
        for (String user : List.of("root", "user")) {
            assertThat(in(cluster, user, "stat -c %a /v/disk; for m in 644 666 777; do for d in /v/disk /memory; do f=$d/$(id -u)-$m; echo $m > $f; chmod $m $f; stat -c '%a %u' $f; cat $f; done; done"))
                    .isEqualTo("777\n" + List.of("644", "666", "777").stream().map(mode -> (mode + " " + (user.equals("root") ? 0 : 1001) + "\n" + mode + "\n").repeat(2)).collect(java.util.stream.Collectors.joining()));
        }
    }

    @Test
    void partsOfVolumesAreMounted(Cluster cluster) {
        assertThat(in(cluster, "root", "cat /sub/secret /sub/projected /sub/info /etc/group")).isEqualTo("hiddenvalue-2c-volumesvalue-2");
    }

    @Test
    void aVolumesPartIsNamedByVariables(Cluster cluster) {
        assertThat(plain(cluster, "echo line > /logs/a; cat /whole/c-plain/a")).isEqualTo("line\n");
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
    void variablesTellWhatIsKnownOfThePod(Cluster cluster) {
        assertThat(cluster.kubectl("exec", "c-plain", "-c", "env", "--", "env").lines()).contains(
                "FROM_MAP=value-1", "FROM_SECRET=hidden", "COMPOSED=test-value;;value-1;;$(TEST_VAR)", "POD_NAME=c-plain", "POD_NAMESPACE=default",
                "POD_IP=" + pod(cluster, "c-plain", "{.status.podIP}"), "POD_UID=" + pod(cluster, "c-plain", "{.metadata.uid}"),
                "HOST_IP=" + pod(cluster, "c-plain", "{.status.hostIP}"), "HOST_IPS=" + pod(cluster, "c-plain", "{.status.hostIPs[0].ip}"),
                "CPU_LIMIT=2", "CPU_REQUEST=250", "MEMORY_LIMIT=67108864", "MEMORY_REQUEST=33554432",
                "C_WEB_SERVICE_HOST=" + cluster.kubectl("get", "service", "c-web", "-o", "jsonpath={.spec.clusterIP}"), "C_WEB_SERVICE_PORT=80", "C_WEB_SERVICE_PORT_TWO=81");
        assertThat(plain(cluster, "echo $NO_MEMORY_LIMIT")).matches("\\d{9,}\n");
    }

    @Test
    void messagesOfTheEndAreTold(Cluster cluster) {
        cluster.awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(pod(cluster, "c-ends", "{range .status.containerStatuses[*]}{.name}={.state.terminated.message} {.state.terminated.exitCode} {.state.terminated.reason}\n{end}").lines())
                .containsExactlyInAnyOrder("group= 0 Completed", "path=DONE 0 Completed", "quiet= 0 Completed", "file=OK 0 Completed");
    }

    @Test
    void whoHasEndedIsNotDebugged(Cluster cluster) {
        cluster.awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(cluster.kubectlRun("debug", "c-ends", "--image=" + Cluster.SAMPLE, "-c", "late", "--attach=false", "--", "true").err())
                .contains("the pod has ended (phase Succeeded) and starts no container any more; use a copy of it (kubectl debug --copy-to)");
        assertThat(pod(cluster, "c-ends", "{.spec.ephemeralContainers}")).isEmpty();
    }

    /// Upstream's number of changes.
    @Test
    void theNodeCatchesUpWithFiveHundredChanges(Cluster cluster) throws IOException {
        long before = Long.parseLong(pod(cluster, "c-volumes", "{.metadata.generation}"));
        try (KubernetesClient api = new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(Files.readString(Path.of(cluster.environment().get("KUBECONFIG"))))).build()) {
            for (int i = 0; i < 500; i++) {
                api.pods().inNamespace("default").withName("c-volumes").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"activeDeadlineSeconds\":" + (100_000 - i) + "}}");
            }
        }
        assertThat(pod(cluster, "c-volumes", "{.metadata.generation}")).isEqualTo(String.valueOf(before + 500));
        cluster.awaitPod("c-volumes", "{.status.observedGeneration}", String.valueOf(before + 500)::equals);
        assertThat(pod(cluster, "c-volumes", "{.status.phase} {.status.containerStatuses[*].restartCount}")).isEqualTo("Running 0 0");
    }

    @Test
    void usersAndGroupsAreThoseAskedFor(Cluster cluster) {
        assertThat(in(cluster, "user", "id -u; id -g")).isEqualTo("1001\n1001\n");
        assertThat(in(cluster, "root", "id -u; touch /writable; grep CapEff /proc/self/status")).matches("0\nCapEff:\\s+00000000[0-9a-f]{8}\n");
    }

    @Test
    void aPodsUserAndGroupsAreItsContainersAndItsFiles(Cluster cluster) {
        cluster.awaitPod("c-ends", "{.status.phase}", "Succeeded"::equals);
        assertThat(cluster.kubectl("logs", "c-ends", "-c", "group")).isEqualTo("1001\n2002\n2002 2003\n440 2003\n440 2003\nhiddenhidden");
    }

    @Test
    void aRootOfAContainerMayBeReadOnly(Cluster cluster) {
        assertThat(cluster.kubectl("logs", "c-plain", "-c", "frozen")).isEqualTo("65534\nrefused\n");
    }

    @Test
    void withoutACommandTheImageSaysWhatRuns(Cluster cluster) {
        assertThat(running(cluster, "as-the-image-says")).isEqualTo("sh ");
        assertThat(running(cluster, "other-arguments")).isEqualTo("sleep 77777 ");
    }

    private static String running(Cluster cluster, String container) {
        return cluster.kubectl("exec", "c-plain", "-c", container, "--", "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline");
    }

    @Test
    void theHookOfTheStartHasRun(Cluster cluster) {
        assertThat(cluster.kubectl("exec", "c-web", "-c", "web", "--", "cat", "/hooked")).isEqualTo("c-web\n");
    }

    @Test
    void theHostsFileKnowsThePod(Cluster cluster) {
        assertThat(plain(cluster, "cat /etc/hosts")).contains("127.0.0.1\tlocalhost").containsPattern(pod(cluster, "c-plain", "{.status.podIP}").replace(".", "\\.") + "\\s+c-plain");
    }

    @Test
    void theHostsFileHasTheAliasesOfThePod(Cluster cluster) {
        assertThat(plain(cluster, "cat /etc/hosts")).contains("203.0.113.7\talias-1\talias-2\n");
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
        // The probe asked from the second second on, once a second; the pod became ready after eight. It waits ten seconds, as a machine beside others may be slow.
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
    void podsSendEachOtherDatagrams(Cluster cluster) {
        assertThat(plain(cluster, "/tools/udp ask " + pod(cluster, "c-web", "{.status.podIP}") + " 8080")).isEqualTo("c-web\n");
    }

    @Test
    void onePortServesStreamsAndDatagrams(Cluster cluster) {
        assertThat(cluster.kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=c-both", "-o", "jsonpath={range .items[*].ports[*]}{.name}:{.port}/{.protocol} {end}").trim().split(" "))
                .containsExactlyInAnyOrder("stream:8080/TCP", "datagram:8080/UDP");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(plain(cluster, "timeout 5 wget -q -O - http://c-both:8080/; /tools/udp ask $C_BOTH_SERVICE_HOST 8080")).isEqualTo("one\nc-web\n"));
        // Without the one the other goes on.
        cluster.kubectl("patch", "service", "c-both", "--type=json", "-p", "[{\"op\":\"remove\",\"path\":\"/spec/ports/0\"}]");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(plain(cluster, "timeout 2 wget -q -O - http://c-both:8080/ 2>/dev/null || echo refused; /tools/udp ask $C_BOTH_SERVICE_HOST 8080")).isEqualTo("refused\nc-web\n"));
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

    @Test
    void podsAndServicesHaveNames(Cluster cluster) {
        String address = pod(cluster, "c-volumes", "{.status.podIP}");
        assertThat(plain(cluster, "nslookup c-host.c-sub.default.svc.cluster.local")).as("a pod by its hostname").contains("Address: " + address);
        assertThat(plain(cluster, "nslookup c-sub.default.svc.cluster.local")).as("a service without an address").contains("Address: " + address);
        assertThat(in(cluster, "root", "hostname; grep -w " + address + " /etc/hosts")).isEqualTo("c-host\n" + address + "\tc-host.c-sub.default.svc.cluster.local\tc-host\n");
        assertThat(plain(cluster, "nslookup -type=cname c-outside.default.svc.cluster.local")).contains("canonical name = foo.example.com");
        assertThat(plain(cluster, "nslookup kubernetes.default.svc.cluster.local")).contains("Address: 10.96.0.1\n");
    }

    /// Who answers to so many requests, in this order.
    private static String answers(Cluster cluster, String address) {
        return in(cluster, "root", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do timeout 5 wget -q -O - http://" + address + "/; done");
    }

    @Test
    void aServiceMayStayWithWhomItChose(Cluster cluster) {
        String port = cluster.kubectl("get", "service", "c-sticky", "-o", "jsonpath={.spec.ports[0].nodePort}");
        String gateway = pod(cluster, "c-volumes", "{.status.podIP}").replaceFirst("\\d+$", "1");
        String node = pod(cluster, "c-volumes", "{.status.hostIP}");
        for (String affinity : List.of("ClientIP", "None", "ClientIP")) {
            cluster.kubectl("patch", "service", "c-sticky", "-p", "{\"spec\":{\"sessionAffinity\":\"" + affinity + "\"}}");
            for (String address : List.of("c-sticky", gateway + ":" + port)) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> assertThat(answers(cluster, address).lines().toList())
                        .as(affinity + " " + address).hasSize(12).satisfies(names -> assertThat(names.stream().distinct()).hasSize(affinity.equals("None") ? 2 : 1)));
            }
        }
        Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptionsInstanceOf(java.io.IOException.class).untilAsserted(() -> {
            try (var answer = java.net.URI.create("http://" + node + ":" + port + "/").toURL().openStream()) {
                assertThat(new String(answer.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)).as("from the node itself").matches("c-(web|plain)\n");
            }
        });
    }

    @Test
    void slicesByHandAreServedTogether(Cluster cluster) {
        String slice = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: c-apart-%s, labels: {kubernetes.io/service-name: c-apart}}, addressType: IPv4, ports: [%s], endpoints: [{addresses: [%s]}]}\n---\n";
        String web = pod(cluster, "c-web", "{.status.podIP}");
        cluster.apply(slice.formatted("a", "{name: one, port: 8080}", web) + slice.formatted("b", "{name: nine, port: 9000}", web) + slice.formatted("c", "{name: nine, port: 9000}", pod(cluster, "c-plain", "{.status.podIP}")));
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> {
            assertThat(answers(cluster, "c-apart:80").lines().distinct()).containsExactly("one");
            assertThat(answers(cluster, "c-apart:90").lines().distinct()).containsExactlyInAnyOrder("c-web", "c-plain");
        });
    }
}
