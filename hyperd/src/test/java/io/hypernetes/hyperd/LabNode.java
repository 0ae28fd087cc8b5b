package io.hypernetes.hyperd;

import io.hypernetes.hyperd.docker.DockerServer;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.qemu.QemuHypervisor;
import io.hypernetes.hypervisor.qemu.QemuSettings;
import io.hypernetes.images.ImageSettings;
import io.hypernetes.images.LocalImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.network.Network;
import io.hypernetes.network.cni.CniNetwork;
import io.hypernetes.network.cni.CniSettings;
import io.hypernetes.network.local.LocalNetwork;
import io.hypernetes.network.local.LocalSettings;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/// An engine in a process of its own, so that tests can kill it. Serves CRI and the Docker API below the folder given until its standard input ends. Each
/// line there is an order, answered by lines and then `done`: `leaks`, `keys` of the journal, `commits` so far, the `stacks` of them since it was told to `listen`, `cost` (bytes of heap that
/// live, threads, descriptors), `die COMMITS BEFORE|AFTER` and `die-at POINT OCCURRENCE BEFORE|AFTER` (see [FatalStore]), `load ARCHIVE`, `kernel INIT` (from now on machines boot that program instead of
/// hyperstart; `-` ends it), `booted` (waits until one more machine has been given its kernel). Needs root, QEMU and the built jailer and hyperstart.
///
/// Arguments: folder, folder of the project's kernel (or one that does not exist), image archives to load.
public final class LabNode {
    private LabNode() {}

    /// What tells labs side by side apart, 0 to 255.
    private static int mark(Path root) {
        CRC32 crc = new CRC32();
        crc.update(root.toString().getBytes(StandardCharsets.UTF_8));
        return (int) (crc.getValue() & 0xff);
    }

    static String bridge(Path root) {
        return String.format("hnlab%02x", mark(root));
    }

    static String cgroup(Path root) {
        return String.format("hypernetes-lab-%02x", mark(root));
    }

    /// The first three numbers of its pods' addresses.
    static String network(Path root) {
        return "10.197." + mark(root);
    }

    private static Map<String, String> kernels(String list) {
        Map<String, String> kernels = new HashMap<>();
        for (String one : list.isEmpty() ? new String[0] : list.split(",")) {
            kernels.put(one.substring(0, one.indexOf('=')), one.substring(one.indexOf('=') + 1));
        }
        return kernels;
    }

    /// Where a death that was ordered is told of.
    static Path obituary(Path root) {
        return root.resolve("died");
    }

    /// CNI where the test has put a configuration, else the local driver.
    private static Network network(Path root, Store store) {
        Path configurations = root.resolve("net.d");
        return Files.isDirectory(configurations)
                ? new CniNetwork(new CniSettings(configurations, List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni")), "hnlab"), store)
                : new LocalNetwork(new LocalSettings(bridge(root), network(root) + ".0/24", 1500), store);
    }

    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        Path project = Path.of("..").toAbsolutePath().normalize();
        GuestKernels kernels = new GuestKernels(
                Path.of(arguments[1]), project.resolve("hyperstart/build/hyperstart"), root.resolve("kernels"));
        GuestKernel kernel = kernels.find();
        AtomicReference<GuestKernels> chosen = new AtomicReference<>(kernels);
        Semaphore boots = new Semaphore(0);
        Supplier<GuestKernel> given = () -> {
            GuestKernel next = chosen.get().find();
            boots.release();
            return next;
        };
        QemuSettings qemu = QemuSettings.standard(project.resolve("jailer/build/jailer"), root.resolve("qemu"))
                .withAccelerator(QemuSettings.Accelerator.TCG);
        HyperdSettings settings = new HyperdSettings(
                root.resolve("state"), root.resolve("run/machines"), root.resolve("run/cri.sock"), root.resolve("pods"), cgroup(root),
                Duration.ofSeconds(Integer.getInteger("boot.seconds", 30)), Integer.getInteger("boots", 2), 256)
                .withTemplates(new HyperdSettings.Templates(
                        Boolean.parseBoolean(System.getenv().getOrDefault("HYPERNETES_TEST_TEMPLATES", "false")),
                        project.resolve("hyperstart/build/hyperstart")))
                .withKernels(new HyperdSettings.Kernels(kernels(System.getProperty("kernels", "")), project.resolve("hyperstart/build/hyperstart")));
        try (FatalStore store = new FatalStore(EmbeddedStore.open(root.resolve("store"), EmbeddedSettings.defaults().withoutHistory()), obituary(root));
                LocalImageStore images = LocalImageStore.open(root.resolve("images"), ImageSettings.defaults());
                QemuHypervisor hypervisor = new QemuHypervisor(qemu, kernel);
                Network network = network(root, store);
                Hyperd hyperd = new Hyperd(settings, images, hypervisor, network, store, given, cidr -> {}, Clock.systemUTC());
                DockerServer docker = hyperd.docker(root.resolve("run/docker.sock"), root.resolve("docker"), images, store, Clock.systemUTC())) {
            for (int i = 2; i < arguments.length; i++) {
                images.load(Path.of(arguments[i]), null, PullProgress.NONE);
            }
            System.out.println("ready");
            BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                String[] words = order.split(" ");
                switch (words[0]) {
                    case "leaks" -> hyperd.leaks().forEach(System.out::println);
                    case "keys" -> store.list("/", "", 0).entries().forEach(entry -> System.out.println(entry.key()));
                    case "listen" -> store.listen();
                    case "stacks" -> store.stacks().forEach(System.out::println);
                    case "commits" -> System.out.println(store.commits());
                    case "cost" -> cost();
                    case "die-at" -> store.dieAt(words[1], Integer.parseInt(words[2]), FatalStore.Side.valueOf(words[3]));
                    case "die" -> store.die(Integer.parseInt(words[1]), FatalStore.Side.valueOf(words[2]));
                    case "kernel" -> {
                        boots.drainPermits();
                        chosen.set(words[1].equals("-") ? kernels : new GuestKernels(Path.of(arguments[1]), Path.of(words[1]), root.resolve("kernels")));
                    }
                    case "booted" -> boots.acquire();
                    case "load" -> images.load(Path.of(words[1]), null, PullProgress.NONE);
                    default -> throw new IllegalArgumentException("unknown order " + order);
                }
                System.out.println("done");
            }
            if (Files.exists(root.resolve("last")) && network instanceof LocalNetwork local) {
                local.remove();
            }
        }
    }

    /// What the process costs when nothing is going on: garbage does not count.
    private static void cost() throws Exception {
        System.gc();
        System.out.println(Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        System.out.println(Thread.activeCount());
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            System.out.println(open.count());
        }
    }
}
