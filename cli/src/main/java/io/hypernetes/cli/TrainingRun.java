package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/// What the Java virtual machine is shown when an ahead-of-time cache is made (`scripts/train`, JEP 483): a master with simulated nodes that does a
/// little of everything it does in its life, so that the classes of a real one are loaded and linked already. For the cache of all processes but the
/// master's the classes of a node are loaded too, without being run, since a node needs more than a build may expect of its machine.
public final class TrainingRun {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int PODS = 6, ROUNDS = 40;

    private TrainingRun() {}

    /// @param arguments an empty folder for the master's state, then folders of jars whose classes are loaded
    public static void main(String[] arguments) throws Exception {
        Places places = Places.below(Path.of(arguments[0]));
        for (int i = 1; i < arguments.length; i++) {
            load(Path.of(arguments[i]));
        }
        List<String> given = List.of("api-address=127.0.0.1", "api-port=" + freePort(), "master-metrics-port=" + freePort());
        Settings settings = Settings.read(places.config(), given);
        // What has its store and its keys already starts by another way than what makes them.
        new MasterProcess(places, settings).close();
        // As it is started in earnest; it ends with this process.
        Thread.ofPlatform().daemon().start(() -> Hypernetes.main(words("master", arguments[0], given)));
        await(() -> Files.exists(places.pki()) && serves(settings.port("api-port")));
        try (Client client = OperatorAccess.open(places, settings).client();
                SimulatedNodes nodes = new SimulatedNodes(client, SimulationSettings.nodes(3), Clock.systemUTC())) {
            nodes.start();
            configMaps(client);
            pods(client);
            for (String path : List.of("/api", "/apis", "/openapi/v2", "/openapi/v3", "/api/v1/pods", "/api/v1/nodes", "/apis/apps/v1/deployments", "/version")) {
                client.read(ObjectKey.ROOT, path);
            }
            nodes.remove();
            for (String command : List.of("tenant create training", "tenant list", "kubeconfig --tenant training", "token create")) {
                type(arguments[0], given, command, 0);
            }
            // No process of a node is there.
            type(arguments[0], given, "status", 1);
        }
        // What has been seen is written when the virtual machine ends; threads that linger do not matter to it.
        System.exit(0);
    }

    /// Does what somebody types, as a process of its own would.
    private static void type(String root, List<String> settings, String command, int wanted) {
        String[] words = words(command, root, settings);
        int code = Hypernetes.line(words[0]).execute(words);
        if (code != wanted) {
            throw new IllegalStateException("hypernetes " + command + " ended with exit code " + code + ", not " + wanted);
        }
    }

    private static String[] words(String command, String root, List<String> settings) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        words.addAll(List.of("--root", root));
        settings.forEach(setting -> words.addAll(List.of("--set", setting)));
        return words.toArray(String[]::new);
    }

    private static boolean serves(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    private static void configMaps(Client client) {
        var maps = client.of(Kind.CONFIG_MAP);
        for (int i = 0; i < ROUNDS; i++) {
            ObjectKey key = new ObjectKey(ObjectKey.ROOT, "default", "training-" + i % 20);
            maps.create(ObjectKey.ROOT, new ConfigMapBuilder().withNewMetadata().withName(key.name()).withNamespace(key.namespace()).endMetadata().addToData("round", "" + i).build());
            maps.patch(key, Patch.merge(Map.of("data", Map.of("patched", "" + i))));
            maps.get(key);
            maps.list(Scope.namespace(ObjectKey.ROOT, "default"), Selection.everything());
            maps.delete(key, Deletion.ordinary());
        }
    }

    private static void pods(Client client) throws InterruptedException, TimeoutException {
        var deployments = client.of(Kind.DEPLOYMENT);
        ObjectKey key = new ObjectKey(ObjectKey.ROOT, "default", "training");
        try (Informer<Pod> pods = new Informer<>(client, Kind.POD, Scope.everywhere(), Selection.everything()).start()) {
            deployments.create(ObjectKey.ROOT, deployment(key));
            await(() -> ready(deployments.get(key)) == PODS);
            deployments.patch(key, Patch.merge(Map.of("spec", Map.of("template", Map.of("metadata", Map.of("labels", Map.of("round", "two")))))));
            await(() -> pods.list().stream().filter(pod -> pod.getMetadata().getLabels().containsKey("round")).count() == PODS);
            deployments.delete(key, Deletion.ordinary());
            await(() -> pods.list().isEmpty());
        }
    }

    private static Deployment deployment(ObjectKey key) {
        return new DeploymentBuilder()
                .withNewMetadata().withName(key.name()).withNamespace(key.namespace()).endMetadata()
                .withNewSpec()
                .withReplicas(PODS)
                .withNewSelector().addToMatchLabels("app", key.name()).endSelector()
                .withNewTemplate()
                .withNewMetadata().addToLabels("app", key.name()).endMetadata()
                .withNewSpec().addNewContainer().withName("one").withImage("none").endContainer().endSpec()
                .endTemplate()
                .endSpec()
                .build();
    }

    private static int ready(Deployment deployment) {
        Integer ready = deployment.getStatus() == null ? null : deployment.getStatus().getReadyReplicas();
        return ready == null ? 0 : ready;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException, TimeoutException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new TimeoutException("the training run's pods did not get where they should within " + LIMIT.toSeconds() + " s");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /// Loads the classes of Hypernetes's own jars without initialising them; one that needs a class which is not there is passed over.
    private static void load(Path folder) throws IOException {
        try (var jars = Files.newDirectoryStream(folder, "*.jar")) {
            for (Path jar : jars) {
                try (JarFile file = new JarFile(jar.toFile())) {
                    file.stream().map(JarEntry::getName).filter(name -> name.startsWith("io/hypernetes/") && name.endsWith(".class")).forEach(TrainingRun::load);
                }
            }
        }
    }

    private static void load(String file) {
        String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
        try {
            Class.forName(name, false, TrainingRun.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError absent) {
            System.err.println("not loaded: " + name + ": " + absent);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
