package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.cri.v1.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `hypernetes upgrade`.
@Command(
        name = "upgrade",
        description = {
            "Put the programs beside this command in the place of the master and node that run here, and wait until they serve. Pods go on running.",
            "Before that everything the master holds is written to before-upgrade.backup in the state folder, to go back with.",
            "Of several machines the master's comes first: its nodes may be older than it, never newer."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  git pull && scripts/build && hypernetes upgrade      on the master's machine, then on each other node"})
final class UpgradeCommand implements Runnable {
    private static final Duration GRACE = Duration.ofSeconds(25);
    private static final Duration READY = Duration.ofSeconds(60);
    private static final Duration ASKING = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofMillis(300);

    @Mixin
    private final Common common = new Common();

    @Override
    public void run() {
        ProcessLog.quiet();
        Console console = Console.ofProcess();
        Places places = common.places();
        Background background = new Background(places, common.flags());
        boolean master = runs(places, "master");
        boolean node = runs(places, "node");
        if (!master && !node) {
            throw new UsageException("neither a master nor a node runs here, so there is nothing to replace; start them with: " + common.command("up"), UsageException.UNAVAILABLE);
        }
        Set<String> before = node ? containers(places) : Set.of();
        if (master) {
            console.task("Back up", step -> step.detail(backUp(places)));
            replace(console, background, "master");
        }
        if (node) {
            replace(console, background, "node");
            if (master) {
                awaitReady(console, places);
            }
            // One that has ended by itself meanwhile is no harm; one that was started anew has another id and is.
            Set<String> ended = missing(places, before);
            console.say("  " + (before.size() - ended.size()) + " of " + before.size() + " containers went on running"
                    + (ended.isEmpty() ? "" : "; ended meanwhile: " + String.join(", ", ended)));
        }
    }

    private String backUp(Places places) {
        Path file = places.state().resolve("before-upgrade.backup");
        try {
            return new Backups(places, common.clusterSettings()).write(file, "", null, null).shown();
        } catch (IOException e) {
            throw new UsageException("nothing was replaced, since the backup " + file + " could not be written: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private void replace(Console console, Background background, String process) {
        console.task("Replace " + process, step -> {
            background.stop(process, GRACE);
            try {
                background.start(process, List.of(), Map.of());
            } catch (UsageException failed) {
                throw new UsageException("the new " + process + " does not start, and the old one has ended. Pods go on running. To go back, say"
                        + " `hypernetes up` with the former programs" + (process.equals("master") ? "; if the state was changed, restore before-upgrade.backup first" : "")
                        + ".\n" + failed.getMessage(), UsageException.UNAVAILABLE);
            }
        });
    }

    private void awaitReady(Console console, Places places) {
        Settings settings = common.clusterSettings();
        String name = settings.text("node-name", HostAddresses.hostName());
        try (Client client = OperatorAccess.open(places, settings).client()) {
            console.task("Node " + name + " Ready", step -> {
                UpCommand.await(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), name, READY, StatusCommand::isReady);
            });
        }
    }

    /// Which of these containers do not run, once hyperd has had the time to ask all machines.
    private Set<String> missing(Places places, Set<String> before) {
        Instant until = Instant.now().plus(ASKING);
        Set<String> missing = new TreeSet<>(before);
        missing.removeAll(containers(places));
        try {
            while (!missing.isEmpty() && Instant.now().isBefore(until)) {
                Thread.sleep(LOOK);
                missing.removeAll(containers(places));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return missing;
    }

    private static boolean runs(Places places, String process) {
        return ProcessLock.holder(places.lockOf(process)).isPresent();
    }

    private Set<String> containers(Places places) {
        if (!Files.exists(places.criSocket())) {
            return Set.of();
        }
        try (CriConnection hyperd = new CriConnection(places.criSocket())) {
            return hyperd.runningContainers().stream().map(Container::getId).collect(Collectors.toCollection(TreeSet::new));
        } catch (StatusRuntimeException refused) {
            throw CriConnection.explained(refused, common);
        }
    }
}
