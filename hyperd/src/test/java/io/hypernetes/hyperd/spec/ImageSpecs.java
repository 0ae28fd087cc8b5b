package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import io.hypernetes.images.ImageArchive;
import io.hypernetes.images.ImageConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Images, pulled from a registry of the tests' own (Debian's, filled by skopeo).
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ImageSpecs {
    private final Bench bench;
    private final Path folder;
    private Process registry;
    private int port;

    ImageSpecs(Bench bench, Path folder) {
        this.bench = bench;
        this.folder = Path.of(folder.toString(), "registry");
    }

    @BeforeAll
    void startRegistry() throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.createDirectories(folder.resolve("data"));
        Path config = Files.writeString(folder.resolve("config.yml"), """
                version: 0.1
                log: {level: warn}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: 127.0.0.1:%d}
                """.formatted(folder.resolve("data"), port));
        registry = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        await().atMost(Bench.SOON).until(() -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException notYet) {
                return false;
            }
        });
        push(image("tag", ""), "test-image-tag:test", "test-image-tag:all", "other/test-image-tag:test", "test-image-latest:latest",
                "test-image-tags:1", "test-image-tags:2", "test-image-tags:3");
        for (int i = 1; i <= 3; i++) {
            push(image("different" + i, ""), "test-image-" + i + ":latest");
        }
        push(image("uid", "1002"), "test-image-user-uid:latest");
        push(image("name", "www-data"), "test-image-user-username:latest");
        push(image("uid-group", "1003:users"), "test-image-user-uid-group:latest");
        push(image("name-group", "www-data:100"), "test-image-user-username-group:latest");
    }

    @AfterAll
    void stopRegistry() throws Exception {
        if (registry != null) {
            registry.destroyForcibly().waitFor();
        }
    }

    private static ImageArchive image(String content, String user) throws IOException {
        ImageArchive image = new ImageArchive(
                "hypernetes.io/pushed:1",
                new ImageConfig(List.of(), List.of("/bin/sleep", "1000"), List.of(), user, "/", "", List.of(), List.of(), Map.of()));
        image.file("bin/sleep", 0755, Path.of("/usr/bin/busybox"));
        image.file("content", 0644, content.getBytes(StandardCharsets.UTF_8));
        return image;
    }

    private void push(ImageArchive image, String... names) throws Exception {
        Path archive = folder.resolve("pushed.tar");
        image.writeTo(archive);
        for (String name : names) {
            Process skopeo = new ProcessBuilder(
                            "skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "oci-archive:" + archive,
                            "docker://" + name(name))
                    .inheritIO()
                    .start();
            assertThat(skopeo.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(skopeo.exitValue()).isZero();
        }
        Files.delete(archive);
    }

    private String name(String rest) {
        return "127.0.0.1:" + port + "/" + rest;
    }

    private static ImageSpec spec(String name) {
        return ImageSpec.newBuilder().setImage(name).build();
    }

    private String pull(String name) {
        return bench.images.pullImage(PullImageRequest.newBuilder().setImage(spec(name)).build()).getImageRef();
    }

    private ImageStatusResponse status(String name) {
        return bench.images.imageStatus(ImageStatusRequest.newBuilder().setImage(spec(name)).build());
    }

    private List<Image> list() {
        return bench.images.listImages(ListImagesRequest.getDefaultInstance()).getImagesList();
    }

    private void remove(String name) {
        bench.images.removeImage(RemoveImageRequest.newBuilder().setImage(spec(name)).build());
        assertThat(status(name).hasImage()).isFalse();
    }

    @Test
    @DisplayName("public image with tag, without tag and with digest should be pulled and removed [Conformance]")
    void pulledAndRemoved() {
        String tagged = name("test-image-tag:test");
        pull(tagged);
        Image image = status(tagged).getImage();
        assertThat(image.getRepoTagsList()).containsExactly(tagged);
        assertThat(image.getSize()).isPositive();
        String digest = image.getRepoDigests(0);
        remove(tagged);
        pull(name("test-image-latest"));
        assertThat(status(name("test-image-latest")).getImage().getRepoTagsList()).containsExactly(name("test-image-latest:latest"));
        remove(name("test-image-latest"));
        pull(digest);
        assertThat(status(digest).getImage().getRepoTagsList()).isEmpty();
        assertThat(status(digest).getImage().getRepoDigestsList()).containsExactly(digest);
        remove(digest);
    }

    @Test
    @DisplayName("public image should timeout if requested [Conformance]")
    void timeout() {
        assertThat(Bench.failure(() -> bench.images.withDeadlineAfter(1, TimeUnit.MILLISECONDS)
                        .pullImage(PullImageRequest.newBuilder().setImage(spec(name("test-image-1:latest"))).build())))
                .isEqualTo(io.grpc.Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    @DisplayName("image status should support all kinds of references [Conformance]")
    void references() {
        String name = name("test-image-tag:all");
        pull(name);
        Image image = status(name).getImage();
        List<String> references = new ArrayList<>(List.of(image.getId()));
        references.addAll(image.getRepoTagsList());
        references.addAll(image.getRepoDigestsList());
        assertThat(references).hasSizeGreaterThanOrEqualTo(3);
        references.forEach(reference -> assertThat(status(reference).getImage()).as(reference).isEqualTo(image));
        remove(name);
    }

    @Test
    @DisplayName("image status get image fields should not have Uid|Username empty [Conformance]")
    void users() {
        Map.of("uid", "1002/", "username", "0/www-data", "uid-group", "1003/", "username-group", "0/www-data").forEach((kind, expected) -> {
            String name = name("test-image-user-" + kind);
            pull(name);
            Image image = status(name).getImage();
            assertThat(image.getUid().getValue() + "/" + image.getUsername()).as(kind).isEqualTo(expected);
            remove(name);
        });
    }

    @Test
    @DisplayName("listImage should get exactly 3 image in the result list, and exactly 3 repoTags in the result image [Conformance]")
    void lists() {
        for (int i = 1; i <= 3; i++) {
            String name = name("test-image-" + i + ":latest");
            String id = pull(name);
            assertThat(list()).filteredOn(image -> image.getId().equals(id)).singleElement()
                    .satisfies(image -> assertThat(image.getRepoTagsList()).containsExactly(name));
        }
        List<String> tags = List.of(name("test-image-tags:1"), name("test-image-tags:2"), name("test-image-tags:3"));
        List<String> ids = tags.stream().map(this::pull).distinct().toList();
        assertThat(ids).hasSize(1);
        assertThat(list()).filteredOn(image -> image.getId().equals(ids.getFirst())).singleElement()
                .satisfies(image -> assertThat(image.getRepoTagsList()).containsExactlyInAnyOrderElementsOf(tags));
        assertThat(bench.images.listImages(ListImagesRequest.newBuilder()
                                .setFilter(ImageFilter.newBuilder().setImage(spec(tags.getLast())))
                                .build())
                        .getImagesList())
                .hasSize(1);
        for (int i = 1; i <= 3; i++) {
            remove(name("test-image-" + i + ":latest"));
        }
        remove(ids.getFirst());
    }

    @Test
    @DisplayName("removing image by one tag should remove all tags, removing image from one registry should remove all tags from other registries [Conformance]")
    void removal() {
        pull(name("test-image-tags:1"));
        pull(name("test-image-tags:2"));
        pull(name("other/test-image-tag:test"));
        remove(name("test-image-tags:1"));
        assertThat(status(name("test-image-tags:2")).hasImage()).isFalse();
        assertThat(status(name("other/test-image-tag:test")).hasImage()).isFalse();
        assertThat(list()).flatMap(Image::getRepoTagsList).noneMatch(tag -> tag.contains("test-image-tag"));
    }

    @Test
    @DisplayName("should list and get image status immediately after pulling, should not after removal; should not fail on simultaneous RemoveImage calls; RemoveImage should not return an error if not found [Conformance]")
    void consistency() throws Exception {
        String name = name("test-image-tag:test");
        String id = pull(name);
        assertThat(list()).flatMap(Image::getRepoTagsList).contains(name);
        List<Callable<Boolean>> removals = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            removals.add(() -> {
                bench.images.removeImage(RemoveImageRequest.newBuilder().setImage(spec(id)).build());
                return status(id).hasImage();
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Boolean> still : threads.invokeAll(removals)) {
                assertThat(still.get()).isFalse();
            }
        }
        assertThat(list()).flatMap(Image::getRepoTagsList).doesNotContain(name);
        String nothing = "0".repeat(64);
        remove(nothing);
        remove(nothing);
    }

    @Test
    @DisplayName("ImageFsInfo usage should increase momentarily when an image is pulled, should decrease eventually when an image is removed")
    void usage() {
        long before = used();
        pull(name("test-image-3:latest"));
        assertThat(used()).isGreaterThan(before);
        remove(name("test-image-3:latest"));
        await().atMost(Bench.SOON).until(() -> used() <= before);
    }

    private long used() {
        ImageFsInfoResponse info = bench.images.imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
        assertThat(info.getImageFilesystems(0).getFsId().getMountpoint()).isNotEmpty();
        return info.getImageFilesystems(0).getUsedBytes().getValue();
    }

    @Test
    @DisplayName("should return the same image identifier across all APIs, and when pulled from different registries [Conformance]")
    void identifiers() {
        String id = pull(name("test-image-2:latest"));
        assertThat(status(name("test-image-2:latest")).getImage().getId()).isEqualTo(id);
        ContainerConfig.Builder asked = ContainerConfig.newBuilder()
                .setMetadata(ContainerMetadata.newBuilder().setName(bench.name("identifier")).setAttempt(2))
                .setImage(ImageSpec.newBuilder().setImage(id).setUserSpecifiedImage(name("test-image-2:latest")));
        String container = bench.lab.start(bench.sandbox, asked);
        assertThat(bench.lab.status(container).getImageId()).isEqualTo(id);
        assertThat(bench.containers(ContainerFilter.newBuilder().setId(container)).getFirst().getImageId()).isEqualTo(id);
        bench.removeContainer(container);
        assertThat(pull(name("test-image-tag:test"))).isEqualTo(pull(name("other/test-image-tag:test")));
        remove(name("test-image-tag:test"));
    }
}
