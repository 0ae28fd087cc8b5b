package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.cri.v1.*;
import io.hypernetes.images.ImageArchive;
import io.hypernetes.images.ImageConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Pods that bring their kernel as an image: Debian's cloud kernel, packed here, whole and with parts missing; and the project's own, when it
/// has been built (`HYPERNETES_TEST_KERNEL`). Needs root and QEMU.
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnKernelTest {
    private static final List<String> NEEDED = List.of(
            "virtio_mmio", "virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "virtio_rng", "crc32c_generic", "squashfs", "overlay", "ext4");

    @TempDir
    static Path folder;

    @Test
    void podsBootTheKernelThatTheyBring() throws Exception {
        Lab.require();
        Path own = Path.of(System.getenv().getOrDefault("HYPERNETES_TEST_KERNEL", "/nonexistent"));
        String kernels = "debian=kernels/debian:1,poor=kernels/poor:1,none=kernels/none:1,hyper=kernels/hyper:1";
        try (Lab lab = new Lab(folder, false, "-Dkernels=" + kernels)) {
            String version = version();
            lab.load(packed("kernels/debian:1", version, Set.of()), "debian");
            lab.load(packed("kernels/poor:1", version, Set.of("squashfs", "overlay")), "poor");
            lab.load(new ImageArchive("kernels/none:1", config()).file("etc/nothing", 0644, "no kernel".getBytes(StandardCharsets.UTF_8)), "none");

            assertThatThrownBy(() -> lab.run(asking(lab, "foreign", "windows")))
                    .hasMessageContaining("no kernel 'windows'").hasMessageContaining("debian, hyper, none, poor");
            assertThatThrownBy(() -> lab.run(asking(lab, "none", "none"))).hasMessageContaining("/boot/vmlinuz*, and there is none");
            assertThatThrownBy(() -> lab.run(asking(lab, "poor", "poor"))).hasMessageContaining("squashfs, overlay");
            assertThatThrownBy(() -> lab.run(asking(lab, "missing", "hyper"))).hasMessageContaining("kernels/hyper:1 is not to be had");

            String sandbox = lab.run(asking(lab, "brings", "debian"));
            String container = lab.start(sandbox, lab.container("main", "sleep", "1000"));
            assertThat(lab.exec(container, "uname", "-r").getStdout().toStringUtf8()).isEqualTo(version + "\n");
            assertThat(bootedFrom(lab)).as("files that its machine booted").isNotEmpty().allMatch(path -> path.startsWith(folder.resolve("state/kernels").toString()));
            lab.remove(sandbox);
            assertThat(lab.leaks()).isEmpty();

            // By its runtime handler, and without another probe: the answer is kept.
            lab.kill();
            lab.start();
            String again = lab.runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(lab.pod("handler")).setRuntimeHandler("debian").build())
                    .getPodSandboxId();
            assertThat(Files.readString(folder.resolve("node.log")).lines().filter(line -> line.contains("event=kernel-probed") && line.contains("name=debian"))).hasSize(1);
            lab.remove(again);
            if (Files.exists(own.resolve("vmlinux"))) {
                lab.load(hyper(own), "hyper");
                String small = lab.run(asking(lab, "small", "hyper"));
                lab.remove(small);
            }
            Footprint.of(folder).isOf(0, "the end");
            assertThat(lab.leaks()).isEmpty();
        }
    }

    private static PodSandboxConfig asking(Lab lab, String pod, String kernel) {
        return lab.pod(pod).toBuilder().putAnnotations("hypernetes.io/kernel", kernel).build();
    }

    private static List<String> bootedFrom(Lab lab) throws Exception {
        String pid = Footprint.of(lab.root).machines().getFirst();
        String[] line = Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1).split("\0");
        return Stream.of("-kernel", "-initrd").map(word -> line[List.of(line).indexOf(word) + 1]).toList();
    }

    private static String version() throws Exception {
        try (Stream<Path> files = Files.list(Path.of("/boot"))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.matches("vmlinuz-.*-cloud-.*")).sorted().findFirst().orElseThrow().substring(8);
        }
    }

    private static ImageConfig config() {
        return new ImageConfig(List.of(), List.of(), List.of(), "", "", "", List.of(), List.of(), Map.of());
    }

    /// A kernel image as a distribution's package would make it, with the modules that guests need but those left out.
    private static ImageArchive packed(String name, String version, Set<String> leftOut) throws Exception {
        Path modules = Path.of("/lib/modules", version);
        ImageArchive image = new ImageArchive(name, config());
        image.file("boot/vmlinuz-" + version, 0644, Path.of("/boot/vmlinuz-" + version));
        image.file("boot/config-" + version, 0644, Path.of("/boot/config-" + version));
        image.nextLayer();
        Map<String, List<String>> needs = new HashMap<>();
        for (String line : Files.readAllLines(modules.resolve("modules.dep"))) {
            int colon = line.indexOf(':');
            needs.put(moduleName(line.substring(0, colon)), Stream.concat(Stream.of(line.substring(0, colon)), Stream.of(line.substring(colon + 1).trim().split(" "))).filter(file -> !file.isEmpty()).toList());
        }
        Set<String> files = new TreeSet<>();
        for (String module : NEEDED) {
            if (!leftOut.contains(module)) {
                collect(module, needs, files, new LinkedHashSet<>());
            }
        }
        StringBuilder list = new StringBuilder();
        for (String file : files) {
            image.file("lib/modules/" + version + "/" + file, 0644, modules.resolve(file));
            list.append(file).append(": ").append(String.join(" ", needs.get(moduleName(file)).subList(1, needs.get(moduleName(file)).size()))).append('\n');
        }
        image.file("lib/modules/" + version + "/modules.dep", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
        image.file("lib/modules/" + version + "/modules.builtin", 0644, modules.resolve("modules.builtin"));
        return image;
    }

    private static void collect(String module, Map<String, List<String>> needs, Set<String> files, Set<String> seen) {
        if (seen.add(module)) {
            for (String file : needs.getOrDefault(module, List.of())) {
                files.add(file);
                collect(moduleName(file), needs, files, seen);
            }
        }
    }

    private static String moduleName(String file) {
        return file.replaceFirst(".*/", "").replaceFirst("\\.ko.*", "").replace('-', '_');
    }

    private static ImageArchive hyper(Path own) throws Exception {
        String version = Files.readString(own.resolve("version")).strip();
        ImageArchive image = new ImageArchive("kernels/hyper:1", config());
        image.file("boot/vmlinuz-" + version, 0644, own.resolve("vmlinux"));
        return image.file("boot/config-" + version, 0644, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n".getBytes(StandardCharsets.UTF_8));
    }
}
