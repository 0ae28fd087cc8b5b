package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.cri.PodCalls;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// One real pod and what containers in it can do. Needs root and QEMU.
@ExtendWith(SharedLab.class)
@Order(3)
class PodEndToEndTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    static Lab lab;
    static String sandbox;
    static String shell;

    @BeforeAll
    static void boot(Lab shared) {
        lab = shared;
        PodSandboxConfig pod = lab.pod("pod").toBuilder()
                .setDnsConfig(DNSConfig.newBuilder().addServers("10.96.0.10").addSearches("default.svc.cluster.local").addOptions("ndots:5"))
                .putAnnotations("hypernetes.io/empty-dir.fast", "{\"medium\":\"Memory\",\"sizeLimit\":\"8Mi\"}")
                .putAnnotations("hypernetes.io/empty-dir.limited", "{\"medium\":\"\",\"sizeLimit\":\"4Mi\"}")
                .putAnnotations("hypernetes.io/disk.kept", "{\"file\":\"red/kept.disk\",\"bytes\":67108864,\"group\":2000}")
                .putAnnotations("hypernetes.io/disk.grown", "{\"file\":\"red/grown.disk\",\"bytes\":33554432}")
                .setLinux(LinuxPodSandboxConfig.newBuilder().putSysctls("net.core.somaxconn", "777"))
                .build();
        sandbox = lab.run(pod);
        shell = lab.start(sandbox, lab.container("shell", "sleep", "100000"));
    }

    @AfterAll
    static void end() throws Exception {
        if (sandbox != null) {
            lab.remove(sandbox);
            assertThat(lab.leaks()).isEmpty();
        }
    }

    @Test
    void theContainerIsWhatImageAndRequestSay() throws Exception {
        ContainerConfig.Builder asked = lab.container("made", "sh", "-c")
                .addArgs("id; pwd; echo $FROM_IMAGE $FROM_REQUEST; cat /etc/lab; touch /denied || echo read-only; cut -d: -f1 /etc/hostname;"
                        + " cat /etc/resolv.conf /proc/sys/net/core/somaxconn; uname -r")
                .setWorkingDir("/tmp")
                .addEnvs(KeyValue.newBuilder().setKey("FROM_REQUEST").setValue(ByteString.copyFromUtf8("as well")))
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setSecurityContext(LinuxContainerSecurityContext.newBuilder()
                                .setRunAsUser(Int64Value.newBuilder().setValue(101))
                                .setReadonlyRootfs(true)
                                .addSupplementalGroups(4000)));
        String container = finished(lab.start(sandbox, asked));
        List<String> lines = lab.log("pod", "made");
        assertThat(lines).anyMatch(line -> line.startsWith("uid=101(web) gid=102(web) groups=") && line.contains("4000"));
        assertThat(lines).contains("/tmp", "yes as well", "second layer", "read-only",
                "pod", "nameserver 10.96.0.10", "search default.svc.cluster.local", "options ndots:5", "777");
        assertThat(lines.getLast()).isNotEqualTo(Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip());
        assertThat(lab.status(container).getUser().getLinux().getUid()).isEqualTo(101);
        assertThat(lab.status(container).getUser().getLinux().getSupplementalGroupsList()).contains(4000L);
    }

    @Test
    void capabilitiesAreWhatIsAdded() throws Exception {
        ContainerConfig.Builder asked = lab.container("caps", "sh", "-c", "cut -f2 /proc/self/status")
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setSecurityContext(LinuxContainerSecurityContext.newBuilder()
                                .setNoNewPrivs(true)
                                .setCapabilities(Capability.newBuilder().addDropCapabilities("ALL").addAddCapabilities("NET_ADMIN"))));
        finished(lab.start(sandbox, asked));
        assertThat(lab.log("pod", "caps")).contains("0000000000001000");
    }

    @Test
    void aCommandThatIsNotThereIsAStartError() {
        String container = lab.create(sandbox, lab.container("missing", "/no/such/thing"));
        assertThatThrownBy(() ->
                        lab.runtime.startContainer(StartContainerRequest.newBuilder().setContainerId(container).build()))
                .hasMessageContaining("/no/such/thing");
        await().atMost(SOON).until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(container).getReason()).isEqualTo("StartError");
        assertThat(lab.status(container).getExitCode()).isEqualTo(127);
    }

    @Test
    void memoryBeyondTheLimitEndsTheContainer() throws Exception {
        ContainerConfig.Builder asked = lab.container("hungry", "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1")
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setResources(LinuxContainerResources.newBuilder().setMemoryLimitInBytes(12 << 20)));
        ContainerStatus status = lab.status(finished(lab.start(sandbox, asked)));
        assertThat(status.getReason()).isEqualTo("OOMKilled");
        assertThat(status.getExitCode()).isEqualTo(137);
    }

    @Test
    void signalsEndContainersGentlyOrNot() throws Exception {
        String gentle = lab.start(sandbox, lab.container("gentle", "sh", "-c", "trap 'exit 3' TERM; while true; do sleep 0.1; done"));
        String stubborn = lab.start(sandbox, lab.container("stubborn", "sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"));
        lab.exec(gentle, "true");
        lab.exec(stubborn, "true");
        stop(gentle, 20);
        stop(stubborn, 1);
        assertThat(lab.status(gentle).getExitCode()).isEqualTo(3);
        assertThat(lab.status(stubborn).getExitCode()).isEqualTo(137);
        stop(stubborn, 1);
        stop("nobody", 1);
        lab.runtime.removeContainer(RemoveContainerRequest.newBuilder().setContainerId(gentle).build());
        lab.runtime.removeContainer(RemoveContainerRequest.newBuilder().setContainerId(gentle).build());
        assertThat(status(() -> lab.status(gentle))).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void volumesArePushedAndPushedAgain() throws Exception {
        Path pod = lab.root.resolve("pods/uid-pod");
        Path map = pod.resolve("volumes/kubernetes.io~configmap/settings");
        Lab.publish(map, "v1", "blue");
        Path message = Files.createDirectories(pod.resolve("containers/volumes")).resolve("0");
        Files.createFile(message);
        ContainerConfig.Builder writer = lab.container("writer", "sh", "-c",
                        "cat /config/color; cat /one; echo shared > /disk/file; echo x > /config/color || echo cannot write; df /fast | cut -c1-60;"
                                + " while [ $(cat /config/color) = blue ]; do sleep 0.2; done; cat /config/color; ls /config;"
                                + " echo the last word > /dev/termination-log; exit 1")
                .addMounts(mount("/config", map).setReadonly(true))
                .addMounts(mount("/one", map.resolve("color")).setReadonly(true))
                .addMounts(mount("/disk", pod.resolve("volumes/kubernetes.io~empty-dir/disk")))
                .addMounts(mount("/fast", pod.resolve("volumes/kubernetes.io~empty-dir/fast")))
                .addMounts(mount("/dev/termination-log", message));
        String container = lab.start(sandbox, writer);
        await().atMost(SOON).until(() -> lab.log("pod", "writer").size() >= 4);
        Lab.publish(map, "v2", "green");
        finished(container);
        assertThat(lab.log("pod", "writer")).contains("blue", "cannot write", "green", "color");
        assertThat(lab.log("pod", "writer").toString()).contains("8192");
        assertThat(Files.readString(message)).isEqualTo("the last word\n");
        String reader = lab.start(sandbox, lab.container("reader", "cat", "/disk/file")
                .addMounts(mount("/disk", pod.resolve("volumes/kubernetes.io~empty-dir/disk"))));
        finished(reader);
        assertThat(lab.log("pod", "reader")).containsExactly("shared");
    }

    @Test
    void anEmptyDirOnTheDiskHoldsNoMoreThanItsLimit() throws Exception {
        Path limited = lab.root.resolve("pods/uid-pod/volumes/kubernetes.io~empty-dir/limited");
        String filler = lab.start(sandbox, lab.container("filler", "sh", "-c",
                        "mkdir /limited/below; dd if=/dev/zero of=/limited/below/big bs=1M count=8; df -k /limited | cut -c1-60; rm /limited/below/big; echo again > /limited/small;"
                                + " cat /limited/small; dd if=/dev/zero of=/elsewhere bs=1M count=8 && echo elsewhere as before")
                .addMounts(mount("/limited", limited)));
        finished(filler);
        assertThat(String.join("\n", lab.log("pod", "filler"))).containsPattern("quota exceeded|No space left").contains(" 4096 ").contains("again").contains("elsewhere as before");
    }

    @Test
    void aDiskThatOutlivesThePodIsItsGroups() throws Exception {
        Path kept = lab.root.resolve("pods/uid-pod/volumes/hypernetes.io~disk/kept");
        ContainerConfig.Builder writer = lab.container("keeper", "sh", "-c",
                        "touch /kept/of/me; ls -lnd /kept /kept/of /kept/of/me; ls -a /kept; df -k /kept | cut -c1-60; touch /read/x || echo for reading only")
                .addMounts(mount("/kept", kept))
                .addMounts(mount("/kept/of", kept.resolve("a/b")))
                .addMounts(mount("/read", kept).setReadonly(true))
                .setLinux(LinuxContainerConfig.newBuilder().setSecurityContext(LinuxContainerSecurityContext.newBuilder()
                        .setRunAsUser(Int64Value.newBuilder().setValue(101))
                        .addSupplementalGroups(2000)));
        finished(lab.start(sandbox, writer));
        List<String> lines = lab.log("pod", "keeper");
        assertThat(lines).anyMatch(line -> line.matches("drwxrws.*2000 .* /kept"))
                .anyMatch(line -> line.matches("drwxrws.*2000 .* /kept/of"))
                .anyMatch(line -> line.matches("-rw.* 101 +2000 .* /kept/of/me"))
                .contains("for reading only")
                .doesNotContain("lost+found");
        assertThat(Files.size(lab.root.resolve("volumes/red/kept.disk"))).isEqualTo(64L << 20);
    }

    @Test
    void aDiskGrowsWhileAContainerWritesToIt() throws Exception {
        Path kept = lab.root.resolve("pods/uid-pod/volumes/hypernetes.io~disk/grown");
        Path file = lab.root.resolve("volumes/red/grown.disk");
        String writer = lab.start(sandbox, lab.container("grower", "sh", "-c", "dd if=/dev/zero of=/grown/much bs=64k 2>/dev/null; echo full; sleep 100000")
                .addMounts(mount("/grown", kept)));
        await().atMost(SOON).until(() -> lab.log("pod", "grower").contains("full"));
        long small = kib(writer);
        // An engine that was killed when it had made the file larger, and nothing else: whoever asks again goes on from there.
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(256L << 20);
        }
        grow("grown", 256L << 20);
        assertThat(kib(writer)).isGreaterThan(4 * small).isGreaterThan(200 << 10);
        assertThat(lab.exec(writer, "dd", "if=/dev/zero", "of=/grown/more", "bs=1M", "count=100").getExitCode()).isZero();
        grow("grown", 256L << 20);
        grow("grown", 1);
        assertThat(Files.size(file)).as("never smaller").isEqualTo(256L << 20);
        assertThat(status(() -> grow("nothing", 256L << 20))).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status(() -> grow("grown", 15L << 40))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }

    private static long kib(String container) {
        String[] words = lab.exec(container, "df", "-k", "/grown").getStdout().toStringUtf8().lines().toList().getLast().strip().split(" +");
        return Long.parseLong(words[1]);
    }

    private static void grow(String volume, long bytes) {
        lab.call(PodCalls.GROW_DISK, Struct.newBuilder()
                .putFields("sandbox", Value.newBuilder().setStringValue(sandbox).build())
                .putFields("volume", Value.newBuilder().setStringValue(volume).build())
                .putFields("bytes", Value.newBuilder().setStringValue(Long.toString(bytes)).build())
                .build());
    }

    @Test
    void whatBelongsToTheHostIsRefused() {
        assertThat(status(() -> lab.create(sandbox, lab.container("bind", "true").addMounts(mount("/host", Path.of("/dev"))))))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status(() -> lab.create(sandbox, lab.container("other", "true")
                        .addMounts(mount("/x", lab.root.resolve("pods/another-pod/volumes/kubernetes.io~secret/s"))))))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status(() -> lab.create(sandbox, lab.container("device", "true")
                        .addDevices(Device.newBuilder().setHostPath("/dev/sda").setContainerPath("/dev/sda")))))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status(() -> lab.create(sandbox, lab.container("log", "true").setLogPath("../../../etc/passwd"))))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        PodSandboxConfig hostNetwork = lab.pod("host").toBuilder()
                .setLinux(LinuxPodSandboxConfig.newBuilder()
                        .setSecurityContext(LinuxSandboxSecurityContext.newBuilder()
                                .setNamespaceOptions(NamespaceOption.newBuilder().setNetwork(NamespaceMode.NODE))))
                .build();
        assertThat(status(() -> lab.run(hostNetwork))).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void aCommandRunsToItsEndOrItsDeadline() {
        ExecSyncResponse answer = lab.exec(shell, "sh", "-c", "echo out; echo err >&2; exit 5");
        assertThat(answer.getExitCode()).isEqualTo(5);
        assertThat(answer.getStdout().toStringUtf8()).isEqualTo("out\n");
        assertThat(answer.getStderr().toStringUtf8()).isEqualTo("err\n");
        assertThat(status(() -> lab.runtime.execSync(ExecSyncRequest.newBuilder()
                        .setContainerId(shell)
                        .addCmd("sleep")
                        .addCmd("987")
                        .setTimeout(1)
                        .build())))
                .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().atMost(SOON).until(() -> !lab.exec(shell, "ps").getStdout().toStringUtf8().contains("sleep 987"));
    }

    @Test
    void manyBytesGoThroughExecUnchanged() throws Exception {
        byte[] bytes = new byte[8 << 20];
        new Random(1).nextBytes(bytes);
        try (StreamClient client = exec(false, "cat")) {
            for (int from = 0; from < bytes.length; from += 32 * 1024) {
                client.send(StreamClient.STDIN, Arrays.copyOfRange(bytes, from, from + 32 * 1024));
            }
            client.endInput();
            client.awaitEnd();
            assertThat(sha256(client.bytes(StreamClient.STDOUT))).isEqualTo(sha256(bytes));
            assertThat(client.text(StreamClient.ERROR)).contains("Success");
        }
    }

    @Test
    void aTerminalResizesInterruptsAndHangsUp() throws Exception {
        try (StreamClient client = exec(true, "sh")) {
            client.resize(101, 37);
            await().atMost(SOON).untilAsserted(() -> {
                client.type("stty size\n");
                assertThat(client.text(StreamClient.STDOUT)).contains("37 101");
            });
            client.type("sleep 500\n");
            await().atMost(SOON).until(() -> lab.exec(shell, "ps").getStdout().toStringUtf8().contains("sleep 500"));
            client.type("\u0003");
            await().atMost(SOON).until(() -> !lab.exec(shell, "ps").getStdout().toStringUtf8().contains("sleep 500"));
            client.type("exit 9\n");
            client.awaitEnd();
            assertThat(client.text(StreamClient.ERROR)).contains("NonZeroExitCode").contains("\"9\"");
        }
        try (StreamClient client = exec(true, "sh")) {
            client.type("sleep 600\n");
            await().atMost(SOON).until(() -> lab.exec(shell, "ps").getStdout().toStringUtf8().contains("sleep 600"));
            client.leave();
            await().atMost(SOON).until(() -> !lab.exec(shell, "ps").getStdout().toStringUtf8().contains("sleep 600"));
        }
    }

    @Test
    void attachSpeaksWithTheFirstProcess() throws Exception {
        String echo = lab.start(sandbox, lab.container("echo", "sh", "-c", "while read line; do echo got $line; done; echo end")
                .setStdin(true)
                .setStdinOnce(true));
        String address = lab.runtime.attach(AttachRequest.newBuilder()
                        .setContainerId(echo)
                        .setStdin(true)
                        .setStdout(true)
                        .setStderr(true)
                        .build())
                .getUrl();
        try (StreamClient client = new StreamClient(address, "v5.channel.k8s.io")) {
            client.type("one\n");
            await().atMost(SOON).until(() -> client.text(StreamClient.STDOUT).contains("got one"));
            client.endInput();
            client.awaitEnd();
            assertThat(client.text(StreamClient.STDOUT)).isEqualTo("got one\nend\n");
        }
        finished(echo);
        assertThat(lab.log("pod", "echo")).containsExactly("got one", "end");
    }

    @Test
    void portsAreForwarded() throws Exception {
        String server = lab.start(sandbox, lab.container("server", "sh", "-c", "while true; do echo welcome | nc -l -p 8080; done"));
        lab.exec(server, "true");
        String address = lab.runtime.portForward(
                        PortForwardRequest.newBuilder().setPodSandboxId(sandbox).addPort(8080).build())
                .getUrl();
        try (StreamClient client = new StreamClient(address, "v4.channel.k8s.io")) {
            // Two channels a port; each begins with the port, lowest byte first.
            await().atMost(SOON).until(() -> client.text(0).contains("welcome"));
        }
        stop(server, 0);
    }

    @Test
    void anAddressIsGoodForOneConnection() {
        String address = lab.runtime.exec(ExecRequest.newBuilder().setContainerId(shell).addCmd("true").setStdout(true).build()).getUrl();
        try (StreamClient first = new StreamClient(address, "v5.channel.k8s.io")) {
            assertThatThrownBy(() -> new StreamClient(address, "v5.channel.k8s.io")).hasMessageContaining("WebSocketHandshakeException");
        }
    }

    @Test
    void logsAreRotated() throws Exception {
        String talker = lab.start(sandbox, lab.container("talker", "sh", "-c",
                "i=1; while [ $i -le 60 ]; do echo line $i; i=$((i+1)); sleep 0.03; done"));
        Path log = lab.root.resolve("logs/pod/talker.log");
        await().atMost(SOON).until(() -> Files.exists(log) && lab.log("pod", "talker").size() > 5);
        Files.move(log, lab.root.resolve("logs/pod/talker.log.1"));
        lab.runtime.reopenContainerLog(ReopenContainerLogRequest.newBuilder().setContainerId(talker).build());
        finished(talker);
        List<String> all = new java.util.ArrayList<>(Files.readAllLines(lab.root.resolve("logs/pod/talker.log.1")));
        assertThat(all.size()).isBetween(5, 59);
        all.addAll(Files.readAllLines(log));
        assertThat(all).hasSize(60);
        assertThat(all.getLast()).endsWith("line 60");
    }

    @Test
    void usageAndStatusAreTold() {
        ContainerStats stats = lab.runtime.containerStats(ContainerStatsRequest.newBuilder().setContainerId(shell).build()).getStats();
        assertThat(stats.getMemory().getWorkingSetBytes().getValue()).isPositive();
        PodSandboxStats podStats =
                lab.runtime.podSandboxStats(PodSandboxStatsRequest.newBuilder().setPodSandboxId(sandbox).build()).getStats();
        assertThat(podStats.getLinux().getCpu().getUsageCoreNanoSeconds().getValue()).isPositive();
        assertThat(podStats.getLinux().getNetwork().getDefaultInterface().getName()).isEqualTo("eth0");
        PodSandboxStatusResponse status = lab.runtime.podSandboxStatus(
                PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(true).build());
        assertThat(status.getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
        assertThat(status.getStatus().getNetwork().getIp()).startsWith(LabNode.network(lab.root) + ".");
        assertThat(status.getInfoOrThrow("info")).contains("pssBytes", "scratchUsedBytes", "phasesNanos", "\"plan\"");
        assertThat(lab.runtime.status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoOrThrow("hypervisor")).startsWith("qemu");
    }

    @Test
    void eventsAreTold() {
        Iterator<ContainerEventResponse> events = lab.runtime.withDeadlineAfter(30, java.util.concurrent.TimeUnit.SECONDS)
                .getContainerEvents(GetEventsRequest.getDefaultInstance());
        String container = lab.start(sandbox, lab.container("brief", "true"));
        boolean stopped = false;
        while (!stopped) {
            ContainerEventResponse event = events.next();
            stopped = event.getContainerId().equals(container)
                    && event.getContainerEventType() == ContainerEventType.CONTAINER_STOPPED_EVENT;
        }
    }

    private static StreamClient exec(boolean tty, String... command) {
        String address = lab.runtime.exec(ExecRequest.newBuilder()
                        .setContainerId(shell)
                        .addAllCmd(List.of(command))
                        .setTty(tty)
                        .setStdin(true)
                        .setStdout(true)
                        .setStderr(!tty)
                        .build())
                .getUrl();
        return new StreamClient(address, "v5.channel.k8s.io");
    }

    private static String finished(String container) {
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        return container;
    }

    private static void stop(String container, long seconds) {
        lab.runtime.stopContainer(StopContainerRequest.newBuilder().setContainerId(container).setTimeout(seconds).build());
    }

    private static Status.Code status(ThrowableAssert.ThrowingCallable call) {
        Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(call);
        assertThat(thrown).isInstanceOf(StatusRuntimeException.class);
        return ((StatusRuntimeException) thrown).getStatus().getCode();
    }

    private static Mount.Builder mount(String inContainer, Path onHost) {
        return Mount.newBuilder().setContainerPath(inContainer).setHostPath(onHost.toString());
    }

    private static String sha256(byte[] bytes) throws Exception {
        return java.util.HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
