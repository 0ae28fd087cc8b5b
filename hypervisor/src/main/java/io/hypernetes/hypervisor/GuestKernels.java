package io.hypernetes.hypervisor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds the kernel that guests boot by default and makes its initramfs: hyperstart as `/init` and the modules the kernel needs,
/// named in load order by `/lib/modules/order`.
///
/// A kernel of the project's own (`vmlinux` and `version` in the folder where `hypernetes kernel build` installs them) comes first,
/// else the newest packaged cloud kernel, unpacked once here ([KernelImage]) so that no guest does it at each boot. Safe for use by many
/// threads.
public final class GuestKernels {
    /// What a guest can do without no one: its disks, NIC, channel, random numbers and file systems. The checksum is asked for by
    /// ext4 by name only, so no dependency list shows it.
    private static final List<String> NEEDED = List.of(
            "virtio_mmio", "virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "virtio_rng", "crc32c_generic", "squashfs",
            "overlay", "ext4");

    /// What only some containers ask for, mostly privileged ones: links, packet filters, FUSE and loop devices. In the initramfs, loaded when the kernel
    /// wants it; 3 MB, which the machines of a template share.
    private static final List<String> ON_DEMAND = List.of(
            "quota_v2", "fuse", "loop", "tun", "veth", "dummy", "macvlan", "vxlan", "bridge", "br_netfilter",
            "nfnetlink", "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct", "nft_reject_inet", "nft_reject_ipv4", "nft_reject_ipv6",
            "nft_compat", "nft_limit", "nft_log", "nft_fib_inet", "nft_fib_ipv4", "nft_fib_ipv6", "nft_hash", "nft_numgen",
            "nf_conntrack", "nf_nat", "nf_conntrack_netlink",
            "ip_tables", "iptable_filter", "iptable_nat", "iptable_mangle", "iptable_raw", "ipt_REJECT",
            "ip6_tables", "ip6table_filter", "ip6table_nat", "ip6table_mangle", "ip6table_raw", "ip6t_REJECT",
            "xt_tcpudp", "xt_conntrack", "xt_state", "xt_addrtype", "xt_comment", "xt_multiport", "xt_nat", "xt_MASQUERADE", "xt_REDIRECT", "xt_mark",
            "xt_connmark", "xt_limit", "xt_owner", "xt_TCPMSS", "xt_LOG", "xt_statistic", "xt_recent");

    private final Path ownKernel;
    private final Path bootFolder;
    private final Path modulesFolder;
    private final Path hyperstart;
    private final Path cache;
    private volatile @Nullable Found last;

    /// What was found, and the files that it was made from as they were just before.
    private record Found(List<String> inputs, GuestKernel kernel) {}

    /// @param ownKernel folder of the project-built kernel; need not exist
    /// @param hyperstart the static init
    /// @param cache folder for initramfs files; made when needed, everything in it can be made again
    public GuestKernels(Path ownKernel, Path hyperstart, Path cache) {
        this(ownKernel, Path.of("/boot"), Path.of("/lib/modules"), hyperstart, cache);
    }

    GuestKernels(Path ownKernel, Path bootFolder, Path modulesFolder, Path hyperstart, Path cache) {
        this.ownKernel = ownKernel;
        this.bootFolder = bootFolder;
        this.modulesFolder = modulesFolder;
        this.hyperstart = hyperstart;
        this.cache = cache;
    }

    /// The kernel to use now, its initramfs made. Called for each pod, so what was made is made again only when its inputs have changed.
    ///
    /// @throws HypervisorException when there is no kernel, or hyperstart has not been built
    public GuestKernel find() {
        if (!Files.isRegularFile(hyperstart)) {
            throw new HypervisorException("no hyperstart at " + hyperstart + ": build it with make -C hyperstart");
        }
        try {
            Path vmlinux = ownKernel.resolve("vmlinux");
            if (Files.isRegularFile(vmlinux)) {
                return lastOr(List.of(vmlinux, ownKernel.resolve("version")), () -> own(vmlinux));
            }
            Path image = packaged().orElseThrow(() -> new HypervisorException("no guest kernel: neither " + vmlinux + " nor "
                    + bootFolder + "/vmlinuz-*-cloud-*; install linux-image-cloud-amd64 or run hypernetes kernel build"));
            String version = image.getFileName().toString().substring("vmlinuz-".length());
            Path modules = modulesFolder.resolve(version);
            // Installing modules writes their list anew, so the list stands for them.
            return lastOr(
                    List.of(image, config(version), modules.resolve("modules.dep"), modules.resolve("modules.builtin")),
                    () -> packaged(image, version));
        } catch (IOException failure) {
            throw new HypervisorException("preparing the guest kernel and its initramfs: " + failure, failure);
        }
    }

    /// A kernel that somebody brings, with its initramfs.
    ///
    /// @param tree with `/boot/vmlinuz*` and, unless all that guests need is built in, `/lib/modules/VERSION` with its `modules.dep`
    /// @param hyperstart the static init
    /// @param cache folder for what is made of it, of this kernel's own
    /// @throws HypervisorException when it lacks something; the message lists what
    public static GuestKernel ofTree(Path tree, Path hyperstart, Path cache) {
        try {
            KernelTree kernel = KernelTree.of(tree);
            GuestKernels own = new GuestKernels(Path.of("/nonexistent"), tree.resolve("boot"), kernel.modules(), hyperstart, cache);
            Path image = KernelImage.unpack(kernel.image(), kernel.version(), cache).orElse(kernel.image());
            if (!kernel.hasModules()) {
                return new GuestKernel(kernel.version(), image, own.initramfs(kernel.version(), List.of(), OnDemand.NOTHING), kernel.needsAcpi());
            }
            KernelModules modules = new KernelModules(kernel.modules());
            List<String> lacking = modules.lacking(NEEDED);
            if (!lacking.isEmpty()) {
                throw new HypervisorException("it has neither as modules nor built in: " + String.join(", ", lacking));
            }
            return new GuestKernel(
                    kernel.version(), image, own.initramfs(kernel.version(), modules.inLoadOrder(NEEDED), onDemand(modules)), kernel.needsAcpi());
        } catch (IOException failure) {
            throw new HypervisorException("reading it: " + failure, failure);
        }
    }

    private interface Making {
        GuestKernel make() throws IOException;
    }

    private GuestKernel lastOr(List<Path> files, Making making) throws IOException {
        List<String> inputs = new ArrayList<>(List.of(stamp(hyperstart)));
        for (Path file : files) {
            inputs.add(stamp(file));
        }
        Found found = last;
        if (found != null && found.inputs().equals(inputs) && Files.exists(found.kernel().image()) && Files.exists(found.kernel().initramfs())) {
            return found.kernel();
        }
        GuestKernel made = making.make();
        last = new Found(inputs, made);
        return made;
    }

    // Changes whenever the file does.
    private static String stamp(Path file) throws IOException {
        if (!Files.exists(file)) {
            return file + " absent";
        }
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return file + " " + attributes.fileKey() + " " + attributes.size() + " " + attributes.lastModifiedTime();
    }

    private GuestKernel own(Path vmlinux) throws IOException {
        String version = Files.readString(ownKernel.resolve("version")).strip();
        return new GuestKernel(version, vmlinux, initramfs(version, List.of(), OnDemand.NOTHING), false);
    }

    private GuestKernel packaged(Path image, String version) throws IOException {
        KernelModules modules = new KernelModules(modulesFolder.resolve(version));
        Path unpacked = KernelImage.unpack(image, version, cache).orElse(image);
        return new GuestKernel(version, unpacked, initramfs(version, modules.inLoadOrder(NEEDED), onDemand(modules)), true);
    }

    private Path config(String version) {
        return bootFolder.resolve("config-" + version);
    }

    private Optional<Path> packaged() throws IOException {
        if (!Files.isDirectory(bootFolder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(bootFolder)) {
            return files.filter(f -> f.getFileName().toString().matches("vmlinuz-.*-cloud-.*"))
                    .filter(f -> Files.isDirectory(modulesFolder.resolve(
                            f.getFileName().toString().substring("vmlinuz-".length()))))
                    .max(Comparator.comparing(f -> Runtime.Version.parse(sortable(f.getFileName().toString()))));
        }
    }

    /// `vmlinuz-6.1.0-56-cloud-amd64` as a version that compares by its numbers, `6.1.0.56`.
    private static String sortable(String name) {
        StringBuilder numbers = new StringBuilder();
        for (String part : name.substring("vmlinuz-".length()).split("[^0-9]+")) {
            if (!part.isEmpty() && numbers.length() < 40) {
                String number = part.replaceFirst("^0+(?=.)", "");
                numbers.append(numbers.isEmpty() ? "" : ".").append(number);
            }
            if (numbers.chars().filter(c -> c == '.').count() == 3) {
                break;
            }
        }
        // Runtime.Version takes no trailing zero element
        return numbers.toString().replaceAll("(\\.0)+$", "");
    }

    /// Modules that wait to be asked for.
    ///
    /// @param files by the module's name: all that it needs in load order, itself last
    /// @param aliases other names under which the kernel asks for them
    private record OnDemand(Map<String, List<Path>> files, Map<String, String> aliases) {
        static final OnDemand NOTHING = new OnDemand(Map.of(), Map.of());
    }

    // One that the kernel does not have, or has built in, is left out.
    private static OnDemand onDemand(KernelModules modules) throws IOException {
        Map<String, List<Path>> found = new TreeMap<>();
        for (String name : ON_DEMAND) {
            try {
                List<Path> files = modules.inLoadOrder(List.of(name));
                if (!files.isEmpty()) {
                    found.put(name, files);
                }
            } catch (HypervisorException absent) {
                continue;
            }
        }
        return new OnDemand(found, modules.aliases(found.keySet()));
    }

    /// Whether this kernel loads signed modules only. One that takes unsigned ones is given these: to check fourteen signatures takes an
    /// emulated guest 60 ms, and who brings the kernel brings its modules.
    private boolean signaturesForced(String version) throws IOException {
        Path config = config(version);
        return !Files.isRegularFile(config) || Files.readAllLines(config).contains("CONFIG_MODULE_SIG_FORCE=y");
    }

    private Path initramfs(String version, List<Path> modules, OnDemand onDemand) throws IOException {
        boolean signed = signaturesForced(version);
        Cpio cpio = new Cpio();
        // The kernel opens it for init before /dev is mounted anywhere; without it init has no standard output.
        cpio.device("dev/console", 5, 1);
        cpio.file("init", 0755, Files.readAllBytes(hyperstart));
        StringBuilder order = new StringBuilder();
        for (Path module : modules) {
            String path = "lib/modules/" + KernelModules.name(module.toString()) + ".ko";
            cpio.file(path, 0644, KernelModules.content(module, signed));
            order.append('/').append(path).append('\n');
        }
        cpio.file("lib/modules/order", 0644, order.toString().getBytes(StandardCharsets.UTF_8));
        Set<String> written = new HashSet<>();
        for (Map.Entry<String, List<Path>> demanded : onDemand.files().entrySet()) {
            StringBuilder list = new StringBuilder();
            for (Path module : demanded.getValue()) {
                String name = KernelModules.name(module.toString()) + ".ko";
                if (written.add(name)) {
                    cpio.file("demand/" + name, 0644, KernelModules.content(module, signed));
                }
                list.append(name).append('\n');
            }
            cpio.file("demand/" + demanded.getKey(), 0644, list.toString().getBytes(StandardCharsets.UTF_8));
        }
        if (!onDemand.aliases().isEmpty()) {
            StringBuilder aliases = new StringBuilder();
            onDemand.aliases().forEach((alias, module) -> aliases.append(alias).append(' ').append(module).append('\n'));
            cpio.file("demand/aliases", 0644, aliases.toString().getBytes(StandardCharsets.UTF_8));
        }
        return cached(version, cpio.finish());
    }

    private Path cached(String version, byte[] content) throws IOException {
        Path file = cache.resolve("initramfs-" + version + "-" + digest(content).substring(0, 16) + ".cpio");
        if (Files.exists(file) && Files.size(file) == content.length) {
            return file;
        }
        Files.createDirectories(cache);
        Path fresh = Files.createTempFile(cache, "initramfs-", ".new");
        try {
            Files.write(fresh, content);
            // Hypervisors of other users read it.
            Files.setPosixFilePermissions(fresh, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException impossible) {
            throw new IOException("the cache folder " + cache + " spans file systems", impossible);
        } finally {
            Files.deleteIfExists(fresh);
        }
        return file;
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
