package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Volumes, by behaviours of upstream's conformance suite; `docs/conformance.md` says which is which.
@ExtendWith(ConformancePods.Shared.class)
class ConformanceVolumesTest {

    @Test
    void oneVolumeProjectsEverything(ConformancePods pods) {
        assertThat(pods.in("root", "cd /all; cat data-1; echo; cat secret-1; echo; cat podname")).isEqualTo("value-1\nhidden\nc-volumes");
    }

    @Test
    void filesInMemoryHaveTheModesTheyAreGiven(ConformancePods pods) {
        assertThat(pods.in("user", "echo mine > /memory/user; chmod 0666 /memory/user; stat -c '%a %u' /memory/user; cat /memory/user")).isEqualTo("666 1001\nmine\n");
        assertThat(pods.in("root", "echo ours > /memory/root; chmod 0777 /memory/root; stat -c '%a %u' /memory/root; cat /memory/root")).isEqualTo("777 0\nours\n");
    }

    @Test
    void aVolumeInMemoryIsATmpfsForEverybody(ConformancePods pods) {
        assertThat(pods.in("root", "stat -c %a /memory; grep ' /memory ' /proc/mounts | cut -d' ' -f3")).isEqualTo("777\ntmpfs\n");
    }

    @Test
    void filesOfTheDownwardApiHaveTheirOwnModes(ConformancePods pods) {
        assertThat(pods.in("root", "stat -L -c %a /info/podname; stat -L -c %a /info/cpu-request")).isEqualTo("400\n644\n");
    }

    @Test
    void filesOfTheDownwardApiHaveTheModeOfAll(ConformancePods pods) {
        assertThat(pods.in("root", "stat -L -c %a /info-mode/podname")).isEqualTo("400\n");
    }

    @Test
    void requestsAreReadAsFiles(ConformancePods pods) {
        assertThat(pods.in("root", "cat /info/cpu-request")).isEqualTo("50");
    }

    @Test
    void withoutALimitTheNodesProcessorsAreRead(ConformancePods pods) {
        String node = pods.read("c-volumes", "{.spec.nodeName}");
        String allocatable = pods.cluster().kubectl("get", "node", node, "-o", "jsonpath={.status.allocatable.cpu}");
        long cores = allocatable.endsWith("m") ? (Long.parseLong(allocatable.replace("m", "")) + 999) / 1000 : Long.parseLong(allocatable);
        assertThat(pods.in("root", "cat /info/cpu-limit")).isEqualTo(String.valueOf(cores));
    }

    @Test
    void configMapsAreMappedToPathsForEverybody(ConformancePods pods) {
        assertThat(pods.in("user", "id -u; cat /all/data-1; echo; cat /mapped/path/to/data-2; ls /mapped")).isEqualTo("1001\nvalue-1\nvalue-2path\n");
    }

    @Test
    void aPartOfAConfigMapIsMounted(ConformancePods pods) {
        assertThat(pods.in("root", "cat /part/file")).isEqualTo("value-1");
    }

    /// Maps and Secrets that need not be there come and go as well.
    @Test
    void changesReachTheFiles(ConformancePods pods) {
        assertThat(pods.in("root", "cat /v/late/gone /v/late/secret-gone; ls /v/late-map /v/late-secret | wc -w")).isEqualTo("yesyes2\n");
        pods.cluster().kubectl("annotate", "pod", "c-volumes", "--overwrite", "builder=foo");
        pods.cluster().kubectl("label", "pod", "c-volumes", "key=new");
        pods.cluster().kubectl("patch", "configmap", "c-map", "--type=merge", "-p", "{\"data\":{\"data-3\":\"value-3\"}}");
        pods.cluster().kubectl("create", "configmap", "c-late", "--from-literal=late-1=came");
        pods.cluster().kubectl("create", "secret", "generic", "c-late", "--from-literal=late-2=followed");
        pods.cluster().kubectl("delete", "configmap/c-gone", "secret/c-gone");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() -> assertThat(
                        pods.in("root", "cat /all/annotations /info/annotations /info/labels /v/late/labels /all/data-3; cd /v; cat late-map/* late-secret/* late/late-1 late/secret-2"))
                .containsPattern("(?s)builder=\"foo\".*builder=\"foo\".*key=\"new\".*key=\"new\".*value-3camefollowedcamefollowed"));
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() -> assertThat(pods.in("root", "ls /v/late")).isEqualTo("labels\nlate-1\nsecret-2\n"));
    }

    /// As programs see it that read their configuration anew: all files change at once, by one link.
    @Test
    void aProgramInsideIsToldOfChanges(ConformancePods pods) {
        pods.cluster().kubectl("exec", "c-web", "-c", "datagrams", "--", "sh", "-c", "/tools/watch /tools > /moved 2>&1 < /dev/null");
        pods.cluster().kubectl("patch", "configmap", "c-tools", "--type=merge", "-p", "{\"data\":{\"note\":\"new\"}}");
        Awaitility.await().atMost(Duration.ofSeconds(100)).untilAsserted(() ->
                assertThat(pods.cluster().kubectl("exec", "c-web", "-c", "datagrams", "--", "sh", "-c", "cat /moved /tools/note")).endsWith("..data\nnew"));
    }

    @Test
    void filesOfConfigMapsHaveTheirPathsAndModes(ConformancePods pods) {
        assertThat(pods.in("root", "cd /v; cat map/data-1 map-mode/data-1 map-items/one map-items/path/to/data-2; echo; xxd -p map/raw; stat -L -c %a map/data-1 map-mode/data-1 map-items/one map-items/path/to/data-2 | tr '\\n' ' '; ls map-items"))
                .isEqualTo("value-1value-1value-1value-2\nfefeef\n644 400 400 644 one\npath\n");
        assertThat(pods.in("user", "cat /v/map/data-1 /v/map-items/path/to/data-2")).isEqualTo("value-1value-2");
    }

    @Test
    void filesOfSecretsHaveTheirPathsAndModes(ConformancePods pods) {
        assertThat(pods.in("root", "cd /v; cat secret/secret-1 secret-mode/secret-1 secret-items/new/path; echo; stat -L -c %a secret/secret-1 secret-mode/secret-1 secret-items/new/path | tr '\\n' ' '; ls secret-items"))
                .isEqualTo("hiddenhiddenhidden\n644 400 400 new\n");
    }

    @Test
    void projectedFilesHaveTheirPathsAndModes(ConformancePods pods) {
        assertThat(pods.in("root", "cd /v/projected; cat path/to/one two secret/one secret/two; echo; stat -L -c %a path/to/one two secret/one secret/two | tr '\\n' ' '"))
                .isEqualTo("value-1value-2hiddenhidden\n400 444 400 444 ");
        assertThat(pods.in("user", "cat /v/projected/two /v/projected/secret/two; cat /v/projected/secret/one 2>/dev/null || echo refused")).isEqualTo("value-2hiddenrefused\n");
    }

    @Test
    void whatThePodIsIsReadAsFiles(ConformancePods pods) {
        String node = pods.read("c-volumes", "{.spec.nodeName}");
        String memory = pods.cluster().kubectl("get", "node", node, "-o", "jsonpath={.status.allocatable.memory}");
        long bytes = memory.endsWith("Ki") ? Long.parseLong(memory.replace("Ki", "")) << 10 : Long.parseLong(memory);
        assertThat(pods.in("root", "cd /v/projected-info; for f in podname cpu-limit cpu-request memory-limit memory-request no-memory-limit; do cat $f; echo -n ' '; done; stat -L -c %a podname cpu-limit | tr '\\n' ' '"))
                .isEqualTo("c-volumes 1250 250 67108864 33554432 " + bytes + " 400 444 ");
        assertThat(pods.in("root", "cat /v/projected-info/no-cpu-limit")).isEqualTo(pods.in("root", "cat /info/cpu-limit"));
        assertThat(pods.in("root", "cd /info; for f in user-cpu-limit user-memory-limit user-memory-request memory-limit; do cat $f; echo -n ' '; done")).isEqualTo("1250 67108864 33554432 " + bytes + " ");
    }

    @Test
    void filesOnTheScratchDiskHaveTheModesTheyAreGiven(ConformancePods pods) {
        for (String user : List.of("root", "user")) {
            assertThat(pods.in(user, "stat -c %a /v/disk; for m in 644 666 777; do for d in /v/disk /memory; do f=$d/$(id -u)-$m; echo $m > $f; chmod $m $f; stat -c '%a %u' $f; cat $f; done; done"))
                    .isEqualTo("777\n" + List.of("644", "666", "777").stream().map(mode -> (mode + " " + (user.equals("root") ? 0 : 1001) + "\n" + mode + "\n").repeat(2)).collect(Collectors.joining()));
        }
    }

    @Test
    void partsOfVolumesAreMounted(ConformancePods pods) {
        assertThat(pods.in("root", "cat /sub/secret /sub/projected /sub/info /etc/group")).isEqualTo("hiddenvalue-2c-volumesvalue-2");
    }

    @Test
    void aVolumesPartIsNamedByVariables(ConformancePods pods) {
        assertThat(pods.plain("echo line > /logs/a; cat /whole/c-plain/a")).isEqualTo("line\n");
    }

    @Test
    void aTokenForAnAudienceIsMounted(ConformancePods pods) {
        String token = pods.in("user", "cat /token/token");
        String claims = new String(Base64.getUrlDecoder().decode(token.split("\\.")[1]), StandardCharsets.UTF_8);
        assertThat(claims).contains("\"conformance\"", "system:serviceaccount:default:default", "c-volumes");
        assertThat(pods.cluster().kubectlWithInput("""
                {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"%s","audiences":["conformance"]}}""".formatted(token),
                "create", "--raw", "/apis/authentication.k8s.io/v1/tokenreviews", "-f", "-")).contains("\"authenticated\":true", "\"username\":\"system:serviceaccount:default:default\"");
    }
}
