package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.hypernetes.cri.v1.*;
import io.hypernetes.images.ImageArchive;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.linux.Cgroups;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A [LabNode] and a client of it.
public final class Lab implements AutoCloseable {
    public static final String IMAGE = "hypernetes.io/lab:1";
    public static final String OTHER_IMAGE = "hypernetes.io/lab:2";

    public final Path root;
    private final boolean templates;
    private final List<String> options;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private Process process;
    private BufferedReader output;
    private ManagedChannel channel;
    public RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime;
    public ImageServiceGrpc.ImageServiceBlockingStub images;

    public Lab(Path root) throws Exception {
        this(root, false);
    }

    /// @param templates whether machines start as copies
    /// @param options for the engine's Java: `-Dboot.seconds=30`, how long a guest may boot; `-Dboots=2`, how many may at a time;
    ///     `-Dkernels=NAME=IMAGE,…`, what pods may bring
    Lab(Path root, boolean templates, String... options) throws Exception {
        this.templates = templates;
        this.options = List.of(options);
        this.root = root;
        image(IMAGE).writeTo(root.resolve("lab.tar"));
        image(OTHER_IMAGE).nextLayer().file("etc/third", 0644, "third layer\n".getBytes(StandardCharsets.UTF_8)).writeTo(root.resolve("other.tar"));
        start();
    }

    /// Skips the test where there can be no machines, and builds what they are made of.
    public static void require() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "needs QEMU");
        for (String part : List.of("../jailer", "../hyperstart")) {
            assertThat(new ProcessBuilder("make", "-s", "-C", part).inheritIO().start().waitFor()).isZero();
        }
    }

    /// The image of most tests: busybox and a few users.
    public static ImageArchive image(String name) throws IOException {
        return image(name, new ImageConfig(
                List.of(), List.of("sh"), List.of("PATH=/bin", "FROM_IMAGE=yes"), "", "/", "", List.of(), List.of(), Map.of()));
    }

    /// The same, with another configuration.
    static ImageArchive image(String name, ImageConfig config) throws IOException {
        ImageArchive image = new ImageArchive(name, config);
        image.folder("tmp", 01777).folder("proc", 0755).folder("dev", 0755).folder("sys", 0755);
        image.file("bin/busybox", 0755, Path.of("/usr/bin/busybox"));
        for (String tool : List.of("sh", "cat", "echo", "sleep", "true", "false", "uname", "id", "ls", "seq", "env", "hostname",
                "stty", "nc", "wget", "sha256sum", "dd", "kill", "ps", "mount", "df", "date", "head", "touch", "yes", "cut", "pwd",
                "top", "ping", "netstat", "brctl", "chmod", "grep", "httpd", "mkdir", "sync", "rm")) {
            image.symbolicLink("bin/" + tool, "busybox");
        }
        image.file("etc/passwd", 0644, ("root:x:0:0:root:/root:/bin/sh\nweb:x:101:102:web:/:/bin/sh\n"
                        + "member:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n").getBytes(StandardCharsets.UTF_8));
        image.file("etc/group", 0644, "root:x:0:\nweb:x:102:\nmore:x:103:web\nmember:x:1000:\nclub:x:50000:member\nnobody:x:65534:\n".getBytes(StandardCharsets.UTF_8));
        image.nextLayer();
        image.file("etc/lab", 0644, "second layer\n".getBytes(StandardCharsets.UTF_8));
        return image;
    }

    void start() throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(options);
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile=" + Path.of("src/test/resources/logback-lab.xml").toAbsolutePath(),
                "-cp",
                System.getProperty("java.class.path"),
                LabNode.class.getName(),
                root.toString(),
                System.getenv().getOrDefault("HYPERNETES_TEST_KERNEL", "/nonexistent"),
                root.resolve("lab.tar").toString(),
                root.resolve("other.tar").toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(root.resolve("node.log").toFile()));
        if (templates) {
            builder.environment().put("HYPERNETES_TEST_TEMPLATES", "true");
        }
        process = builder.start();
        output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        while (line != null && !line.equals("ready")) {
            line = output.readLine();
        }
        assertThat(line).as("the node came up; else see %s", Files.readString(root.resolve("node.log"))).isEqualTo("ready");
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(root.resolve("run/cri.sock").toFile()))
                .channelType(EpollDomainSocketChannel.class)
                // A unix socket has no such option; gRPC sets it for all unless it is taken out.
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .eventLoopGroup(loop)
                .usePlaintext()
                .build();
        runtime = RuntimeServiceGrpc.newBlockingStub(channel);
        images = ImageServiceGrpc.newBlockingStub(channel);
    }

    /// Kills the engine as SIGKILL does and waits until it is gone.
    void kill() throws Exception {
        channel.shutdownNow();
        process.destroyForcibly().waitFor();
    }

    long pid() {
        return process.pid();
    }

    /// Kills the engine as SIGKILL does, and leaves it at that.
    void signalKill() {
        process.destroyForcibly();
    }

    /// Waits until the engine has ended by itself.
    ///
    /// @return false when it lives on
    boolean awaitDeath(Duration timeout) throws Exception {
        boolean dead = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (dead) {
            channel.shutdownNow();
        }
        return dead;
    }

    public List<String> leaks() throws IOException {
        return order("leaks");
    }

    /// Loads an image into the node.
    public void load(ImageArchive image, String name) throws IOException {
        Path archive = root.resolve(name.replaceAll("[/:]", "-") + ".tar");
        image.writeTo(archive);
        order("load " + archive);
        Files.delete(archive);
    }

    /// An address of this host by which pods and the host itself reach it.
    public String hostAddress() {
        return LabNode.network(root) + ".1";
    }

    /// Has the node do what [LabNode] lists.
    List<String> order(String order) throws IOException {
        process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        List<String> answer = new ArrayList<>();
        String line = output.readLine();
        while (line != null && !line.equals("done")) {
            answer.add(line);
            line = output.readLine();
        }
        assertThat(line).as("the node answers; else see its log").isEqualTo("done");
        return answer;
    }

    public PodSandboxConfig pod(String name) {
        return PodSandboxConfig.newBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder().setName(name).setNamespace("default").setUid("uid-" + name))
                .setHostname(name)
                .setLogDirectory(root.resolve("logs").resolve(name).toString())
                .putLabels("app", name)
                .build();
    }

    public ContainerConfig.Builder container(String name, String... command) {
        return ContainerConfig.newBuilder()
                .setMetadata(ContainerMetadata.newBuilder().setName(name))
                .setImage(ImageSpec.newBuilder().setImage(IMAGE))
                .addAllCommand(List.of(command))
                .setLogPath(name + ".log");
    }

    public String run(PodSandboxConfig pod) {
        return runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod).build()).getPodSandboxId();
    }

    public String create(String sandbox, ContainerConfig.Builder container) {
        return runtime.createContainer(CreateContainerRequest.newBuilder()
                        .setPodSandboxId(sandbox)
                        .setConfig(container)
                        .build())
                .getContainerId();
    }

    public String start(String sandbox, ContainerConfig.Builder container) {
        String id = create(sandbox, container);
        runtime.startContainer(StartContainerRequest.newBuilder().setContainerId(id).build());
        return id;
    }

    public ContainerStatus status(String container) {
        return runtime.containerStatus(ContainerStatusRequest.newBuilder().setContainerId(container).build()).getStatus();
    }

    public ExecSyncResponse exec(String container, String... command) {
        return runtime.execSync(ExecSyncRequest.newBuilder()
                .setContainerId(container)
                .addAllCmd(List.of(command))
                .setTimeout(60)
                .build());
    }

    <Q, A> A call(io.grpc.MethodDescriptor<Q, A> call, Q request) {
        return io.grpc.stub.ClientCalls.blockingUnaryCall(channel, call, io.grpc.CallOptions.DEFAULT, request);
    }

    public void pods(io.grpc.MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> call, String sandbox) {
        io.grpc.stub.ClientCalls.blockingUnaryCall(
                channel, call, io.grpc.CallOptions.DEFAULT, StopPodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build());
    }

    public void remove(String sandbox) {
        runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build());
        runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build());
    }

    /// The content of a log, without the words in front.
    public List<String> log(String pod, String container) throws IOException {
        return Files.readAllLines(root.resolve("logs").resolve(pod).resolve(container + ".log")).stream()
                .map(line -> line.split(" ", 4)[3])
                .toList();
    }

    /// A new version of a volume as the kubelet makes it: a folder of its own, and one link swapped to it.
    static void publish(Path volume, String version, String color) throws IOException {
        Path folder = Files.createDirectories(volume.resolve(".." + version));
        Files.writeString(folder.resolve("color"), color + "\n");
        Path link = volume.resolve("..data_tmp");
        Files.createSymbolicLink(link, Path.of(".." + version));
        Files.move(link, volume.resolve("..data"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws Exception {
        if (process.isAlive()) {
            Files.createFile(root.resolve("last"));
            process.getOutputStream().close();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        }
        Cgroups.discover().removeIfUnused(LabNode.cgroup(root));
        channel.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        String keep = System.getenv().getOrDefault("HYPERNETES_TEST_LOG", "");
        if (!keep.isEmpty()) {
            Files.copy(root.resolve("node.log"), Path.of(keep), StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
