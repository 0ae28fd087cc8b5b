package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.scheduler.Scheduler;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/// All controllers, the scheduler and a few simulated nodes over an API server in memory: a cluster in which workloads live, without
/// machines.
final class Workbench implements AutoCloseable {
    static final String TENANT = "red";

    static {
        // What is awaited is often not there yet.
        Awaitility.ignoreExceptionsByDefault();
        Awaitility.setDefaultTimeout(Duration.ofSeconds(20));
    }

    final FakeApi api = new FakeApi();
    final Client client = api.client();
    private final Path folder;
    private final Informers informers = new Informers(client);
    private final Controllers controllers;
    private final Scheduler scheduler;
    private final SimulatedNodes nodes;

    Workbench(int nodeCount) throws IOException, InterruptedException {
        this(nodeCount, Duration.ofMillis(100));
    }

    /// @param jobPause how long a Job waits after a first failure
    Workbench(int nodeCount, Duration jobPause) throws IOException, InterruptedException {
        folder = Files.createTempDirectory("hypernetes-workbench-");
        Clock clock = Clock.systemUTC();
        CertificateAuthority authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", clock, new SecureRandom());
        nodes = new SimulatedNodes(client, SimulationSettings.nodes(nodeCount), clock).start();
        controllers = new Controllers(client, informers, new ControllerSettings("10.88.0.0/16", Duration.ofSeconds(40), jobPause, Duration.ofMillis(200), java.util.Set.of()), tenant -> tenant.equals("root") ? authority : null, clock).start();
        scheduler = new Scheduler(client, informers, "here", clock, new Random(1)).start();
        informers.start();
    }

    ObjectKey key(String name) {
        return new ObjectKey(TENANT, "default", name);
    }

    <T extends HasMetadata> T create(Kind<T> kind, T object) {
        object.getMetadata().setNamespace("default");
        return client.of(kind).create(TENANT, object);
    }

    <T extends HasMetadata> T get(Kind<T> kind, String name) {
        return client.of(kind).get(key(name));
    }

    <T extends HasMetadata> void change(Kind<T> kind, String name, UnaryOperator<T> change) {
        client.of(kind).change(key(name), null, change);
    }

    <T extends HasMetadata> List<T> list(Kind<T> kind) {
        return client.of(kind).list(Scope.namespace(TENANT, "default"), Selection.everything()).items().stream()
                .sorted(Comparator.comparing(object -> object.getMetadata().getName()))
                .toList();
    }

    List<Pod> activePods() {
        return list(Kind.POD).stream().filter(PodState::isActive).toList();
    }

    List<Pod> readyPods() {
        return activePods().stream().filter(PodState::isReady).toList();
    }

    void delete(Kind<?> kind, String name) {
        client.of(kind).delete(key(name), Deletion.ordinary());
    }

    /// The messages of all events about an object.
    List<String> events(String name, String reason) {
        return list(Kind.EVENT).stream()
                .filter(event -> event.getInvolvedObject().getName().equals(name) && event.getReason().equals(reason))
                .map(Event::getMessage)
                .toList();
    }

    static PodTemplateSpec template(String app, String image) {
        return template(app, image, Map.of());
    }

    static PodTemplateSpec template(String app, String image, Map<String, String> annotations) {
        return new PodTemplateSpecBuilder()
                .withNewMetadata().addToLabels("app", app).addToAnnotations(annotations).endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(1L)
                .addNewContainer().withName("c").withImage(image).endContainer()
                .endSpec()
                .build();
    }

    @Override
    public void close() throws IOException {
        scheduler.close();
        controllers.close();
        informers.close();
        nodes.close();
        client.close();
        api.close();
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        assertThat(api.invalid()).as("statuses that were refused").isEmpty();
    }
}
