package io.hypernetes.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestKernelsTest {
    private static final List<String> NAMES = List.of(
            "virtio_mmio", "virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "virtio-rng", "crc32c_generic", "squashfs", "overlay");

    @TempDir
    Path temp;

    private GuestKernels kernels;

    @BeforeEach
    void layOut() throws Exception {
        Files.createDirectories(temp.resolve("boot"));
        Files.writeString(temp.resolve("hyperstart"), "init");
        kernels = new GuestKernels(
                temp.resolve("own"), temp.resolve("boot"), temp.resolve("modules"), temp.resolve("hyperstart"), temp.resolve("cache"));
    }

    private void packaged(String version) throws Exception {
        Files.writeString(temp.resolve("boot/vmlinuz-" + version), "kernel");
        Path folder = Files.createDirectories(temp.resolve("modules").resolve(version));
        StringBuilder dep = new StringBuilder("fs/ext4.ko: fs/jbd2.ko lib/crc16.ko\nfs/jbd2.ko:\nlib/crc16.ko: lib/first.ko\nlib/first.ko:\n");
        for (String name : NAMES) {
            dep.append(name).append(".ko:\n");
            Files.writeString(folder.resolve(name + ".ko"), name);
        }
        Files.createDirectories(folder.resolve("fs"));
        Files.createDirectories(folder.resolve("lib"));
        for (String file : List.of("fs/ext4.ko", "fs/jbd2.ko", "lib/crc16.ko", "lib/first.ko")) {
            Files.writeString(folder.resolve(file), file);
        }
        Files.writeString(folder.resolve("modules.dep"), dep);
    }

    @Test
    void theNewestPackagedKernelGetsItsModulesInLoadOrder() throws Exception {
        packaged("6.1.0-9-cloud-amd64");
        packaged("6.1.0-56-cloud-amd64");
        GuestKernel found = kernels.find();
        assertThat(found.version()).isEqualTo("6.1.0-56-cloud-amd64");
        assertThat(found.needsAcpi()).isTrue();
        String archive = Files.readString(found.initramfs(), StandardCharsets.ISO_8859_1);
        assertThat(archive).contains("/lib/modules/virtio_rng.ko\n");
        assertThat(archive.indexOf("/lib/modules/first.ko\n"))
                .isLessThan(archive.indexOf("/lib/modules/crc16.ko\n"))
                .isPositive();
        assertThat(archive.indexOf("/lib/modules/crc16.ko\n")).isLessThan(archive.indexOf("/lib/modules/ext4.ko\n"));
        assertThat(kernels.find()).isEqualTo(found);
        Files.writeString(temp.resolve("hyperstart"), "another init");
        assertThat(kernels.find().initramfs()).isNotEqualTo(found.initramfs());
    }

    @Test
    void whatIsAskedForLaterIsFoundByAllItsNames() throws Exception {
        String version = "6.1.0-56-cloud-amd64";
        packaged(version);
        Path folder = temp.resolve("modules").resolve(version);
        for (String file : List.of("fuse", "loop", "nft_chain_nat", "unused")) {
            Files.writeString(folder.resolve(file + ".ko"), "module " + file);
        }
        Files.writeString(folder.resolve("modules.dep"), Files.readString(folder.resolve("modules.dep")) + "fuse.ko:\nloop.ko:\nnft_chain_nat.ko: loop.ko\nunused.ko:\n");
        Files.writeString(folder.resolve("modules.alias"), """
                # Aliases extracted from modules themselves.
                alias devname:fuse fuse
                alias char-major-10-229 fuse
                alias block-major-7-* loop
                alias nft-chain-2-nat nft_chain_nat
                alias pci:v00001AF4d* virtio_pci
                alias char-major-1-1 unused
                """);
        String archive = Files.readString(kernels.find().initramfs(), StandardCharsets.ISO_8859_1);
        assertThat(archive).contains("demand/aliases", "block-major-7 loop\nchar-major-10-229 fuse\nnft-chain-2-nat nft_chain_nat\n", "loop.ko\nnft_chain_nat.ko\n", "module fuse")
                .doesNotContain("unused", "devname");
    }

    @Test
    void whatWasMadeIsMadeAgainOnlyWhenSomethingChanged() throws Exception {
        packaged("6.1.0-56-cloud-amd64");
        GuestKernel found = kernels.find();
        assertThat(kernels.find()).isSameAs(found);
        Files.delete(found.initramfs());
        assertThat(kernels.find()).isEqualTo(found).isNotSameAs(found);
        assertThat(found.initramfs()).exists();
        Path other = Files.writeString(temp.resolve("other"), "1n1t");
        Files.move(other, temp.resolve("hyperstart"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(kernels.find().initramfs()).as("as long as the one before").isNotEqualTo(found.initramfs());
        packaged("6.1.0-57-cloud-amd64");
        assertThat(kernels.find().version()).isEqualTo("6.1.0-57-cloud-amd64");
    }

    @Test
    void modulesLoseTheirSignaturesWhereTheKernelDoesNotInsist() throws Exception {
        packaged("6.1.0-56-cloud-amd64");
        String signed = "the module" + "SIGNATURE" + "xxxxxxxx\0\0\0\u0009" + "~Module signature appended~\n";
        Files.writeString(temp.resolve("modules/6.1.0-56-cloud-amd64/overlay.ko"), signed, StandardCharsets.ISO_8859_1);
        assertThat(Files.readString(kernels.find().initramfs(), StandardCharsets.ISO_8859_1)).contains(signed);
        Path config = Files.writeString(temp.resolve("boot/config-6.1.0-56-cloud-amd64"), "CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\n");
        assertThat(Files.readString(kernels.find().initramfs(), StandardCharsets.ISO_8859_1)).contains(signed);
        Files.writeString(config, "CONFIG_MODULE_SIG=y\n# CONFIG_MODULE_SIG_FORCE is not set\n");
        assertThat(Files.readString(kernels.find().initramfs(), StandardCharsets.ISO_8859_1)).contains("the module").doesNotContain("SIGNATURE");
    }

    @Test
    void aKernelOfOurOwnComesFirstAndNeedsNoModules() throws Exception {
        packaged("6.1.0-56-cloud-amd64");
        Path own = Files.createDirectories(temp.resolve("own"));
        Files.writeString(own.resolve("vmlinux"), "kernel");
        Files.writeString(own.resolve("version"), "6.1.192-hyper\n");
        GuestKernel found = kernels.find();
        assertThat(found.version()).isEqualTo("6.1.192-hyper");
        assertThat(found.image()).isEqualTo(own.resolve("vmlinux"));
        assertThat(found.needsAcpi()).isFalse();
    }

    @Test
    void saysWhatToDoWhenSomethingIsMissing() throws Exception {
        assertThatThrownBy(kernels::find).isInstanceOf(HypervisorException.class).hasMessageContaining("install linux-image-cloud-amd64");
        packaged("6.1.0-56-cloud-amd64");
        Path dep = temp.resolve("modules/6.1.0-56-cloud-amd64/modules.dep");
        Files.writeString(dep, Files.readString(dep).replace("squashfs.ko:\n", ""));
        assertThatThrownBy(kernels::find).hasMessageContaining("has no module squashfs");
        Files.writeString(dep.resolveSibling("modules.builtin"), "kernel/fs/squashfs.ko\n");
        assertThat(kernels.find()).isNotNull();
        Files.delete(temp.resolve("hyperstart"));
        assertThatThrownBy(kernels::find).hasMessageContaining("make -C hyperstart");
    }

    @Test
    void theArchiveIsOneThatOthersRead() throws Exception {
        Cpio cpio = new Cpio();
        cpio.device("dev/console", 5, 1);
        cpio.file("lib/modules/a.ko", 0644, new byte[5]);
        cpio.file("init", 0755, "x".getBytes(StandardCharsets.UTF_8));
        Path archive = Files.write(temp.resolve("a.cpio"), cpio.finish());
        Process list = new ProcessBuilder("sh", "-c", "cpio -itv 2>&1 < " + archive).start();
        String listed = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        org.junit.jupiter.api.Assumptions.assumeFalse(listed.contains("not found"), "needs cpio");
        assertThat(listed).contains("crw-------").contains("5,   1").contains("dev/console").contains("-rwxr-xr-x").contains("lib/modules/a.ko");
    }
}
