package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes simulate`.
@Command(
        name = "simulate",
        description = "Add to the cluster what exists in its API only.",
        subcommands = SimulateCommand.Nodes.class,
        mixinStandardHelpOptions = true)
final class SimulateCommand {

    @Command(
            name = "nodes",
            description = {
                "Run simulated nodes in the foreground until interrupted: they take pods and report them running, ready and ended, and run nothing.",
                "Pods of Jobs end well after a second; annotations of a pod change what happens:",
                "  simulate.hypernetes.io/run-for: 5s       its containers end after this time",
                "  simulate.hypernetes.io/exit-code: \"1\"    with this code",
                "  simulate.hypernetes.io/ready-after: 3s   it is ready later, or never"
            },
            mixinStandardHelpOptions = true,
            footerHeading = "%nExamples:%n",
            footer = {"  hypernetes simulate nodes 100", "  hypernetes simulate nodes 5000 --prefix big --room cpu=64,memory=512Gi,pods=250",
                "  hypernetes simulate nodes 2 --label pool=test --taint pool=test:NoSchedule"})
    static final class Nodes implements Runnable {
        private static final Pattern TAINT = Pattern.compile("([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)");

        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "N", description = "how many nodes, 1 to 100000")
        private int count;

        @Option(names = "--prefix", paramLabel = "NAME", description = "the nodes are NAME-0, NAME-1, … (default simulated)", defaultValue = "simulated")
        private String prefix = "simulated";

        @Option(names = "--zones", paramLabel = "N", description = "zones to spread them over (default 3; 0: no zones)", defaultValue = "3")
        private int zones;

        @Option(names = "--room", paramLabel = "NAME=AMOUNT", split = ",",
                description = "what each node offers (default cpu=32,memory=256Gi,ephemeral-storage=1Ti,pods=110); unnamed ones keep their default")
        private @Nullable Map<String, String> room;

        @Option(names = "--label", paramLabel = "KEY=VALUE", split = ",", description = "labels of each node beside its own")
        private Map<String, String> labels = new HashMap<>();

        @Option(names = "--taint", paramLabel = "KEY=VALUE:EFFECT", split = ",", description = "taints of each node from its first moment on, so that only pods that tolerate them come")
        private List<String> taints = new ArrayList<>();

        @Option(names = "--keep", description = "leave the nodes in the API when interrupted, as if their power had gone")
        private boolean keep;

        @Override
        public void run() {
            SimulationSettings ordinary;
            try {
                ordinary = SimulationSettings.nodes(count);
            } catch (IllegalArgumentException e) {
                throw new UsageException(String.valueOf(e.getMessage()));
            }
            Map<String, String> offered = new HashMap<>(ordinary.room());
            if (room != null) {
                offered.putAll(room);
            }
            SimulationSettings settings = new SimulationSettings(
                    prefix, count, zones, offered, labels, taints.stream().map(Nodes::taint).toList(), ordinary.heartbeat());
            CountDownLatch told = new CountDownLatch(1);
            CountDownLatch ended = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                told.countDown();
                try {
                    ended.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            try (Client client = OperatorAccess.open(common.places(), common.clusterSettings()).client(Duration.ofDays(365));
                    SimulatedNodes nodes = new SimulatedNodes(client, settings, Clock.systemUTC())) {
                nodes.start();
                System.out.println(Background.READY);
                System.out.flush();
                told.await();
                if (!keep) {
                    nodes.remove();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                ended.countDown();
            }
        }

        static Taint taint(String text) {
            Matcher parts = TAINT.matcher(text);
            if (!parts.matches()) {
                throw new UsageException("--taint " + text + ": a taint is KEY=VALUE:EFFECT or KEY:EFFECT, with one of the effects NoSchedule, PreferNoSchedule and NoExecute");
            }
            return new TaintBuilder().withKey(parts.group(1)).withValue(parts.group(2)).withEffect(parts.group(3)).build();
        }
    }
}
