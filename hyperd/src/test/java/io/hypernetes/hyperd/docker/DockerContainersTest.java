package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.sandbox.Engine;
import io.hypernetes.hyperd.sandbox.GuestDoor;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.images.ImageStore;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.Network;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import io.hypernetes.telemetry.StepSink;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// What a creation that comes to nothing leaves: nothing.
class DockerContainersTest {
    private static final Image IMAGE = new Image(
            "sha256:aa", List.of("lab:1"), List.of(), 1000,
            new ImageConfig(List.of(), List.of("run"), List.of(), "", "", "", List.of(), List.of(), Map.of()),
            List.of(new DiskLayer("sha256:l1", Path.of("/layers/1"), 8192)));

    @TempDir
    Path folder;

    private final Set<String> holders = new TreeSet<>();
    private Runnable whenLeased = () -> {};
    private Store store;
    private Engine engine;
    private DockerNetworks networks;
    private DockerHouse house;

    @BeforeEach
    void open() throws Exception {
        store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
        HyperdSettings settings = new HyperdSettings(
                folder.resolve("state"), folder.resolve("machines"), folder.resolve("cri.sock"), folder.resolve("pods"), "hn-no-such-group", Duration.ofSeconds(5), 2, 0);
        engine = new Engine(
                settings, folder.resolve("scratch"), images(), idle(Hypervisor.class), idle(Network.class), new Journal(store), new Events(),
                () -> new GuestKernel("6.1", Path.of("/k"), Path.of("/i"), false), idle(GuestDoor.class), Clock.systemUTC(), StepSink.NONE);
        Files.createDirectories(folder.resolve("volumes"));
        DockerJournal journal = new DockerJournal(store);
        DockerEvents events = new DockerEvents();
        networks = new DockerNetworks(journal, events, idle(Groups.class), Clock.systemUTC(), List::of);
        house = new DockerHouse(
                engine.sandboxes(), images(), journal, events, new DockerVolumes(journal, events, folder.resolve("volumes"), Clock.systemUTC()), networks, folder, Clock.systemUTC());
    }

    @AfterEach
    void close() {
        networks.close();
        engine.close();
        store.close();
    }

    @Test
    void aNetworkThatGoesMeanwhileTakesLeaseAndVolumesWithIt() {
        DockerContainers containers = new DockerContainers(house);
        NetworkRecord network = networks.create(new JsonMapper().readTree("{\"Name\": \"brief\"}"));
        String request = "{\"Image\": \"lab:1\", \"Volumes\": {\"/data\": {}}, \"HostConfig\": {\"NetworkMode\": \"brief\"}}";
        containers.create("kept", "", new JsonMapper().readTree(request));
        assertThat(holders).hasSize(1);
        assertThat(house.volumes().list()).hasSize(1);

        whenLeased = () -> networks.remove(network);
        assertThatThrownBy(() -> containers.create("lost", "", new JsonMapper().readTree(request))).isInstanceOf(DockerFailure.class);
        assertThat(containers.list()).extracting(container -> container.record().name()).containsExactly("kept");
        assertThat(holders).containsExactly("docker-" + containers.get("kept").id());
        assertThat(house.volumes().list()).hasSize(1);
    }

    @Test
    void tooManyVolumesAreNoneAfterwards() {
        DockerContainers containers = new DockerContainers(house);
        StringBuilder volumes = new StringBuilder();
        for (int i = 0; i <= MachineSpec.MOST_VOLUMES; i++) {
            volumes.append(i == 0 ? "" : ", ").append("\"/data").append(i).append("\": {}");
        }
        assertThatThrownBy(() -> containers.create("greedy", "", new JsonMapper().readTree("{\"Image\": \"lab:1\", \"Volumes\": {" + volumes + "}}")))
                .isInstanceOf(DockerFailure.class);
        assertThat(house.volumes().list()).isEmpty();
        assertThat(holders).isEmpty();
    }

    /// At 404 a client would pull the image.
    @Test
    void aContainerThatGivesNoVolumesIsNoImageThatIsNotThere() {
        DockerContainers containers = new DockerContainers(house);
        assertThatThrownBy(() -> containers.create("", "", new JsonMapper().readTree("{\"Image\": \"lab:1\", \"HostConfig\": {\"VolumesFrom\": [\"nosuch\"]}}")))
                .hasMessageContaining("--volumes-from nosuch").extracting(failure -> ((DockerFailure) failure).status()).isEqualTo(400);
    }

    @Test
    void aLeaseOfACreationThatWasCutOffEndsWithTheNextStart() {
        DockerContainer kept = new DockerContainers(house).create("kept", "", new JsonMapper().readTree("{\"Image\": \"lab:1\"}"));
        holders.addAll(List.of("docker-" + "ab".repeat(32), "checkpoint-one", "a-sandbox"));
        new DockerContainers(house);
        assertThat(holders).containsExactlyInAnyOrder("docker-" + kept.id(), "checkpoint-one", "a-sandbox");
    }

    private ImageStore images() {
        ImageStore none = idle(ImageStore.class);
        return (ImageStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {ImageStore.class}, (self, method, arguments) -> switch (method.getName()) {
            case "find" -> Optional.of(IMAGE);
            case "configuration" -> "{}".getBytes(StandardCharsets.UTF_8);
            case "lease" -> {
                holders.add((String) arguments[1]);
                whenLeased.run();
                yield null;
            }
            case "release" -> {
                holders.remove(arguments[0]);
                yield null;
            }
            case "holders" -> Set.copyOf(holders);
            default -> method.invoke(none, arguments);
        });
    }

    /// Has nothing and does nothing; a gateway is loopback.
    private static <T> T idle(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> switch (method.getName()) {
            case "gateway" -> idle(Gateway.class);
            case "address" -> "127.0.0.1";
            case "inside" -> ((Supplier<?>) arguments[0]).get();
            default -> nothing(method.getReturnType());
        }));
    }

    private static @Nullable Object nothing(Class<?> type) {
        return type == Set.class ? Set.of()
                : type == List.class ? List.of()
                : type == Optional.class ? Optional.empty()
                : type == String.class ? ""
                : type == boolean.class ? (Object) false
                : null;
    }
}
