package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// What containers find at mount points, and their logs.
abstract class FileSpecs {
    private final Bench bench;
    private final Path folder;

    FileSpecs(Bench bench, Path folder) {
        this.bench = bench;
        this.folder = folder;
    }

    private Path hostFolder() throws IOException {
        Path host = Files.createTempDirectory(folder, "host");
        Files.createFile(host.resolve("testVolume.file"));
        return host;
    }

    private static Mount.Builder mount(Path host, String inContainer) {
        return Mount.newBuilder().setHostPath(host.toString()).setContainerPath(inContainer).setSelinuxRelabel(true);
    }

    @Test
    @DisplayName("runtime should support starting container with volume [Conformance]")
    void volume() throws Exception {
        Path host = hostFolder();
        Files.writeString(Files.createDirectories(host.resolve("a/b")).resolve("deep"), "deep\n");
        Files.createSymbolicLink(host.resolve("link"), Path.of("a/b/deep"));
        String id = bench.running(bench.idle("volume").addMounts(mount(host, host.toString())));
        assertThat(bench.exec(id, "ls", "-A", host.toString())).isEqualTo("a\nlink\ntestVolume.file\n");
        assertThat(bench.exec(id, "cat", host + "/link")).isEqualTo("deep\n");
        // A copy: what either side writes is its own.
        bench.exec(id, "touch", host + "/of-the-container");
        assertThat(host.resolve("of-the-container")).doesNotExist();
        Mount seen = bench.lab.status(id).getMounts(0);
        assertThat(seen.getHostPath()).isEqualTo(host.toString());
        assertThat(seen.getReadonly()).isFalse();
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support starting container with volume when host path is a symlink [Conformance]")
    void volumeBehindALink() throws Exception {
        Path host = hostFolder();
        Path link = Files.createSymbolicLink(folder.resolve(host.getFileName() + "-symlink"), host);
        String id = bench.running(bench.idle("volume-link").addMounts(mount(link, link.toString())));
        assertThat(bench.exec(id, "ls", "-A", link.toString())).isEqualTo("testVolume.file\n");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("should support recursive readonly mounts")
    void recursivelyReadOnly() throws Exception {
        assertThat(bench.runtime.status(StatusRequest.getDefaultInstance()).getRuntimeHandlersList())
                .allMatch(handler -> handler.getFeatures().getRecursiveReadOnlyMounts());
        Path host = hostFolder();
        Files.createDirectory(host.resolve("tmpfs"));
        String id = bench.running(
                bench.idle("read-only").addMounts(mount(host, "/mnt").setReadonly(true).setRecursiveReadOnly(true)));
        ExecSyncResponse denied = bench.lab.exec(id, "touch", "/mnt/tmpfs/foo");
        assertThat(denied.getExitCode()).isNotZero();
        assertThat(denied.getStderr().toStringUtf8()).contains("Read-only file system");
        assertThat(bench.lab.status(id).getMounts(0).getRecursiveReadOnly()).isTrue();
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("should reject a recursive readonly mount with PROPAGATION_HOST_TO_CONTAINER, PROPAGATION_BIDIRECTIONAL or ReadOnly: false")
    void recursivelyReadOnlyContradictions() throws Exception {
        Path host = hostFolder();
        for (Mount.Builder mount : List.of(
                mount(host, "/mnt").setReadonly(true).setRecursiveReadOnly(true).setPropagation(MountPropagation.PROPAGATION_HOST_TO_CONTAINER),
                mount(host, "/mnt").setReadonly(true).setRecursiveReadOnly(true).setPropagation(MountPropagation.PROPAGATION_BIDIRECTIONAL),
                mount(host, "/mnt").setRecursiveReadOnly(true))) {
            assertThat(Bench.failure(() -> bench.lab.create(bench.sandbox, bench.idle("contradiction").addMounts(mount))))
                    .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
        }
    }

    @Test
    @DisplayName("mounts that a machine cannot have are refused: devices, kernel file systems, missing and too large folders")
    void refusedMounts() throws Exception {
        Path large = Files.createDirectory(folder.resolve("large"));
        for (int i = 0; i < 9; i++) {
            Files.write(large.resolve("part" + i), new byte[4 << 20]);
        }
        for (Path path : List.of(Path.of("/dev"), Path.of("/proc/sys"), Path.of("/"), folder.resolve("missing"), large)) {
            assertThat(Bench.failure(() -> bench.lab.create(bench.sandbox, bench.idle("refused").addMounts(mount(path, "/mnt")))))
                    .as(path.toString())
                    .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
        }
    }

    private static Mount.Builder image(String image) {
        return Mount.newBuilder()
                .setContainerPath("/mnt/image-volume")
                .setReadonly(true)
                .setImage(ImageSpec.newBuilder().setImage(image).setUserSpecifiedImage(Lab.OTHER_IMAGE));
    }

    private String imageId(String name) {
        return bench.images.imageStatus(ImageStatusRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(name)).build())
                .getImage()
                .getId();
    }

    @Test
    @DisplayName("should return image digest in ContainerStatus mounts, should correctly mount image and enforce read-only")
    void imageVolume() {
        String id = imageId(Lab.OTHER_IMAGE);
        String container = bench.running(bench.idle("image-volume").addMounts(image(id)));
        assertThat(bench.lab.status(container).getMounts(0).getImage().getImageRef()).isEqualTo(id);
        assertThat(bench.exec(container, "cat", "/mnt/image-volume/etc/lab", "/mnt/image-volume/etc/third"))
                .isEqualTo("second layer\nthird layer\n");
        assertThat(bench.lab.exec(container, "touch", "/mnt/image-volume/test-write").getExitCode()).isNotZero();
        assertThat(bench.exec(container, "/mnt/image-volume/bin/ls", "/mnt/image-volume")).contains("bin");
        bench.removeContainer(container);
    }

    @Test
    @DisplayName("should reject Image Volume with Readonly set to false")
    void writableImageVolume() {
        assertThat(Bench.failure(() -> bench.lab.create(
                        bench.sandbox, bench.idle("image-volume").addMounts(image(Lab.OTHER_IMAGE).setReadonly(false)))))
                .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
    }

    @Test
    @DisplayName("subPath should succeed when using a valid subPath")
    void imageSubPath() {
        String container = bench.running(bench.idle("image-sub-path").addMounts(image(Lab.IMAGE).setImageSubPath("etc")));
        assertThat(bench.exec(container, "ls", "/mnt/image-volume")).contains("passwd");
        assertThat(bench.lab.exec(container, "ls", "/mnt/image-volume/etc/passwd").getExitCode()).isNotZero();
        bench.removeContainer(container);
    }

    @Test
    @DisplayName("subPath should fail when subPath does not exist in the image")
    void imageWithoutSubPath() {
        ContainerConfig.Builder asked = bench.idle("image-no-path").addMounts(image(Lab.IMAGE).setImageSubPath("not-existing"));
        Bench.failure(() -> bench.lab.create(bench.sandbox, asked));
        assertThat(bench.containers(ContainerFilter.newBuilder().setPodSandboxId(bench.sandbox)))
                .noneMatch(container -> container.getMetadata().equals(asked.getMetadata()));
        assertThat(Bench.failure(() -> bench.lab.create(
                        bench.sandbox, bench.idle("image-out").addMounts(image(Lab.IMAGE).setImageSubPath("../etc")))))
                .isEqualTo(io.grpc.Status.Code.INVALID_ARGUMENT);
    }

    @Test
    @DisplayName("runtime should support starting container with log [Conformance]")
    void log() throws Exception {
        ContainerConfig.Builder asked = bench.lab.container(bench.name("log"), "echo", "hello World");
        ContainerStatus status = bench.finished(asked);
        List<String> lines = Files.readAllLines(Path.of(status.getLogPath()));
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+(Z|[+-]\\d\\d:\\d\\d) stdout F hello World");
        bench.removeContainer(status.getId());
    }

    @Test
    @DisplayName("runtime should support reopening container log [Conformance]")
    void reopenLog() throws Exception {
        String id = bench.running(bench.lab.container(bench.name("talker"), "sh", "-c", "while true; do echo hello World; sleep 0.2; done"));
        Path log = Path.of(bench.lab.status(id).getLogPath());
        await().atMost(Bench.SOON).until(() -> Files.size(log) > 0);
        Path moved = log.resolveSibling(log.getFileName() + ".new");
        Files.move(log, moved);
        bench.runtime.reopenContainerLog(ReopenContainerLogRequest.newBuilder().setContainerId(id).build());
        long size = Files.size(moved);
        assertThat(log).exists();
        await().atMost(Bench.SOON).until(() -> Files.size(log) > 0);
        assertThat(Files.size(moved)).as("the old log does not grow").isEqualTo(size);
        bench.removeContainer(id);
    }
}
