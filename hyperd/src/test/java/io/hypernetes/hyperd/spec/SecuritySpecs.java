package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.Lab;
import io.hypernetes.images.ImageArchive;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// As whom containers run, with which rights, and what they see.
abstract class SecuritySpecs {
    private final Bench bench;
    private final Path folder;

    SecuritySpecs(Bench bench, Path folder) {
        this.bench = bench;
        this.folder = folder;
    }

    private static LinuxContainerSecurityContext.Builder context() {
        return LinuxContainerSecurityContext.newBuilder();
    }

    private static Int64Value number(long value) {
        return Int64Value.newBuilder().setValue(value).build();
    }

    private static LinuxContainerSecurityContext.Builder adding(String... capabilities) {
        return context().setCapabilities(Capability.newBuilder().addAllAddCapabilities(List.of(capabilities)));
    }

    private static LinuxContainerSecurityContext.Builder dropping(String... capabilities) {
        return context().setCapabilities(Capability.newBuilder().addAllDropCapabilities(List.of(capabilities)));
    }

    @Test
    @DisplayName("runtime should support SupplementalGroups")
    void groups() {
        String id = bench.running("groups", context().addSupplementalGroups(1234).addSupplementalGroups(5678));
        assertThat(bench.exec(id, "id", "-G").strip().split(" ")).contains("1234", "5678");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support RunAsUser, RunAsUserName and RunAsGroup")
    void users() {
        String byNumber = bench.running("user", context().setRunAsUser(number(1001)));
        assertThat(bench.exec(byNumber, "id", "-u")).isEqualTo("1001\n");
        String byName = bench.running("user", context().setRunAsUsername("nobody"));
        assertThat(bench.exec(byName, "id", "-nu")).isEqualTo("nobody\n");
        String withGroup = bench.running("user", context().setRunAsUser(number(1001)).setRunAsGroup(number(1002)));
        assertThat(bench.exec(withGroup, "sh", "-c", "echo $(id -u):$(id -g)")).isEqualTo("1001:1002\n");
        assertThat(bench.lab.status(withGroup).getUser().getLinux().getGid()).isEqualTo(1002);
        List.of(byNumber, byName, withGroup).forEach(bench::removeContainer);
    }

    @Test
    @DisplayName("runtime should return error if RunAsGroup is set without RunAsUser")
    void groupWithoutUser() {
        assertThat(Bench.failure(() -> bench.lab.create(bench.sandbox, bench.idle("group", context().setRunAsGroup(number(1002))))))
                .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
    }

    @Test
    @DisplayName("runtime should support that ReadOnlyRootfs is false, and true")
    void rootFileSystem() throws Exception {
        for (boolean readOnly : new boolean[] {false, true}) {
            ContainerConfig.Builder asked = bench.lab.container(
                            bench.name("root"), "sh", "-c", "touch test.go && [ -f test.go ] && echo Found")
                    .setLinux(LinuxContainerConfig.newBuilder().setSecurityContext(context().setReadonlyRootfs(readOnly)));
            bench.finished(asked);
            assertThat(bench.lab.log(Bench.POD, asked.getMetadata().getName()))
                    .containsExactly(readOnly ? "touch: test.go: Read-only file system" : "Found");
        }
    }

    @Test
    @DisplayName("runtime should support Privileged is true, and false; adding capability")
    void networkManagement() {
        String plain = bench.running(bench.idle("plain"));
        assertThat(bench.lab.exec(plain, "brctl", "addbr", "refused").getExitCode()).isNotZero();
        String privileged = bench.running("privileged", context().setPrivileged(true));
        String capable = bench.running("capable", adding("NET_ADMIN"));
        assertThat(bench.exec(privileged, "brctl", "addbr", "foobar")).isEmpty();
        assertThat(bench.exec(capable, "brctl", "addbr", "foobaz")).isEmpty();
        assertThat(capabilities(capable) >> 12 & 1).isEqualTo(1);
        assertThat(capabilities(plain) >> 12 & 1).isZero();
        assertThat(Long.bitCount(capabilities(privileged))).isGreaterThan(35);
        List.of(plain, privileged, capable).forEach(bench::removeContainer);
    }

    private long capabilities(String container) {
        String line = bench.exec(container, "grep", "CapBnd", "/proc/self/status");
        return Long.parseUnsignedLong(line.substring(line.indexOf('\t') + 1).strip(), 16);
    }

    @Test
    @DisplayName("runtime should support dropping capability")
    void droppedCapability() {
        String id = bench.running("dropped", dropping("NET_RAW"));
        ExecSyncResponse ping = bench.lab.exec(id, "ping", "-c", "1", "127.0.0.1");
        assertThat(ping.getExitCode()).isNotZero();
        assertThat(ping.getStderr().toStringUtf8()).containsIgnoringCase("permission denied");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support adding ALL capabilities, and dropping ALL capabilities")
    void allCapabilities() {
        String all = bench.running("all", adding("ALL"));
        assertThat(bench.exec(all, "cat", "/proc/self/status")).doesNotContain("CapBnd:\t0000000000000000");
        String none = bench.running("none", dropping("ALL"));
        assertThat(bench.exec(none, "cat", "/proc/self/status")).contains("CapBnd:\t0000000000000000");
        bench.removeContainer(all);
        bench.removeContainer(none);
    }

    @Test
    @DisplayName("runtime should support MaskedPaths, and ReadonlyPaths")
    void paths() {
        String masked = bench.running("masked", context().addMaskedPaths("/etc/lab"));
        assertThat(bench.exec(masked, "cat", "/etc/lab")).isEmpty();
        String readOnly = bench.running("read-only", context().addReadonlyPaths("/tmp"));
        ExecSyncResponse touch = bench.lab.exec(readOnly, "touch", "/tmp/test");
        assertThat(touch.getExitCode()).isNotZero();
        assertThat(touch.getStderr().toStringUtf8()).isEqualTo("touch: /tmp/test: Read-only file system\n");
        bench.removeContainer(masked);
        bench.removeContainer(readOnly);
    }

    @Test
    @DisplayName("should not allow privilege escalation when true, should allow privilege escalation when false")
    void privilegeEscalation() throws Exception {
        String image = "hypernetes.io/escalation:1";
        Path source = Files.writeString(
                folder.resolve("euid.c"),
                "#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf(\"Effective uid: %d\\n\", (int)geteuid()); return 0; }\n");
        Path program = folder.resolve("euid");
        assertThat(new ProcessBuilder("musl-gcc", "-static", "-o", program.toString(), source.toString()).inheritIO().start().waitFor())
                .isZero();
        ImageArchive archive = Lab.image(image);
        archive.nextLayer().file("bin/euid", 04755, program);
        bench.lab.load(archive, image);
        for (boolean forbidden : new boolean[] {true, false}) {
            ContainerConfig.Builder asked = bench.lab.container(bench.name("escalation"), "/bin/euid")
                    .setImage(ImageSpec.newBuilder().setImage(image))
                    .setLinux(LinuxContainerConfig.newBuilder()
                            .setSecurityContext(context().setNoNewPrivs(forbidden).setRunAsUser(number(1000))));
            bench.finished(asked);
            assertThat(bench.lab.log(Bench.POD, asked.getMetadata().getName()))
                    .containsExactly("Effective uid: " + (forbidden ? 1000 : 0));
        }
    }

    @Test
    @DisplayName("should fail with an unloaded apparmor_profile")
    void appArmor() {
        assertThat(Bench.failure(() -> bench.lab.create(
                        bench.sandbox, bench.idle("apparmor", context().setApparmorProfile("localhost/non-existent-profile")))))
                .isEqualTo(io.grpc.Status.Code.UNIMPLEMENTED);
        assertThat(Bench.failure(() -> bench.lab.create(
                        bench.sandbox,
                        bench.idle(
                                "apparmor",
                                context().setApparmor(SecurityProfile.newBuilder()
                                        .setProfileType(SecurityProfile.ProfileType.Localhost)
                                        .setLocalhostRef("non-existent-profile"))))))
                .isEqualTo(io.grpc.Status.Code.UNIMPLEMENTED);
    }

    @Test
    @DisplayName("should work with just selinux level set, should work with selinux set, should error on create with wrong options")
    void selinux() {
        SELinuxOption.Builder full =
                SELinuxOption.newBuilder().setUser("system_u").setRole("system_r").setType("svirt_lxc_net_t").setLevel("s0:c4,c5");
        for (SELinuxOption.Builder label : List.of(SELinuxOption.newBuilder().setLevel("s0"), full)) {
            String id = bench.running("selinux", context().setSelinuxOptions(label));
            bench.exec(id, "touch", "foo");
            bench.removeContainer(id);
        }
        assertThat(Bench.failure(() -> bench.lab.create(
                        bench.sandbox, bench.idle("selinux", context().setSelinuxOptions(full.setLevel("s0,c4,c5"))))))
                .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
    }

    @Test
    @DisplayName("runtime should support HostIpc is false, HostNetwork is false, ContainerPID; those of the host are refused")
    void namespaces() throws Exception {
        String id = bench.running("namespaces", context().setNamespaceOptions(NamespaceOption.newBuilder().setPid(NamespaceMode.CONTAINER)));
        assertThat(bench.exec(id, "cat", "/proc/1/cmdline")).contains("top");
        // Another kernel has other segments and sockets; nothing of the host's can be there.
        assertThat(bench.exec(id, "cat", "/proc/sysvipc/shm").lines()).hasSize(1);
        try (java.net.ServerSocket host = new java.net.ServerSocket(0)) {
            assertThat(bench.exec(id, "netstat", "-ltn")).doesNotContain(":" + host.getLocalPort());
        }
        bench.removeContainer(id);
        for (NamespaceOption.Builder option : List.of(
                NamespaceOption.newBuilder().setNetwork(NamespaceMode.NODE),
                NamespaceOption.newBuilder().setPid(NamespaceMode.NODE),
                NamespaceOption.newBuilder().setIpc(NamespaceMode.NODE))) {
            PodSandboxConfig pod = bench.lab.pod("refused").toBuilder()
                    .setLinux(LinuxPodSandboxConfig.newBuilder()
                            .setSecurityContext(LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(option)))
                    .build();
            assertThat(Bench.failure(() -> bench.lab.run(pod))).isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
        }
    }
}
