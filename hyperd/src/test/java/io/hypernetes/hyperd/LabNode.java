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
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/// An engine in a process of its own, so that tests can kill it. Serves CRI and the Docker API below the folder given until its standard input ends. An
/// empty line there has the leaks printed, another names an image archive to load; each is answered by `done`. Needs root, QEMU and the built jailer and hyperstart.
///
/// Arguments: folder, folder of the project's kernel (or one that does not exist), image archives to load.
public final class LabNode {
    static final String BRIDGE = "hnlab";
    static final String CGROUP = "hypernetes-lab";

    private LabNode() {}

    /// CNI where the test has put a configuration, else the local driver.
    private static Network network(Path root, EmbeddedStore store) {
        Path configurations = root.resolve("net.d");
        return Files.isDirectory(configurations)
                ? new CniNetwork(new CniSettings(configurations, List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni")), "hnlab"), store)
                : new LocalNetwork(new LocalSettings(BRIDGE, "10.197.0.0/24", 1500), store);
    }

    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        Path project = Path.of("..").toAbsolutePath().normalize();
        GuestKernels kernels = new GuestKernels(
                Path.of(arguments[1]), project.resolve("hyperstart/build/hyperstart"), root.resolve("kernels"));
        GuestKernel kernel = kernels.find();
        QemuSettings qemu = QemuSettings.standard(project.resolve("jailer/build/jailer"), root.resolve("qemu"))
                .withAccelerator(QemuSettings.Accelerator.TCG);
        HyperdSettings settings = new HyperdSettings(
                root.resolve("state"), root.resolve("run/machines"), root.resolve("run/cri.sock"), root.resolve("pods"), CGROUP,
                Duration.ofSeconds(30), 2, 256)
                .withTemplates(new HyperdSettings.Templates(
                        Boolean.parseBoolean(System.getenv().getOrDefault("HYPERNETES_TEST_TEMPLATES", "false")),
                        1, project.resolve("hyperstart/build/hyperstart")));
        try (EmbeddedStore store = EmbeddedStore.open(root.resolve("store"), EmbeddedSettings.defaults());
                LocalImageStore images = LocalImageStore.open(root.resolve("images"), ImageSettings.defaults());
                QemuHypervisor hypervisor = new QemuHypervisor(qemu, kernel);
                Network network = network(root, store);
                Hyperd hyperd = new Hyperd(settings, images, hypervisor, network, store, kernels::find, cidr -> {}, Clock.systemUTC());
                DockerServer docker = hyperd.docker(root.resolve("run/docker.sock"), root.resolve("docker"), images, store, Clock.systemUTC())) {
            for (int i = 2; i < arguments.length; i++) {
                images.load(Path.of(arguments[i]), null, PullProgress.NONE);
            }
            System.out.println("ready");
            BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                if (order.isEmpty()) {
                    hyperd.leaks().forEach(System.out::println);
                } else {
                    images.load(Path.of(order), null, PullProgress.NONE);
                }
                System.out.println("done");
            }
            if (Files.exists(root.resolve("last")) && network instanceof LocalNetwork local) {
                local.remove();
            }
        }
    }
}
