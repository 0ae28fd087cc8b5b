package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// Workloads come, change and go while the master is killed at random instants: in the end all have exactly the pods that they ask for, no Job counted one twice, and
/// when they are deleted nothing is left. Long: `-Dsoak.workloads=2000 -Dsoak.kills=10 -Dsoak.seed=1`; the seed is printed.
@EnabledIfSystemProperty(named = "soak.workloads", matches = "[0-9]+")
class WorkloadsSoakTest {
    private static final int WORKLOADS = Integer.getInteger("soak.workloads", 0);
    private static final int KILLS = Integer.getInteger("soak.kills", 10);
    private static final long SEED = Long.getLong("soak.seed", System.nanoTime());
    private static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("soak.patience", 300));

    private final Random random = new Random(SEED);
    /// How many pods each workload should have, or completions for a Job.
    private final Map<String, Integer> wanted = new TreeMap<>();

    @Test
    void nothingIsStuckAndNothingDoubled(@TempDir Path root) throws Exception {
        System.out.println("seed " + SEED);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        List<String> set = List.of("api-address=127.0.0.1", "advertise-address=127.0.0.1", "api-port=" + port, "metrics-address=");
        Process master = master(root, set);
        try (Client client = OperatorAccess.open(Places.below(root), Settings.read(root.resolve("none"), set)).client();
                SimulatedNodes nodes = new SimulatedNodes(client, SimulationSettings.nodes(Math.max(3, WORKLOADS / 20)), Clock.systemUTC()).start()) {
            for (int round = 0; round < KILLS; round++) {
                long until = System.nanoTime() + Duration.ofMillis(500 + random.nextInt(4000)).toNanos();
                int target = WORKLOADS * (round + 1) / KILLS;
                while (wanted.size() < target || System.nanoTime() < until) {
                    change(client, wanted.size() < target);
                }
                master.destroyForcibly().waitFor();
                master = master(root, set);
                System.out.println("killed " + (round + 1) + " times, " + wanted.size() + " workloads");
            }
            long start = System.nanoTime();
            await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(2)).ignoreExceptionsInstanceOf(ApiException.class).untilAsserted(() -> assertThat(unsettled(client)).isEmpty());
            System.out.println("settled " + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s after the last kill, " + active(client).values().stream().mapToInt(Integer::intValue).sum() + " pods run");
            for (String name : List.copyOf(wanted.keySet())) {
                insist(() -> client.of(kind(name)).delete(key(name), new Deletion(null, null, Deletion.Propagation.BACKGROUND)));
            }
            await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(2)).ignoreExceptionsInstanceOf(ApiException.class).untilAsserted(() -> {
                for (Kind<?> kind : List.of(Kind.DEPLOYMENT, Kind.REPLICA_SET, Kind.STATEFUL_SET, Kind.CONTROLLER_REVISION, Kind.JOB, Kind.POD)) {
                    assertThat(client.of(kind).list(Scope.namespace(ObjectKey.ROOT, "default"), Selection.everything()).items()).as(kind.plural()).isEmpty();
                }
            });
        } finally {
            master.destroyForcibly().waitFor();
        }
    }

    private static Process master(Path root, List<String> set) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx1g",
                "-cp", System.getProperty("java.class.path"), Hypernetes.class.getName(), "master", "--root", root.toString()));
        set.forEach(setting -> command.addAll(List.of("--set", setting)));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(root.resolve("master.err").toFile())).start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine();
        if (!"READY".equals(line)) {
            process.destroyForcibly();
            throw new AssertionError("the master said " + line + ": " + Files.readString(root.resolve("master.err")));
        }
        return process;
    }

    private interface Request {
        void run();
    }

    /// Again while the master is away; what was done already is done.
    private static void insist(Request request) {
        await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(100)).until(() -> {
            try {
                request.run();
                return true;
            } catch (ApiException refused) {
                return refused.isNotFound() || refused.isAlreadyExists();
            }
        });
    }

    private static ObjectKey key(String name) {
        return new ObjectKey(ObjectKey.ROOT, "default", name);
    }

    private static Kind<?> kind(String name) {
        return switch (name.charAt(0)) {
            case 'd' -> Kind.DEPLOYMENT;
            case 's' -> Kind.STATEFUL_SET;
            default -> Kind.JOB;
        };
    }

    private void change(Client client, boolean more) {
        if (more || wanted.isEmpty()) {
            String name = List.of("d", "s", "j").get(random.nextInt(3)) + "-" + wanted.size();
            int size = 1 + random.nextInt(4);
            insist(() -> make(client, name, size));
            wanted.put(name, size);
            return;
        }
        String name = List.copyOf(wanted.keySet()).get(random.nextInt(wanted.size()));
        int size = random.nextInt(5);
        String image = "x:" + random.nextInt(3);
        if (name.startsWith("d")) {
            insist(() -> client.of(Kind.DEPLOYMENT).change(key(name), null, now -> new DeploymentBuilder(now).editSpec().withReplicas(size)
                    .editTemplate().editSpec().editFirstContainer().withImage(image).endContainer().endSpec().endTemplate().endSpec().build()));
            wanted.put(name, size);
        } else if (name.startsWith("s")) {
            insist(() -> client.of(Kind.STATEFUL_SET).change(key(name), null, now -> new StatefulSetBuilder(now).editSpec().withReplicas(size)
                    .editTemplate().editSpec().editFirstContainer().withImage(image).endContainer().endSpec().endTemplate().endSpec().build()));
            wanted.put(name, size);
        }
    }

    private static PodTemplateSpec template(String name) {
        return new PodTemplateSpecBuilder().withNewMetadata().addToLabels("app", name).endMetadata()
                .withNewSpec().withTerminationGracePeriodSeconds(0L).addNewContainer().withName("c").withImage("x:0").endContainer().endSpec().build();
    }

    private static void make(Client client, String name, int size) {
        var selector = new LabelSelectorBuilder().addToMatchLabels("app", name).build();
        switch (name.charAt(0)) {
            case 'd' -> client.of(Kind.DEPLOYMENT).create(ObjectKey.ROOT, new DeploymentBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata()
                    .withNewSpec().withReplicas(size).withSelector(selector).withTemplate(template(name)).endSpec().build());
            case 's' -> client.of(Kind.STATEFUL_SET).create(ObjectKey.ROOT, new StatefulSetBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata()
                    .withNewSpec().withReplicas(size).withServiceName(name).withSelector(selector).withTemplate(template(name)).endSpec().build());
            default -> client.of(Kind.JOB).create(ObjectKey.ROOT, new JobBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata()
                    .withNewSpec().withCompletions(size).withParallelism(2).withTemplate(template(name)).editTemplate().editSpec().withRestartPolicy("Never").endSpec().endTemplate().endSpec().build());
        }
    }

    /// Pods that run or will, by app.
    private static Map<String, Integer> active(Client client) {
        Map<String, Integer> active = new HashMap<>();
        for (Pod pod : client.of(Kind.POD).list(Scope.namespace(ObjectKey.ROOT, "default"), Selection.everything()).items()) {
            String phase = pod.getStatus() == null ? "" : pod.getStatus().getPhase();
            if (!"Succeeded".equals(phase) && !"Failed".equals(phase)) {
                active.merge(pod.getMetadata().getLabels().get("app"), 1, Integer::sum);
            }
        }
        return active;
    }

    /// What is not yet as it should be, in words.
    private List<String> unsettled(Client client) {
        List<String> wrong = new ArrayList<>();
        Map<String, Integer> active = active(client);
        Map<String, Integer> succeeded = new HashMap<>();
        for (Pod pod : client.of(Kind.POD).list(Scope.namespace(ObjectKey.ROOT, "default"), Selection.everything()).items()) {
            List<OwnerReference> owners = pod.getMetadata().getOwnerReferences();
            if (owners == null || owners.size() != 1) {
                wrong.add(pod.getMetadata().getName() + " has no owner");
            }
            if (pod.getStatus() != null && "Succeeded".equals(pod.getStatus().getPhase())) {
                succeeded.merge(pod.getMetadata().getLabels().get("app"), 1, Integer::sum);
                if (pod.getMetadata().getFinalizers() != null && !pod.getMetadata().getFinalizers().isEmpty()) {
                    wrong.add(pod.getMetadata().getName() + " is still held");
                }
            }
        }
        Map<String, Integer> counted = new HashMap<>();
        each(client, Kind.DEPLOYMENT, deployment -> counted.put(deployment.getMetadata().getName(),
                deployment.getStatus() == null || deployment.getStatus().getReadyReplicas() == null ? 0 : deployment.getStatus().getReadyReplicas()));
        each(client, Kind.STATEFUL_SET, set -> counted.put(set.getMetadata().getName(),
                set.getStatus() == null || set.getStatus().getReadyReplicas() == null ? 0 : set.getStatus().getReadyReplicas()));
        each(client, Kind.JOB, job -> counted.put(job.getMetadata().getName(), job.getStatus() == null || job.getStatus().getSucceeded() == null ? 0 : job.getStatus().getSucceeded()));
        wanted.forEach((name, size) -> {
            int pods = (name.startsWith("j") ? succeeded : active).getOrDefault(name, 0);
            if (!counted.containsKey(name) || counted.get(name) != (int) size || pods != size || name.startsWith("j") && active.containsKey(name)) {
                wrong.add(name + " wants " + size + ", says " + counted.get(name) + ", has " + pods);
            }
        });
        active.keySet().stream().filter(app -> !wanted.containsKey(app)).forEach(app -> wrong.add("pods of " + app + ", which nobody wants"));
        return wrong.size() > 20 ? wrong.subList(0, 20) : wrong;
    }

    private static <T extends HasMetadata> void each(Client client, Kind<T> kind, java.util.function.Consumer<T> each) {
        client.of(kind).list(Scope.namespace(ObjectKey.ROOT, "default"), Selection.everything()).items().forEach(each);
    }
}
