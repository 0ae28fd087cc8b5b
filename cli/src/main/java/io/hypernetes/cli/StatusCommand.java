package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes status`.
@Command(
        name = "status",
        description = "Show the components of this machine, the nodes and the pods of all tenants. Exit code 0 when all components run.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes status", "  hypernetes status -o json | jq .pods"})
final class StatusCommand implements java.util.concurrent.Callable<Integer> {
    /// The processes of an installation.
    static final List<String> PROCESSES = List.of("master", "node");

    @Mixin
    private final Common common = new Common();

    @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
    private String output = "table";

    private record NodeLine(String name, String status, String address, String kernel, String runtime) {}

    private record PodLine(String tenant, String namespace, String name, String phase, int restarts, String node, String address) {}

    @Override
    public Integer call() {
        Output.check(output, "table", "json");
        ProcessLog.quiet();
        Map<String, Long> components = new LinkedHashMap<>();
        for (String process : PROCESSES) {
            components.put(process, ProcessLock.holder(common.places().lockOf(process)).map(ProcessHandle::pid).orElse(0L));
        }
        List<NodeLine> nodes = new ArrayList<>();
        List<PodLine> pods = new ArrayList<>();
        String api = ask(nodes, pods);
        boolean well = api.isEmpty() && components.values().stream().allMatch(pid -> pid > 0);
        if (output.equals("json")) {
            System.out.println(Output.json(Map.of("components", components, "api", api.isEmpty() ? "ok" : api, "nodes", nodes, "pods", pods)));
        } else {
            print(components, api, nodes, pods);
        }
        return well ? 0 : 1;
    }

    /// @return why the API does not answer; empty when it does
    private String ask(List<NodeLine> nodes, List<PodLine> pods) {
        if (!Files.isDirectory(common.places().pki())) {
            return "no master on this machine";
        }
        try (Client client = OperatorAccess.open(common.places(), common.clusterSettings()).client()) {
            client.of(Kind.NODE).list(Scope.tenant(ObjectKey.ROOT), Selection.everything()).items().forEach(node -> nodes.add(line(node)));
            client.of(Kind.POD).list(Scope.everywhere(), Selection.everything()).items().forEach(pod -> pods.add(line(pod)));
            return "";
        } catch (ApiException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void print(Map<String, Long> components, String api, List<NodeLine> nodes, List<PodLine> pods) {
        Console console = Console.ofProcess();
        List<List<String>> rows = new ArrayList<>(List.of(List.of("COMPONENT", "STATE", "LOG")));
        components.forEach((name, pid) -> rows.add(List.of(name, pid > 0 ? "running, process " + pid : "stopped", common.places().logOf(name).toString())));
        console.table(rows);
        if (!api.isEmpty()) {
            console.say("\n  API: " + api);
            return;
        }
        console.say("");
        List<List<String>> nodeRows = new ArrayList<>(List.of(List.of("NODE", "STATUS", "ADDRESS", "KERNEL", "RUNTIME")));
        nodes.forEach(node -> nodeRows.add(List.of(node.name(), node.status(), node.address(), node.kernel(), node.runtime())));
        console.table(nodeRows);
        console.say("");
        List<List<String>> podRows = new ArrayList<>(List.of(List.of("TENANT", "NAMESPACE", "POD", "PHASE", "RESTARTS", "NODE", "ADDRESS")));
        pods.forEach(pod -> podRows.add(List.of(pod.tenant(), pod.namespace(), pod.name(), pod.phase(), Integer.toString(pod.restarts()), pod.node(), pod.address())));
        console.table(podRows);
    }

    private static NodeLine line(Node node) {
        return new NodeLine(
                node.getMetadata().getName(),
                isReady(node) ? "Ready" : "NotReady",
                Optional.ofNullable(node.getStatus()).flatMap(status -> status.getAddresses().stream()
                        .filter(address -> "InternalIP".equals(address.getType())).map(address -> address.getAddress()).findFirst()).orElse(""),
                Optional.ofNullable(node.getStatus()).map(status -> status.getNodeInfo()).map(info -> info.getKernelVersion()).orElse(""),
                Optional.ofNullable(node.getStatus()).map(status -> status.getNodeInfo()).map(info -> info.getContainerRuntimeVersion()).orElse(""));
    }

    static boolean isReady(Node node) {
        return node.getStatus() != null && node.getStatus().getConditions() != null
                && node.getStatus().getConditions().stream().anyMatch(condition -> "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    private static PodLine line(Pod pod) {
        int restarts = Optional.ofNullable(pod.getStatus()).map(status -> status.getContainerStatuses()).orElse(List.of()).stream()
                .mapToInt(ContainerStatus::getRestartCount).sum();
        return new PodLine(
                ObjectKey.of(pod).tenant(),
                pod.getMetadata().getNamespace(),
                pod.getMetadata().getName(),
                pod.getMetadata().getDeletionTimestamp() != null ? "Terminating" : Optional.ofNullable(pod.getStatus()).map(status -> status.getPhase()).orElse(""),
                restarts,
                Optional.ofNullable(pod.getSpec().getNodeName()).orElse(""),
                Optional.ofNullable(pod.getStatus()).map(status -> status.getPodIP()).orElse(""));
    }
}
