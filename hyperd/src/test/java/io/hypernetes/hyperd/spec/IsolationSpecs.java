package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// System calls that containers may make, the namespaces that they share, the groups that they are given.
abstract class IsolationSpecs {
    private final Bench bench;
    private final Path folder;

    IsolationSpecs(Bench bench, Path folder) {
        this.bench = bench;
        this.folder = folder;
    }

    private static LinuxContainerSecurityContext.Builder context() {
        return LinuxContainerSecurityContext.newBuilder();
    }

    private static SecurityProfile.Builder profile(SecurityProfile.ProfileType type) {
        return SecurityProfile.newBuilder().setProfileType(type);
    }

    /// A profile that answers EPERM to these calls and lets all others pass.
    private SecurityProfile.Builder denying(String... calls) throws IOException {
        Path file = Files.createTempFile(folder, "profile", ".json");
        Files.writeString(file, """
                {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ERRNO"}]}
                """.formatted(String.join("\", \"", calls)));
        return profile(SecurityProfile.ProfileType.Localhost).setLocalhostRef(file.toString());
    }

    private String seccomp(LinuxContainerSecurityContext.Builder security) {
        String id = bench.running("seccomp", security);
        String mode = bench.exec(id, "grep", "Seccomp:", "/proc/self/status");
        bench.removeContainer(id);
        return mode;
    }

    @Test
    @DisplayName("should support seccomp unconfined, localhost profile, default and nil profile, which is unconfined, on the container")
    void seccompProfiles() throws Exception {
        assertThat(seccomp(context().setSeccomp(profile(SecurityProfile.ProfileType.Unconfined)))).isEqualTo("Seccomp:\t0\n");
        assertThat(seccomp(context().setSeccomp(profile(SecurityProfile.ProfileType.RuntimeDefault)))).isEqualTo("Seccomp:\t2\n");
        assertThat(seccomp(context())).isEqualTo("Seccomp:\t0\n");
        String id = bench.running("seccomp", context().setSeccomp(denying("chmod", "fchmodat")));
        ExecSyncResponse denied = bench.lab.exec(id, "chmod", "400", "/");
        assertThat(denied.getExitCode()).isNotZero();
        assertThat(denied.getStderr().toStringUtf8()).contains("Operation not permitted");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("setting host name: not blocked with unconfined seccomp and SYS_ADMIN, blocked by a seccomp profile with SYS_ADMIN, the profile ignored when privileged")
    void seccompHostname() throws Exception {
        Capability.Builder admin = Capability.newBuilder().addAddCapabilities("SYS_ADMIN");
        SecurityProfile.Builder unconfined = profile(SecurityProfile.ProfileType.Unconfined);
        SecurityProfile.Builder denying = denying("sethostname");
        assertThat(setsHostname(context().setCapabilities(admin).setSeccomp(unconfined))).isTrue();
        assertThat(setsHostname(context().setCapabilities(admin).setSeccomp(denying))).isFalse();
        assertThat(setsHostname(context().setPrivileged(true).setSeccomp(denying))).isTrue();
    }

    private boolean setsHostname(LinuxContainerSecurityContext.Builder security) {
        String id = bench.running("hostname", security);
        boolean set = bench.lab.exec(id, "hostname", "ANewHostName").getExitCode() == 0;
        bench.removeContainer(id);
        return set;
    }

    @Test
    @DisplayName("runtime should support PodPID")
    void podProcesses() {
        NamespaceOption shared = NamespaceOption.newBuilder().setPid(NamespaceMode.POD).build();
        String first = bench.running("shared-pid", context().setNamespaceOptions(shared));
        String second = bench.running(bench.lab.container(bench.name("shared-pid"), "sleep", "7654")
                .setLinux(LinuxContainerConfig.newBuilder().setSecurityContext(context().setNamespaceOptions(shared))));
        assertThat(bench.lab.exec(first, "cat", "/proc/1/cmdline").getStdout().toStringUtf8()).doesNotContain("top");
        await().atMost(Bench.SOON).until(() -> bench.exec(first, "ps").contains("sleep 7654"));
        bench.removeContainer(second);
        bench.removeContainer(first);
    }

    @Test
    @DisplayName("SupplementalGroupsPolicy: groups of the image are added to with Merge, and not with Strict")
    void groupsPolicy() {
        assertThat(bench.runtime.status(StatusRequest.getDefaultInstance()).getFeatures().getSupplementalGroupsPolicy()).isTrue();
        for (SupplementalGroupsPolicy policy : List.of(SupplementalGroupsPolicy.Merge, SupplementalGroupsPolicy.Strict)) {
            String id = bench.running(
                    "groups",
                    context().setRunAsUser(Int64Value.newBuilder().setValue(1000))
                            .addSupplementalGroups(1234)
                            .setSupplementalGroupsPolicy(policy));
            boolean merged = policy == SupplementalGroupsPolicy.Merge;
            assertThat(bench.exec(id, "id", "-G")).isEqualTo(merged ? "1000 1234 50000\n" : "1000 1234\n");
            LinuxContainerUser user = bench.lab.status(id).getUser().getLinux();
            assertThat(user.getUid()).isEqualTo(1000);
            assertThat(user.getGid()).isEqualTo(1000);
            assertThat(user.getSupplementalGroupsList())
                    .containsExactlyInAnyOrderElementsOf(merged ? List.of(1000L, 1234L, 50000L) : List.of(1000L, 1234L));
            bench.removeContainer(id);
        }
    }

    @Test
    @DisplayName("user namespaces: NamespaceMode_NODE is supported; more than one mapping, ID 0 not mapped, NamespaceMode_CONTAINER and NamespaceMode_TARGET fail")
    void userNamespaces() throws Exception {
        String id = bench.running(
                "user-namespace",
                context().setNamespaceOptions(NamespaceOption.newBuilder()
                        .setPid(NamespaceMode.CONTAINER)
                        .setUsernsOptions(UserNamespace.newBuilder().setMode(NamespaceMode.NODE))));
        assertThat(bench.exec(id, "cat", "/proc/self/uid_map").strip().split("\\s+")).containsExactly("0", "0", "4294967295");
        bench.removeContainer(id);
        IDMapping.Builder mapping = IDMapping.newBuilder().setHostId(1000).setLength(100_000);
        for (UserNamespace.Builder wanted : List.of(
                UserNamespace.newBuilder().setMode(NamespaceMode.POD).addUids(mapping).addUids(mapping).addGids(mapping).addGids(mapping),
                UserNamespace.newBuilder().setMode(NamespaceMode.POD).addUids(mapping.setContainerId(1)).addGids(mapping),
                UserNamespace.newBuilder().setMode(NamespaceMode.CONTAINER),
                UserNamespace.newBuilder().setMode(NamespaceMode.TARGET))) {
            PodSandboxConfig pod = bench.lab.pod("user-namespace").toBuilder()
                    .setLinux(LinuxPodSandboxConfig.newBuilder()
                            .setSecurityContext(LinuxSandboxSecurityContext.newBuilder()
                                    .setNamespaceOptions(NamespaceOption.newBuilder().setUsernsOptions(wanted))))
                    .build();
            assertThat(Bench.failure(() -> bench.lab.run(pod))).isEqualTo(io.grpc.Status.Code.UNIMPLEMENTED);
        }
    }
}
