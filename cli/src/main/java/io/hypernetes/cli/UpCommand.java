package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.WatchEvent;
import io.hypernetes.client.WatchStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes up`: from nothing to a cluster with a pod in it. Each step looks whether it is already done.
@Command(
        name = "up",
        description = {
            "Make this machine a cluster: start master and node in the background, wait until they serve, run a first pod.",
            "What is already there stays as it is; a second `up` takes seconds and changes nothing."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes up", "  hypernetes up --root /tmp/try --set api-port=7443     a cluster of its own beside another"})
final class UpCommand implements Runnable {
    private static final Duration NODE_LIMIT = Duration.ofSeconds(90);

    @Mixin
    private final Common common = new Common();

    @Option(names = "--no-pod", description = "neither load the sample image nor run the first pod")
    private boolean withoutPod;

    @Override
    public void run() {
        ProcessLog.quiet();
        Console console = Console.ofProcess();
        Places places = common.places();
        if (!Files.isWritable(places.existingAbove()) || !"root".equals(System.getProperty("user.name"))) {
            throw new UsageException("`up` starts virtual machines and networks: run it as root (sudo ./hypernetes up)", 77);
        }
        try (ProcessLock lock = ProcessLock.take(places.lockOf("up"), "up")) {
            up(console, places);
        }
    }

    private void up(Console console, Places places) {
        Settings settings = common.rememberedSettings();
        if (!Files.exists(places.masterState())) {
            settings = besideOthers(console, settings);
        }
        Background background = new Background(places, common.flags()).withHalfStartedEnding();

        if (running(places, "master")) {
            console.task("Master", step -> {
                step.detail("already running");
            });
        } else {
            console.task("Start master", step -> {
                background.start("master", List.of(), Map.of());
            });
        }
        OperatorAccess access = OperatorAccess.open(places, common.clusterSettings());
        Path kubeconfig = access.kubeconfig(ObjectKey.ROOT);
        try (Client client = access.client()) {
            startNode(console, background, access, client);
            String node = settings.text("node-name", HostAddresses.hostName());
            console.step("Node " + node + " Ready", step -> awaitNode(client, node, step));
            if (!withoutPod) {
                loadSample(console);
                FirstPod.run(console, client, places);
            }
        }
        whatNext(console, kubeconfig);
    }

    /// What a first `up` must choose otherwise is kept like what a user has chosen.
    private Settings besideOthers(Console console, Settings settings) {
        List<String> chosen = new Neighbours().avoided(settings);
        if (chosen.isEmpty()) {
            return settings;
        }
        Path file = common.places().state().resolve("config.yaml");
        Settings.remember(file, chosen);
        console.say("  The usual ports or addresses are taken on this machine; this cluster has " + String.join(", ", chosen) + " (kept in " + file + ").");
        return common.settings();
    }

    private static boolean running(Places places, String process) {
        return ProcessLock.holder(places.lockOf(process)).isPresent();
    }

    private void startNode(Console console, Background background, OperatorAccess access, Client client) {
        Places places = common.places();
        if (running(places, "node")) {
            console.task("Node", step -> {
                step.detail("already running");
            });
            return;
        }
        console.task("Start node", step -> {
            // A token is made only for a node that does not know its cluster yet.
            Map<String, String> environment = NodeProcess.hasJoined(places)
                    ? Map.of()
                    : Map.of(NodeCommand.TOKEN_VARIABLE, TokenCommand.create(access, client, common.clusterSettings(), Duration.ofMinutes(10)).text());
            background.start("node", List.of(), environment);
        });
    }

    private static Node awaitNode(Client client, String name, Console.Step step) {
        return await(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), name, NODE_LIMIT, node -> {
            step.detail(StatusCommand.isReady(node) ? "" : "registered, not ready yet");
            return StatusCommand.isReady(node);
        });
    }

    /// Watches one object until it is as wanted.
    ///
    /// @throws UsageException when that takes longer than `limit`
    static <T extends io.fabric8.kubernetes.api.model.HasMetadata> T await(
            Client client, Kind<T> kind, Scope scope, String name, Duration limit, Predicate<T> wanted) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (System.nanoTime() < deadline) {
            int seconds = (int) Math.max(1, (deadline - System.nanoTime()) / 1_000_000_000L);
            try (WatchStream<T> stream = client.of(kind).watch(scope, Selection.fields("metadata.name=" + name), "", seconds)) {
                for (var event = stream.next(); event.isPresent(); event = stream.next()) {
                    T object = switch (event.get()) {
                        case WatchEvent.Added<T>(T added) -> added;
                        case WatchEvent.Modified<T>(T modified) -> modified;
                        default -> null;
                    };
                    if (object != null && wanted.test(object)) {
                        return object;
                    }
                }
            }
        }
        throw new UsageException(kind.plural() + " " + name + " is not as it should be after " + limit.toSeconds()
                + " s; `kubectl describe` and the logs say why", UsageException.UNAVAILABLE);
    }

    private void loadSample(Console console) {
        Places places = common.places();
        DockerSocket docker = new DockerSocket(places.dockerSocket());
        try {
            for (var image : docker.images()) {
                for (var name : image.path("RepoTags")) {
                    if (name.asString("").equals(SampleImage.NAME)) {
                        return;
                    }
                }
            }
        } catch (IOException e) {
            throw new UsageException("asking hyperd for its images: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
        console.step("Sample image " + SampleImage.NAME, step -> {
            Path file = SampleImage.write(places.state().resolve("sample.tar"));
            return docker.load(file, sent -> step.detail((sent >> 10) + " KiB"));
        });
    }

    private void whatNext(Console console, Path kubeconfig) {
        console.say("");
        console.say(console.bold("Next:"));
        List<List<String>> steps = new ArrayList<>();
        steps.add(List.of("export KUBECONFIG=" + kubeconfig, ""));
        if (withoutPod) {
            steps.add(List.of(common.command("image load-sample"), "the small image that the examples run"));
            steps.add(List.of("kubectl apply -f examples/hello.yaml", "a pod, then: kubectl logs -f hello"));
        } else {
            steps.add(List.of("kubectl get pods -o wide", "the pod that just started"));
            steps.add(List.of("kubectl exec -it " + FirstPod.NAME + " -- sh", "a shell in it: its own kernel (uname -a)"));
            steps.add(List.of("kubectl apply -f examples/hello.yaml", "another one, then: kubectl logs -f hello"));
        }
        steps.add(List.of(common.command("status"), "what runs here"));
        steps.add(List.of(common.command("down"), "stop everything"));
        console.table(steps);
    }
}
