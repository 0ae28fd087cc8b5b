package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.guest.MountSpec;
import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.seccomp.Seccomp;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LimitsTest {
    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text);
    }

    @Test
    void limitsHaveLinuxNumbers() {
        assertThat(Limits.rlimits(json("{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":2},{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1}]}")))
                .containsExactly(new ContainerRequest.Rlimit(7, 1, 2), new ContainerRequest.Rlimit(4, -1, -1));
        assertThat(Limits.groups(json("{\"GroupAdd\":[\"7\",\"4294967294\"]}"))).containsExactly(7L, 4294967294L);
        assertThat(Limits.sysctls(json("{\"Sysctls\":{\"net.core.somaxconn\":\"9\"}}"))).containsEntry("net.core.somaxconn", "9");
        assertThat(Limits.paths(json("{\"MaskedPaths\":[]}"), "MaskedPaths", List.of("/proc/kcore"))).isEmpty();
        assertThat(Limits.paths(json("{\"MaskedPaths\":null}"), "MaskedPaths", List.of("/proc/kcore"))).containsExactly("/proc/kcore");
    }

    @Test
    void moreThanTheHostHasIsRefused() {
        Limits.checkHost(json("{\"NanoCpus\":2000000000,\"Memory\":1048576}"), 2, 1048576);
        Limits.checkHost(json("{\"CpuQuota\":-1}"), 2, 0);
        assertThatThrownBy(() -> Limits.checkHost(json("{\"NanoCpus\":2100000000}"), 2, 0)).hasMessageContaining("from 0.01 to 2.00");
        assertThatThrownBy(() -> Limits.checkHost(json("{\"CpuQuota\":100000,\"CpuPeriod\":10000}"), 2, 0)).hasMessageContaining("only 2 CPUs");
        assertThatThrownBy(() -> Limits.checkHost(json("{\"Memory\":2097152}"), 2, 1048576)).hasMessageContaining("--memory 2m").hasMessageContaining("ask for less");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"Ulimits\":[{\"Name\":\"files\",\"Soft\":1,\"Hard\":1}]}", "{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":2,\"Hard\":1}]}",
        "{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":-1,\"Hard\":1}]}", "{\"GroupAdd\":[\"wheel\"]}", "{\"GroupAdd\":[\"4294967295\"]}",
        "{\"Sysctls\":{\"../etc/x\":\"1\"}}", "{\"SecurityOpt\":[\"seccomp=profile.json\"]}"})
    void whatIsNoLimitIsRefused(String host) {
        assertThatThrownBy(() -> Limits.check(json(host))).isInstanceOf(DockerFailure.class);
    }

    @Test
    void theSystemCallFilterIsAsTheClientSays() {
        assertThat(Limits.seccomp(json("{}"))).isEqualTo(Seccomp.RUNTIME_DEFAULT);
        assertThat(Limits.seccomp(json("{\"SecurityOpt\":[\"seccomp=unconfined\"]}"))).isEqualTo(Seccomp.UNCONFINED);
        assertThat(Limits.seccomp(json("{\"SecurityOpt\":[\"seccomp={}\"]}"))).isInstanceOf(Seccomp.Custom.class);
    }

    @Test
    void memoryMountsComeInOrderWithTheirOptions() {
        assertThat(MemoryMounts.of(json("""
                {"ShmSize":4096,"Tmpfs":{"/b":"size=2m,mode=0700,exec,ro","/a":""},
                "Mounts":[{"Type":"tmpfs","Target":"/a/c","TmpfsOptions":{"SizeBytes":9,"Mode":448}}]}""")))
                .containsExactly(
                        new MountSpec.Tmpfs("/a", 0, VolumeSpec.DEFAULT_MODE, false, true), new MountSpec.Tmpfs("/a/c", 9, 0700, false, true),
                        new MountSpec.Tmpfs("/b", 2 << 20, 0700, true, false), new MountSpec.Tmpfs("/dev/shm", 4096, 01777, false, true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"Tmpfs\":{\"a\":\"\"}}", "{\"Tmpfs\":{\"/a/../b\":\"\"}}", "{\"Tmpfs\":{\"/\":\"\"}}", "{\"Tmpfs\":{\"/a\":\"uid=7\"}}", "{\"ShmSize\":-1}"})
    void whatIsNoMemoryMountIsRefused(String host) {
        assertThatThrownBy(() -> MemoryMounts.of(json(host))).isInstanceOf(DockerFailure.class);
    }

    @Test
    void whatIsChangedReplacesItsContraryAndNothingElse() {
        JsonNode next = Changes.applied(
                json("{\"Memory\":5,\"CpuQuota\":7,\"CpuPeriod\":9}"), json("{\"NanoCpus\":3,\"Memory\":0,\"RestartPolicy\":{\"Name\":\"always\"}}"));
        assertThat(next.toString()).isEqualTo("{\"Memory\":5,\"NanoCpus\":3,\"RestartPolicy\":{\"Name\":\"always\"}}");
        assertThatThrownBy(() -> Changes.applied(json("{\"AutoRemove\":true}"), json("{\"RestartPolicy\":{\"Name\":\"always\"}}")))
                .isInstanceOf(DockerFailure.class);
        assertThatThrownBy(() -> Changes.applied(json("{}"), json("{\"CpusetCpus\":\"0\"}"))).hasMessageContaining("--cpuset-cpus");
    }
}
