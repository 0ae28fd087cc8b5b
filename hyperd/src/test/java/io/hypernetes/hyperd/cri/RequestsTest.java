package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RequestsTest {

    @Test
    void aPodIsRead() {
        SandboxRequest request = SandboxRequests.of(
                pod().putAnnotations("hypernetes.io/ephemeral-storage", "2Gi")
                        .setLinux(LinuxPodSandboxConfig.newBuilder()
                                .setResources(LinuxContainerResources.newBuilder().setMemoryLimitInBytes(77).setCpuQuota(5))
                                .setOverhead(LinuxContainerResources.newBuilder().setMemoryLimitInBytes(11)))
                        .build(),
                "hypernetes", Set.of());
        assertThat(request.identity().podUid()).isEqualTo("uid");
        assertThat(request.files().hostname()).isEqualTo("pod");
        assertThat(request.demand().scratchBytes()).isEqualTo(2L << 30);
        assertThat(request.demand().memoryBytes()).isEqualTo(77);
        assertThat(request.demand().overheadBytes()).isEqualTo(11);
        assertThat(SandboxRequests.of(pod().putAnnotations("hypernetes.io/least-memory", "99").build(), "", Set.of()).demand().leastMemoryBytes()).isEqualTo(99);
    }

    static Stream<Arguments> pods() {
        return Stream.of(
                pod("no name", p -> p.getMetadataBuilder().setName("")),
                pod("no uid", p -> p.getMetadataBuilder().setUid("")),
                pod("a path as uid", p -> p.getMetadataBuilder().setUid("../x")),
                pod("host network", p -> namespaces(p).setNetwork(NamespaceMode.NODE)),
                pod("host pid", p -> namespaces(p).setPid(NamespaceMode.NODE)),
                pod("host ipc", p -> namespaces(p).setIpc(NamespaceMode.NODE)),
                pod("host port of IPv6", p -> p.addPortMappings(
                        PortMapping.newBuilder().setContainerPort(80).setHostPort(80).setHostIp("fd00::1"))),
                pod("port that is none", p -> p.addPortMappings(PortMapping.newBuilder().setContainerPort(80).setHostPort(70_000))),
                pod("user namespace", p -> namespaces(p).setUsernsOptions(UserNamespace.newBuilder().setMode(NamespaceMode.POD))),
                pod("storage that is no amount", p -> p.putAnnotations("hypernetes.io/ephemeral-storage", "lots")),
                pod("memory that is no amount", p -> p.putAnnotations("hypernetes.io/least-memory", "lots")),
                pod("sysctl of the host", p -> p.getLinuxBuilder().putSysctls("vm.swappiness", "1")),
                pod("too many labels", p -> p.putLabels("x", "y".repeat(600_000))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pods")
    void podsThatAreRefused(String what, Consumer<PodSandboxConfig.Builder> change) {
        PodSandboxConfig.Builder config = pod();
        change.accept(config);
        assertThatThrownBy(() -> SandboxRequests.of(config.build(), "", Set.of())).isInstanceOf(HyperdException.class);
    }

    @Test
    void portsOfTheHostAreReadAndOthersLeftOut() {
        SandboxRequest request = SandboxRequests.of(
                pod().addPortMappings(PortMapping.newBuilder().setContainerPort(80))
                        .addPortMappings(PortMapping.newBuilder().setContainerPort(80).setHostPort(8080).setHostIp("0.0.0.0"))
                        .addPortMappings(PortMapping.newBuilder().setContainerPort(53).setHostPort(53).setProtocol(Protocol.UDP).setHostIp("127.0.0.1"))
                        .build(),
                "", Set.of());
        assertThat(request.ports()).map(Object::toString).containsExactly("tcp *:8080 to 80", "udp 127.0.0.1:53 to 53");
    }

    @Test
    void anUnknownHandlerIsRefused() {
        assertThatThrownBy(() -> SandboxRequests.of(pod().build(), "runc", Set.of("debian"))).hasMessageContaining("runc").hasMessageContaining("debian");
        assertThat(SandboxRequests.of(pod().build(), "debian", Set.of("debian")).identity().runtimeHandler()).isEqualTo("debian");
    }

    @Test
    void aContainerIsRead() {
        ContainerRequest request = ContainerRequests.of(
                container().addEnvs(KeyValue.newBuilder().setKey("A").setValue(ByteString.copyFromUtf8("b=c"))).build(), "/logs");
        assertThat(request.logPath()).isEqualTo("/logs/main/0.log");
        assertThat(request.environment()).containsExactly("A=b=c");
        assertThat(ContainerRequests.of(container().build(), "").logPath()).isEmpty();
    }

    static Stream<Arguments> containers() {
        return Stream.of(
                container("no name", c -> c.getMetadataBuilder().setName("")),
                container("no image", c -> c.clearImage()),
                container("a device", c -> c.addDevices(Device.newBuilder().setHostPath("/dev/sda"))),
                container("a CDI device", c -> c.addCDIDevices(CDIDevice.newBuilder().setName("x"))),
                container("log outside", c -> c.setLogPath("../x")),
                container("log absolute", c -> c.setLogPath("/etc/passwd")),
                container("log that is the folder", c -> c.setLogPath(".")),
                container("log of no length", c -> c.putAnnotations("hypernetes.io/log-file-bytes", "lots")),
                container("log of no lines", c -> c.putAnnotations("hypernetes.io/log-file-bytes", "1")),
                container("nameless variable", c -> c.addEnvs(KeyValue.newBuilder().setKey(""))),
                container("variable with =", c -> c.addEnvs(KeyValue.newBuilder().setKey("a=b"))),
                container("huge environment", c ->
                        c.addEnvs(KeyValue.newBuilder().setKey("a").setValue(ByteString.copyFromUtf8("x".repeat(2 << 20))))),
                container("propagation", c ->
                        c.addMounts(Mount.newBuilder().setPropagation(MountPropagation.PROPAGATION_BIDIRECTIONAL))),
                container("image volume", c ->
                        c.addMounts(Mount.newBuilder().setImage(ImageSpec.newBuilder().setImage("x")))),
                container("localhost seccomp", c -> security(c).getSeccompBuilder()
                        .setProfileType(SecurityProfile.ProfileType.Localhost)),
                container("seccomp profile that is not there", c -> security(c).setSeccompProfilePath("localhost//no/such/profile.json")),
                container("processors", c -> c.getLinuxBuilder().getResourcesBuilder().setCpusetCpus("all")),
                container("memory nodes", c -> c.getLinuxBuilder().getResourcesBuilder().setCpusetMems("0-1")),
                container("huge pages", c -> c.getLinuxBuilder().getResourcesBuilder()
                        .addHugepageLimits(HugepageLimit.newBuilder().setPageSize("2MB").setLimit(2 << 20))),
                container("host pid", c -> security(c).getNamespaceOptionsBuilder().setPid(NamespaceMode.NODE)),
                container("target pid without target", c -> security(c).getNamespaceOptionsBuilder().setPid(NamespaceMode.TARGET)),
                container("relative masked path", c -> security(c).addMaskedPaths("proc")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("containers")
    void containersThatAreRefused(String what, Consumer<ContainerConfig.Builder> change) {
        ContainerConfig.Builder config = container();
        change.accept(config);
        assertThatThrownBy(() -> ContainerRequests.of(config.build(), "/logs")).isInstanceOf(HyperdException.class);
    }

    private static PodSandboxConfig.Builder pod() {
        return PodSandboxConfig.newBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder().setName("pod").setNamespace("default").setUid("uid"));
    }

    private static ContainerConfig.Builder container() {
        return ContainerConfig.newBuilder()
                .setMetadata(ContainerMetadata.newBuilder().setName("main"))
                .setImage(ImageSpec.newBuilder().setImage("lab:1"))
                .setLogPath("main/0.log");
    }

    private static NamespaceOption.Builder namespaces(PodSandboxConfig.Builder pod) {
        return pod.getLinuxBuilder().getSecurityContextBuilder().getNamespaceOptionsBuilder();
    }

    private static LinuxContainerSecurityContext.Builder security(ContainerConfig.Builder container) {
        return container.getLinuxBuilder().getSecurityContextBuilder();
    }

    private static Arguments pod(String what, Consumer<PodSandboxConfig.Builder> change) {
        return Arguments.of(what, change);
    }

    private static Arguments container(String what, Consumer<ContainerConfig.Builder> change) {
        return Arguments.of(what, change);
    }
}
