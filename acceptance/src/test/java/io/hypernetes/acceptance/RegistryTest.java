package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.PseudoTerminal;
import io.hypernetes.linux.Spawn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Images from a real registry and from files.
@ExtendWith(SharedCluster.class)
class RegistryTest {
    private static final String BASE = """
            mkdir -p bin etc home/app srv tmp
            cp "$(command -v busybox)" bin/busybox
            for name in sh ls cat id pwd echo sleep stat; do ln -s busybox bin/$name; done
            printf 'root:x:0:0::/:/bin/sh\\napp:x:1234:2345::/home/app:/bin/sh\\n' > etc/passwd
            printf 'root:x:0:\\napps:x:2345:\\nextra:x:3456:app\\n' > etc/group
            echo lower > srv/kept; echo doomed > srv/gone
            mkdir -p srv/folder; echo old > srv/folder/old
            """;
    private static final String UPPER = """
            mkdir -p srv/folder bin
            touch srv/.wh.gone srv/folder/.wh..wh..opq
            echo new > srv/folder/new
            printf '#!/bin/sh\\necho "entry: $* in $(pwd) as $(id -u):$(id -g) groups $(id -G), COLOUR=$COLOUR"\\nls /srv /srv/folder\\nsleep 10000\\n' > bin/entry
            chmod 755 bin/entry
            """;
    private static final String CONFIG = """
            {"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin","COLOUR=green"],"Entrypoint":["/bin/entry"],"Cmd":["default","args"]}""";

    @TempDir
    static Path folder;

    private static Registry registry;
    private static String digest;

    @BeforeAll
    static void fill() throws Exception {
        registry = new Registry(folder);
        digest = registry.push("team/app:v1", List.of(BASE, UPPER, "echo third > top"), CONFIG);
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @Test
    void anImageOfSeveralLayersByTagAndByDigest(Cluster cluster) {
        run(cluster, "bytag", registry.reference("team/app:v1"));
        String log = cluster.kubectl("logs", "bytag");
        assertThat(log).contains("entry: default args in /home/app as 1234:2345 groups 2345 3456, COLOUR=green");
        assertThat(log.lines()).contains("kept", "new").doesNotContain("gone", "old");
        assertThat(cluster.kubectl("exec", "bytag", "--", "cat", "/top")).isEqualTo("third\n");
        assertThat(cluster.kubectl("get", "pod", "bytag", "-o", "jsonpath={.status.containerStatuses[0].imageID}")).contains(digest);
        cluster.delete("bytag");

        run(cluster, "bydigest", registry.reference("team/app@" + digest));
        cluster.delete("bydigest");
    }

    /// One that anybody may pull; each of its pods answers for itself.
    @Test
    void setsServeAnImageOfARegistryOnEachReplica(Cluster cluster) {
        String template = """
                template: {metadata: {labels: {app: APP}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: IMAGE,                 command: [sh, -c, 'echo "$HOSTNAME" > /home/app/name; exec busybox httpd -f -p 9376 -h /home/app'], securityContext: {runAsUser: 0}}]}}
                """.replace("IMAGE", registry.reference("team/app:v1"));
        cluster.apply("{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: served-set}, spec: {replicas: 2, selector: {matchLabels: {app: served-set}}, " + template.replace("APP", "served-set") + "}}"
                + "\n---\n{apiVersion: v1, kind: ReplicationController, metadata: {name: served-old}, spec: {replicas: 1, selector: {app: served-old}, " + template.replace("APP", "served-old") + "}}");
        for (String each : List.of("served-set", "served-old")) {
            Awaitility.await().atMost(Duration.ofSeconds(110)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> {
                List<String> pods = cluster.kubectl("get", "pods", "-l", "app=" + each, "-o", "jsonpath={range .items[?(@.status.phase==\"Running\")]}{.metadata.name}\n{end}").lines().toList();
                assertThat(pods).hasSize(each.equals("served-set") ? 2 : 1).allSatisfy(
                        pod -> assertThat(cluster.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/" + pod + ":9376/proxy/name")).isEqualTo(pod + "\n"));
            });
        }
        cluster.kubectl("delete", "replicaset/served-set", "replicationcontroller/served-old", "--wait=false");
    }

    private static void run(Cluster cluster, String pod, String image) {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: '%s'}]
                """.formatted(pod, image));
        cluster.awaitRunning(pod);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> cluster.kubectl("logs", pod).contains("entry:"));
    }

    @Test
    void anImageThatDoesNotExistBacksOffWithTheRegistrysReason(Cluster cluster) {
        cluster.kubectl("run", "absent", "--image=" + registry.reference("team/app:v9"));
        cluster.awaitPod("absent", "{.status.containerStatuses[0].state.waiting.reason}", "ImagePullBackOff"::equals);
        assertThat(cluster.kubectl("describe", "pod", "absent")).containsPattern("manifest unknown|MANIFEST_UNKNOWN").contains("ErrImagePull");
        cluster.delete("absent");
    }

    @Test
    void imagesFromFiles(Cluster cluster) throws Exception {
        Path layout = OciLayout.write(folder.resolve("fromfile"), List.of(BASE, UPPER), CONFIG);
        Path oci = folder.resolve("oci.tar");
        Path archive = folder.resolve("docker.tar");
        Run.of("skopeo", "--insecure-policy", "copy", "oci:" + layout + ":image", "oci-archive:" + oci + ":files.test/app:oci").ok();
        Run.of("skopeo", "--insecure-policy", "copy", "oci:" + layout + ":image", "docker-archive:" + archive + ":files.test/app:docker").ok();
        assertThat(Files.size(archive)).isPositive();
        assertThat(cluster.hypernetes("image", "load", oci.toString()).ok()).contains("files.test/app:oci");
        assertThat(cluster.hypernetes("image", "load", archive.toString()).ok()).contains("files.test/app:docker");
        assertThat(cluster.hypernetes("image", "list").ok()).contains("files.test/app:oci", "files.test/app:docker");
        run(cluster, "fromfile", "files.test/app:docker");
        cluster.delete("fromfile");
    }

    @Test
    void theStockDockerClientLoadsImagesToo(Cluster cluster) throws Exception {
        Path layout = OciLayout.write(folder.resolve("viadocker"), List.of(BASE), CONFIG);
        Path archive = folder.resolve("viadocker.tar");
        Run.of("skopeo", "--insecure-policy", "copy", "oci:" + layout + ":image", "docker-archive:" + archive + ":files.test/viadocker:1").ok();
        String host = "unix://" + cluster.root.resolve("run/docker.sock");
        assertThat(Run.of("docker", "-H", host, "load", "-i", archive.toString()).ok()).contains("files.test/viadocker:1");
        assertThat(Run.of("docker", "-H", host, "images").ok()).contains("files.test/viadocker");
    }

    /// What a layer can hold, as a container finds it.
    @Test
    void aLayerOfOddFilesIsInTheGuestAsItWasMade(Cluster cluster) throws Exception {
        registry.push("team/odd:1", List.of(BASE, """
                mkdir odd; cd odd
                echo content > plain; ln plain twin; ln -s plain link; ln -s loop loop
                mkfifo pipe; mknod null c 1 3
                long=$(printf 'n%.0s' $(seq 1 200)); mkdir -p $long/$long; echo deep > $long/$long/$long
                touch "$(printf 'new\\nline')" "$(printf 'umlaut\\303\\244')" "$(printf 'bytes\\377\\001')"
                truncate -s 1M holes; printf x | dd of=holes bs=1 seek=524288 conv=notrunc status=none
                echo > special; chmod 6751 special; mkdir sticky; chmod 1777 sticky; : > none; chmod 0 none
                """), "{\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"sh\"]}");
        String host = "unix://" + cluster.root.resolve("run/docker.sock");
        String said = Run.of("docker", "-H", host, "run", "--rm", registry.reference("team/odd:1"), "sh", "-c", """
                cd /odd; stat -c '%h' plain; [ plain -ef twin ] && cat link
                stat -c '%F %n' pipe null link loop; stat -c '%a %n' special sticky none
                cat n*/n*/n*; for name in new* umlaut* bytes*; do [ -e "$name" ] && echo "$name" | busybox wc -c; done
                stat -c '%s' holes; busybox dd if=holes bs=1 skip=524288 count=1 2>/dev/null; busybox sha256sum holes
                """).ok();
        byte[] holes = new byte[1 << 20];
        holes[1 << 19] = 'x';
        String digest = java.util.HexFormat.of().formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(holes));
        assertThat(said).isEqualTo("2\ncontent\nfifo pipe\ncharacter special file null\nsymbolic link link\nsymbolic link loop\n6751 special\n1777 sticky\n0 none\n"
                + "deep\n9\n9\n8\n1048576\nx" + digest + "  holes\n");
    }

    @Test
    void theStockDockerClientShowsTheProgressOfEachLayer(Cluster cluster) throws Exception {
        registry.push("team/big:1", List.of(BASE, "mkdir srv; head -c 40000000 /dev/urandom > srv/random"), CONFIG);
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.put("TERM", "xterm");
        environment.put("HOME", cluster.root.toString());
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            terminal.resize(50, 160);
            HostProcess docker = terminal.start(Spawn.of(List.of(
                    "docker", "-H", "unix://" + cluster.root.resolve("run/docker.sock"), "pull", registry.reference("team/big:1"))).withEnvironment(environment));
            StringBuffer shown = new StringBuffer();
            Thread.ofPlatform().daemon().start(() -> {
                byte[] buffer = new byte[4096];
                try {
                    for (int count = terminal.output().read(buffer); count >= 0; count = terminal.output().read(buffer)) {
                        shown.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                    }
                } catch (IOException hungUp) {
                    // The client has ended.
                }
            });
            assertThat(docker.awaitExit(Duration.ofMinutes(2))).as(shown.toString()).isPresent();
            Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(shown.toString())
                    .contains("Pulling from", "Pull complete", "Digest: sha256:", "Status: Downloaded newer image")
                    .containsPattern("(Downloading \\[=*>|Extracting)"));
        }
        assertThat(Run.of("docker", "-H", "unix://" + cluster.root.resolve("run/docker.sock"), "pull", registry.reference("team/big:1")).ok()).contains("Image is up to date");
    }
}
