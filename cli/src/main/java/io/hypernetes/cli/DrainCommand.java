package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes drain`.
@Command(
        name = "drain",
        description = {
            "Empty a node for maintenance: no further pod comes to it, and the pods of all tenants on it are evicted as their disruption budgets allow.",
            "(`kubectl drain` sees the pods of one tenant alone: with the operator's kubeconfig those of root.)"
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes drain node-7 --ignore-daemonsets --timeout 10m", "  kubectl uncordon node-7                                      when it may have pods again"})
final class DrainCommand implements Runnable {
    @Mixin
    private final Common common = new Common();

    @Parameters(paramLabel = "NODE", description = "the node")
    private String node = "";

    @Option(names = "--tenant", paramLabel = "NAME", description = "evict the pods of this tenant alone", defaultValue = "")
    private String tenant = "";

    @Option(names = "--ignore-daemonsets", description = "let pods of DaemonSets be, which would be made again at once")
    private boolean ignoreDaemonSets;

    @Option(names = "--force", description = "also pods that no controller makes again")
    private boolean force;

    @Option(names = "--delete-emptydir-data", description = "also pods whose data in an emptyDir goes with them")
    private boolean deleteEmptyDirData;

    @Option(names = "--grace-period", paramLabel = "SECONDS", description = "what each pod gets to end; by itself what it asks for", defaultValue = "-1")
    private long grace = -1;

    @Option(names = "--timeout", paramLabel = "TIME", description = "how long all may take, as 30s or 10m; 0: for ever (default)", defaultValue = "0")
    private String timeout = "0";

    @Option(names = "--dry-run", description = "tell which pods would be evicted, and change nothing")
    private boolean dryRun;

    @Option(names = "-o", paramLabel = "FORMAT", description = "text (default) or json, which tells the steps on standard error", defaultValue = "text")
    private String output = "text";

    @Override
    public void run() {
        Output.check(output, "text", "json");
        Duration most = duration(timeout);
        boolean json = output.equals("json");
        Consumer<String> say = json ? System.err::println : System.out::println;
        OperatorAccess access = OperatorAccess.open(common.places(), common.settings());
        try (Client client = access.client(Duration.ofDays(1))) {
            var drain = new Drain(client, node, new Drain.Wishes(tenant, ignoreDaemonSets, force, deleteEmptyDirData, grace, most), say);
            if (dryRun) {
                drain.look();
            } else {
                drain.cordon();
            }
            Map<String, Pod> pods = drain.pods();
            if (dryRun) {
                tell(json, new Drain.Outcome(List.of(), Map.of()), new ArrayList<>(pods.keySet()));
                return;
            }
            Drain.Outcome outcome = drain.evict(pods);
            tell(json, outcome, List.of());
            if (!outcome.left().isEmpty()) {
                List<String> reasons = new ArrayList<>();
                outcome.left().forEach((pod, reason) -> reasons.add(pod + ": " + reason));
                throw new UsageException("node " + node + " is cordoned and not empty after " + timeout + "; still there are " + String.join("; ", reasons)
                        + "; the command may be repeated", UsageException.UNAVAILABLE);
            }
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted", 130);
        }
    }

    private void tell(boolean json, Drain.Outcome outcome, List<String> wouldGo) {
        if (json) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("node", node);
            told.put("evicted", outcome.evicted());
            told.put("left", outcome.left());
            if (dryRun) {
                told.put("wouldEvict", wouldGo);
            }
            System.out.println(Output.json(told));
        } else if (dryRun) {
            wouldGo.forEach(pod -> System.out.println("pod " + pod + " would be evicted"));
        } else if (outcome.left().isEmpty()) {
            System.out.println("node/" + node + " drained");
        }
    }

    private static Duration duration(String text) {
        String[] parts = text.split("(?<=[0-9])(?=[a-z])", 2);
        try {
            long number = Long.parseLong(parts[0]);
            Duration time = switch (parts.length == 1 ? "s" : parts[1]) {
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofSeconds(-1);
            };
            if (!time.isNegative() && time.compareTo(Duration.ofDays(1)) <= 0) {
                return time;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new UsageException("--timeout " + text + ": a number with s, m or h, such as 10m, of at most a day");
    }
}
