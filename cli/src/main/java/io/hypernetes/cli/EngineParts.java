package io.hypernetes.cli;

import com.sun.management.OperatingSystemMXBean;
import io.hypernetes.hyperd.Hyperd;
import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.docker.DockerServer;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.qemu.QemuHypervisor;
import io.hypernetes.hypervisor.qemu.QemuSettings;
import io.hypernetes.images.ImageException;
import io.hypernetes.images.ImageSettings;
import io.hypernetes.images.ImageSettingsFile;
import io.hypernetes.images.LocalImageStore;
import io.hypernetes.images.OperatorAddresses;
import io.hypernetes.kubelet.PodDialer;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Network;
import io.hypernetes.network.cni.CniNetwork;
import io.hypernetes.network.cni.CniSettings;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import io.hypernetes.telemetry.StepSink;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;

/// hyperd with everything under it, wired from the settings: journal, images, hypervisor, network. Closing leaves the machines running.
///
/// @param hyperd the engine; serves CRI from the moment it is made
record EngineParts(EmbeddedStore journal, LocalImageStore images, QemuHypervisor hypervisor, Network network, Hyperd hyperd)
        implements AutoCloseable {
    private static final Duration BOOT_DEADLINE = Duration.ofSeconds(30);
    private static final int MACHINE_OVERHEAD_MIB = 256;
    private static final long TEMPLATES_FROM_MIB = 4000;

    /// @param podsFolder the kubelet's pods folder
    static EngineParts open(Places places, Settings settings, Path podsFolder) throws IOException {
        return open(places, settings, podsFolder, StepSink.NONE, ClusterMachines.none());
    }

    /// As the other, measured.
    ///
    /// @param steps gets every step of every start when it is over
    /// @param machines which the cluster has
    static EngineParts open(Places places, Settings settings, Path podsFolder, StepSink steps, ClusterMachines machines) throws IOException {
        Path home = Background.home();
        Path state = places.nodeState();
        Installation installation = Installation.begun(places, new SecureRandom());
        EmbeddedStore journal = EmbeddedStore.open(
                state.resolve("journal"), EmbeddedSettings.defaults().withNativeFolder(places.nativeLibraries()).withoutHistory().withoutPacking());
        LocalImageStore images = LocalImageStore.open(state.resolve("images"), imageSettings(places, settings)
                .withOperators(new OperatorAddresses(
                        OperatorRanges.registries(settings).without(machines::isKnown).denied(), OperatorRanges.registries(settings).without(machines).denied()))
                .withInsecureRegistries(Set.copyOf(settings.list("insecure-registries")))
                .withNativeFolder(places.nativeLibraries()));
        GuestKernels kernels = kernels(places, settings);
        QemuHypervisor hypervisor = new QemuHypervisor(
                QemuSettings.standard(home.resolve("jailer/build/jailer"), state.resolve("hypervisor")).withAccelerator(accelerator(settings)),
                kernels.find());
        CniSettings cni = CniSettings.usual("hn" + installation.mark());
        if (!settings.text("network").equals("cni") && CniNetwork.isInUse(cni, journal)) {
            hypervisor.close();
            images.close();
            journal.close();
            throw new UsageException("this node has pods on the network of CNI plugins, which only they can take away: say `--set network=cni` here too, "
                    + "or write `network: cni` into " + places.state().resolve("config.yaml"));
        }
        Network network = switch (settings.text("network")) {
            case "local" -> new NodeNetwork(
                    state.resolve("pod-cidr"), settings.text("bridge", "hn" + installation.mark()), settings.text("uplink-cidr"), settings.list("denied-cidrs"),
                    settings.port("vxlan-port"), journal);
            case "cni" -> new CniNetwork(cni, journal);
            default -> throw new UsageException("setting network is '" + settings.text("network") + "'; it must be local or cni");
        };
        HyperdSettings engine = new HyperdSettings(
                state.resolve("hyperd"),
                places.run().resolve("machines"),
                places.criSocket(),
                podsFolder,
                installation.cgroup(),
                BOOT_DEADLINE,
                Math.max(2, Runtime.getRuntime().availableProcessors()),
                MACHINE_OVERHEAD_MIB)
                .withTemplates(new HyperdSettings.Templates(
                        templates(settings), home.resolve("hyperstart/build/hyperstart")))
                .withKernels(new HyperdSettings.Kernels(settings.map("kernels"), home.resolve("hyperstart/build/hyperstart")));
        Hyperd hyperd = new Hyperd(engine, images, hypervisor, network, journal, kernels::find, podCidr(network), Clock.systemUTC(), steps);
        return new EngineParts(journal, images, hypervisor, network, hyperd);
    }

    // Plugins have their own idea of the pods' addresses.
    private static Consumer<String> podCidr(Network network) {
        return network instanceof NodeNetwork local ? local::setPodCidr : cidr -> {};
    }

    /// The pods have addresses though no cluster gives them any: the first /24 of `cluster-cidr`, or of one like it that this machine does not use yet.
    void standAlone(Settings settings) {
        if (network instanceof NodeNetwork local) {
            local.standAlone(() -> new Neighbours().podRange(settings));
        }
    }

    /// Has somebody told of the tenants' gateways; whether this network has any.
    boolean follow(Gateway.Follower gateways) {
        if (network instanceof NodeNetwork local) {
            local.follow(gateways);
            return true;
        }
        return false;
    }

    /// How probes reach pods.
    PodDialer dialer() {
        return network instanceof NodeNetwork local ? local::dial : PodDialer.fenced(HostAddresses::isHere);
    }

    /// Takes from the host what the network needs beside the pods.
    void removeNetwork() {
        if (network instanceof NodeNetwork local) {
            local.remove();
        }
    }

    /// Opens the Docker face; it is closed before the rest.
    DockerServer docker(Places places) throws IOException {
        return hyperd.docker(places.dockerSocket(), places.nodeState().resolve("docker"), images, journal, Clock.systemUTC());
    }

    private static ImageSettings imageSettings(Places places, Settings settings) {
        String named = settings.text("image-settings");
        Path file = named.isEmpty() ? places.state().resolve("images.yaml") : Path.of(named);
        if (named.isEmpty() && !Files.exists(file)) {
            return ImageSettings.defaults();
        }
        try {
            return ImageSettingsFile.read(file);
        } catch (ImageException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    static GuestKernels kernels(Places places, Settings settings) {
        Path own = Path.of(settings.text("kernel", places.state().resolve("kernel").toString()));
        return new GuestKernels(own, Background.home().resolve("hyperstart/build/hyperstart"), places.nodeState().resolve("initramfs"));
    }

    static QemuSettings.Accelerator accelerator(Settings settings) {
        return switch (settings.text("accelerator")) {
            case "auto" -> QemuSettings.Accelerator.PROBE;
            case "kvm" -> QemuSettings.Accelerator.KVM;
            case "tcg" -> QemuSettings.Accelerator.TCG;
            default -> throw new UsageException("setting accelerator is '" + settings.text("accelerator") + "'; it must be auto, kvm or tcg");
        };
    }

    private static boolean templates(Settings settings) {
        return switch (settings.text("templates")) {
            case "auto" -> memoryMib() >= TEMPLATES_FROM_MIB;
            case "on" -> true;
            case "off" -> false;
            default -> throw new UsageException("setting templates is '" + settings.text("templates") + "'; it must be auto, on or off");
        };
    }

    private static long memoryMib() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize() >> 20;
    }

    @Override
    public void close() {
        hyperd.close();
        network.close();
        hypervisor.close();
        images.close();
        journal.close();
    }
}
