package io.hypernetes.bench;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.ContainerMetadata;
import io.hypernetes.cri.v1.CreateContainerRequest;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxPodSandboxConfig;
import io.hypernetes.cri.v1.NetworkConfig;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PodSandboxMetadata;
import io.hypernetes.cri.v1.PodSandboxStatusRequest;
import io.hypernetes.cri.v1.RemovePodSandboxRequest;
import io.hypernetes.cri.v1.RunPodSandboxRequest;
import io.hypernetes.cri.v1.RuntimeConfig;
import io.hypernetes.cri.v1.RuntimeServiceGrpc;
import io.hypernetes.cri.v1.StartContainerRequest;
import io.hypernetes.cri.v1.StatusRequest;
import io.hypernetes.cri.v1.StopPodSandboxRequest;
import io.hypernetes.cri.v1.UpdateRuntimeConfigRequest;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Starts pods one after another through the CRI socket, as a kubelet would, and removes each again.
final class CriPods implements AutoCloseable {
    private static final String IMAGE = "hypernetes.io/sample/busybox:1";
    private static final long PERIOD_MICROS = 100_000;
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ManagedChannel channel;
    private final RuntimeServiceGrpc.RuntimeServiceBlockingStub cri;

    /// What one start took, from the call of RunPodSandbox on.
    ///
    /// @param restored whether the guest itself says that its kernel was running before the pod was asked for
    /// @param processor what it took of the processors up to the same three points; empty when not asked for
    record Started(
            String sandbox, long readyNanos, long createdNanos, long outputNanos, boolean restored, Map<String, Long> phases, long pssBytes, List<ProcessorTime> processor) {}

    /// What else is wanted of a start.
    ///
    /// @param vcpus limit of the pod in whole processors, 0 for none
    /// @param engine whose processor time is taken, for whoever starts one pod at a time; null for none
    record Wish(int vcpus, @Nullable ProcessHandle engine) {
        private void note(List<ProcessorTime> noted) throws IOException {
            if (engine != null) {
                noted.add(ProcessorTime.of(engine));
            }
        }
    }

    CriPods(Path folder, Path home) throws IOException {
        this.folder = folder;
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(folder.resolve("run/cri.sock").toFile()))
                .eventLoopGroup(loop)
                .channelType(EpollDomainSocketChannel.class)
                .overrideAuthority("localhost")
                .usePlaintext()
                .build();
        cri = RuntimeServiceGrpc.newBlockingStub(channel);
        cri.updateRuntimeConfig(UpdateRuntimeConfigRequest.newBuilder()
                .setRuntimeConfig(RuntimeConfig.newBuilder().setNetworkConfig(NetworkConfig.newBuilder().setPodCidr("10.88.0.0/24")))
                .build());
        Process load = new ProcessBuilder(home.resolve("hypernetes").toString(), "image", "load-sample", "--root", folder.toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        if (load.onExit().join().exitValue() != 0) {
            throw new IOException("loading the sample image failed");
        }
    }

    /// Starts a pod with one container and waits for its first output.
    Started start(String name, Wish wish) throws IOException, InterruptedException {
        Path logs = Files.createDirectories(folder.resolve("log/pods/" + name));
        PodSandboxConfig config = PodSandboxConfig.newBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder().setName(name).setNamespace("bench").setUid(name))
                .setHostname(name)
                .setLogDirectory(logs.toString())
                .setLinux(LinuxPodSandboxConfig.newBuilder()
                        .setResources(LinuxContainerResources.newBuilder().setCpuPeriod(PERIOD_MICROS).setCpuQuota((long) wish.vcpus() * PERIOD_MICROS)))
                .build();
        List<ProcessorTime> noted = new ArrayList<>();
        wish.note(noted);
        try (WatchService watch = logs.getFileSystem().newWatchService()) {
            logs.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            long start = System.nanoTime();
            String sandbox = cri.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(config).build()).getPodSandboxId();
            long ready = System.nanoTime() - start;
            wish.note(noted);
            String container = cri.createContainer(CreateContainerRequest.newBuilder()
                            .setPodSandboxId(sandbox)
                            .setSandboxConfig(config)
                            .setConfig(ContainerConfig.newBuilder()
                                    .setMetadata(ContainerMetadata.newBuilder().setName("main"))
                                    .setImage(ImageSpec.newBuilder().setImage(IMAGE))
                                    .addCommand("sh").addCommand("-c").addCommand("read up rest < /proc/uptime; echo up $up; exec sleep 1000")
                                    .setLogPath("main.log"))
                            .build())
                    .getContainerId();
            long created = System.nanoTime() - start;
            wish.note(noted);
            cri.startContainer(StartContainerRequest.newBuilder().setContainerId(container).build());
            Path log = logs.resolve("main.log");
            while (!Files.exists(log) || Files.size(log) == 0) {
                var key = watch.poll(30, TimeUnit.SECONDS);
                if (key == null) {
                    throw new IOException("no output of " + name + " within 30 s");
                }
                key.pollEvents();
                key.reset();
            }
            long output = System.nanoTime() - start;
            wish.note(noted);
            String line = Files.readString(log);
            double uptime = Double.parseDouble(line.substring(line.indexOf("up ") + 3).strip());
            JsonNode info = JSON.readTree(cri.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(true).build())
                    .getInfoOrDefault("info", "{}"));
            Map<String, Long> phases = new LinkedHashMap<>();
            info.path("phasesNanos").properties().forEach(phase -> phases.put(phase.getKey(), phase.getValue().asLong()));
            // From the start of its machine on; before that it waited for its turn, an address and a disk.
            double age = (output - ready) + phases.getOrDefault("total", 0L) - phases.getOrDefault("network", 0L) - phases.getOrDefault("disk", 0L);
            return new Started(sandbox, ready, created, output, uptime * 1e9 > age, phases, info.path("pssBytes").asLong(),
                    noted.stream().skip(1).map(now -> now.minus(noted.getFirst())).toList());
        }
    }

    /// What a pod costs the host by now, in bytes.
    long pssBytes(String sandbox) throws IOException {
        return JSON.readTree(cri.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(true).build())
                        .getInfoOrDefault("info", "{}"))
                .path("pssBytes")
                .asLong();
    }

    void remove(String sandbox) {
        cri.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build());
        cri.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build());
    }

    /// How machines were started, what is ready and what waits, in the engine's words.
    String starts() {
        return cri.status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoOrDefault("starts", "");
    }

    @Override
    public void close() {
        channel.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
