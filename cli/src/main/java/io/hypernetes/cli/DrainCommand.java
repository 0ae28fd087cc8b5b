package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes drain`: what `kubectl drain` does for one tenant, for all of them.
@Command(
        name = "drain",
        description = {
            "Cordon a node and evict the pods of all tenants from it, as their PodDisruptionBudgets allow; it is empty when this returns.",
            "kubectl drain sees the pods of one tenant alone. The node takes pods again after kubectl uncordon NODE."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes drain node-2 --dry-run                                       what would go, and which budgets refuse now",
            "  hypernetes drain node-2 --ignore-daemonsets --delete-emptydir-data --timeout 10m",
            "  kubectl --kubeconfig $(hypernetes kubeconfig) uncordon node-2"
        })
final class DrainCommand implements Runnable {
    private static final String CAME = "it came while the node was drained";

    /// A budget may hold up a pod for as long as the operator is willing to wait.
    private static final Duration VALIDITY = Duration.ofDays(365);

    @Mixin
    private final Common common = new Common();

    @Parameters(paramLabel = "NODE", description = "the node")
    private String node = "";

    @Option(names = "--tenant", paramLabel = "NAME", description = "only pods of this tenant")
    private @Nullable String tenant;

    @Option(names = "--ignore-daemonsets", description = "leave pods of DaemonSets where they are; without it they are a reason to evict nothing")
    private boolean ignoreDaemonSets;

    @Option(names = "--delete-emptydir-data", description = "also pods with emptyDir, and suspended ones: what they have on this node is lost")
    private boolean deleteEmptyDirData;

    @Option(names = "--force", description = "also pods that no controller makes anew elsewhere")
    private boolean force;

    @Option(names = "--grace-period", paramLabel = "SECONDS", description = "how long pods have to end; negative for their own time (default -1)", defaultValue = "-1")
    private long graceSeconds = -1;

    @Option(names = "--timeout", paramLabel = "TIME", description = "how long to try and wait, as 30s or 10m (default 0s: without end)", defaultValue = "0s")
    private String timeout = "0s";

    @Option(names = "--dry-run", description = "change nothing; say what would go and what would be refused now")
    private boolean dryRun;

    @Option(names = "-o", paramLabel = "FORMAT", description = "text (default) or json", defaultValue = "text")
    private String output = "text";

    @Override
    public void run() {
        Output.check(output, "text", "json");
        Instant until = timeout.equals("0s") ? null : Instant.now().plus(TokenCommand.parse("--timeout", timeout));
        // Beside JSON on the standard output, how it goes is for people.
        Console console = output.equals("json") ? new Console(System.err, false) : Console.ofProcess();
        try (Client client = OperatorAccess.open(common.places(), common.clusterSettings()).client(VALIDITY)) {
            drain(client, console, until);
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        }
    }

    private void drain(Client client, Console console, @Nullable Instant until) {
        Node known = client.of(Kind.NODE).find(ObjectKey.root(node))
                .orElseThrow(() -> new UsageException("there is no node '" + node + "'; `" + common.command("status") + "` lists them"));
        if (tenant != null && !tenant.equals(ObjectKey.ROOT) && client.of(Kind.TENANT).find(ObjectKey.root(tenant)).isEmpty()) {
            throw new UsageException("there is no tenant '" + tenant + "'; `hypernetes tenant list` lists them");
        }
        if (!dryRun) {
            cordon(client, console, known);
        }
        DrainPlan plan = plan(client);
        if (!plan.objections().isEmpty()) {
            throw new UsageException(objections(plan.objections()));
        }
        plan.staying().forEach(pod -> console.say("  " + pod.key() + " stays: " + pod.why()));
        Drain drain = new Drain(client, plan.leaving(), graceSeconds < 0 ? null : graceSeconds);
        if (dryRun) {
            drain.tryAll();
            if (output.equals("json")) {
                System.out.println(Output.json(summary(plan, drain, List.of())));
            }
            drain.left().forEach(pod -> console.say("  " + pod.key() + (pod.why().isEmpty() ? " would go" : " would not go now: " + pod.why())));
            return;
        }
        List<ObjectKey> came = new ArrayList<>();
        try {
            console.task("Evict pods", step -> {
                drain.run(step, until);
                came.addAll(came(plan, plan(client)));
                if (!drain.left().isEmpty() || !came.isEmpty()) {
                    throw new UsageException(left(drain.left(), came), 1);
                }
            });
        } finally {
            if (output.equals("json")) {
                System.out.println(Output.json(summary(plan, drain, came)));
            }
        }
        console.say("node " + node + " drained");
    }

    private void cordon(Client client, Console console, Node known) {
        if (known.getSpec() != null && Boolean.TRUE.equals(known.getSpec().getUnschedulable())) {
            console.say("  node " + node + " is cordoned already");
            return;
        }
        console.task("Cordon node " + node, _ -> client.of(Kind.NODE).patch(ObjectKey.root(node), Patch.merge(Map.of("spec", Map.of("unschedulable", true)))));
    }

    private DrainPlan plan(Client client) {
        Scope scope = tenant == null ? Scope.everywhere() : Scope.tenant(tenant);
        var pods = client.of(Kind.POD).list(scope, Selection.fields("spec.nodeName=" + node)).items();
        return DrainPlan.of(scope.tenant(), pods, new DrainPlan.Allowed(ignoreDaemonSets, deleteEmptyDirData, force));
    }

    /// Pods that were on their way when the node was cordoned, or that a cordon does not keep away.
    private static List<ObjectKey> came(DrainPlan before, DrainPlan now) {
        return now.leaving().stream().filter(pod -> !before.leaving().contains(pod)).map(DrainPlan.Leaving::key).toList();
    }

    private String objections(Map<String, List<ObjectKey>> objections) {
        String told = objections.entrySet().stream()
                .map(entry -> "  " + entry.getKey() + ":\n" + entry.getValue().stream().map(key -> "    " + key).collect(Collectors.joining("\n")))
                .collect(Collectors.joining("\n"));
        return "nothing was evicted from node " + node + (dryRun ? "" : ", which is cordoned now") + "; say what may become of these pods:\n" + told;
    }

    private String left(List<Drain.Left> left, List<ObjectKey> came) {
        List<String> told = new ArrayList<>();
        left.forEach(pod -> told.add("  " + pod.key() + ": " + pod.why()));
        came.forEach(key -> told.add("  " + key + ": " + CAME));
        return "node " + node + " is cordoned and not empty yet; the same command goes on, kubectl uncordon " + node + " lets it take pods again. Left are:\n"
                + String.join("\n", told);
    }

    private Map<String, Object> summary(DrainPlan plan, Drain drain, List<ObjectKey> came) {
        List<Map<String, Object>> left = new ArrayList<>();
        drain.left().forEach(pod -> left.add(named(pod.key(), pod.why())));
        came.forEach(key -> left.add(named(key, CAME)));
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("node", node);
        all.put("dryRun", dryRun);
        all.put("gone", drain.gone().stream().map(DrainCommand::named).toList());
        all.put("left", left);
        all.put("staying", plan.staying().stream().map(pod -> named(pod.key(), pod.why())).toList());
        return all;
    }

    private static Map<String, Object> named(ObjectKey key) {
        return new LinkedHashMap<>(Map.of("tenant", key.tenant(), "namespace", key.namespace(), "name", key.name()));
    }

    private static Map<String, Object> named(ObjectKey key, String why) {
        Map<String, Object> named = named(key);
        named.put("why", why);
        return named;
    }
}
