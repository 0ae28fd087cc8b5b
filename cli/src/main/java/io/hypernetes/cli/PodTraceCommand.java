package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.PodSandboxState;
import io.hypernetes.telemetry.Step;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `hypernetes pod trace`.
@Command(
        name = "trace",
        description = {
            "Draw what the start of a pod on this node was made of, step by step, as a waterfall.",
            "Without a kubelet the steps of hyperd alone are shown."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes pod trace web-0", "  hypernetes pod trace -n shop web-0 -o json"})
final class PodTraceCommand implements Runnable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Mixin
    private final Common common = new Common();

    @Mixin
    private final PodName pod = new PodName();

    @Option(names = "-o", paramLabel = "FORMAT", description = "waterfall (default) or json", defaultValue = "waterfall")
    private String output = "waterfall";

    @Override
    public void run() {
        Output.check(output, "waterfall", "json");
        try (CriConnection hyperd = new CriConnection(common.places().criSocket())) {
            PodSandbox sandbox = pod.newestOf(hyperd.sandboxes(), common);
            JsonNode info = JSON.readTree(hyperd.sandbox(sandbox.getId()).getInfoOrDefault("info", "{}"));
            List<Step> steps = info.has("steps") ? List.of(JSON.treeToValue(info.get("steps"), Step[].class)) : List.of();
            if (output.equals("json")) {
                System.out.println(Output.json(json(sandbox, info, steps)));
                return;
            }
            draw(sandbox, info, steps);
        } catch (StatusRuntimeException refused) {
            throw CriConnection.explained(refused, common);
        }
    }

    private void draw(PodSandbox sandbox, JsonNode info, List<Step> steps) {
        if (steps.isEmpty()) {
            throw new UsageException("nothing is known any more of how this pod was started: it was started by another version of hyperd");
        }
        Console console = Console.ofProcess();
        long begin = steps.stream().mapToLong(Step::startNanos).min().orElse(0);
        console.say(console.bold(sandbox.getMetadata().getNamespace() + "/" + sandbox.getMetadata().getName())
                + "  machine: " + info.path("start").asString("") + ", " + info.path("vcpus").asInt() + " vCPU, "
                + info.path("memoryMib").asInt() + " MiB  began " + java.time.Instant.ofEpochSecond(0, begin).truncatedTo(java.time.temporal.ChronoUnit.MILLIS));
        new Waterfall(console.width(), console).draw(steps).forEach(console::say);
        long dropped = info.path("stepsDropped").asLong();
        if (dropped > 0) {
            console.say(console.dim(dropped + " steps in between were not kept"));
        }
    }

    private static Map<String, Object> json(PodSandbox sandbox, JsonNode info, List<Step> steps) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("namespace", sandbox.getMetadata().getNamespace());
        all.put("pod", sandbox.getMetadata().getName());
        all.put("sandbox", sandbox.getId());
        all.put("start", info.path("start").asString(""));
        all.put("steps", steps.stream().sorted(Comparator.comparingLong(Step::startNanos)).toList());
        all.put("stepsDropped", info.path("stepsDropped").asLong());
        return all;
    }

    /// Which pod is meant: one that runs before one that has ended, a later one before an earlier one.
    static final class PodName {
        @Option(names = {"-n", "--namespace"}, description = "namespace of the pod", defaultValue = "default")
        private String namespace = "default";

        @Parameters(paramLabel = "POD", description = "name of the pod, or the beginning of its sandbox's id")
        @SuppressWarnings("NullAway.Init")
        private String pod;

        PodSandbox newestOf(List<PodSandbox> all, Common common) {
            List<PodSandbox> fitting = all.stream()
                    .filter(one -> one.getId().startsWith(pod)
                            || one.getMetadata().getName().equals(pod) && one.getMetadata().getNamespace().equals(namespace))
                    .toList();
            if (fitting.stream().map(one -> one.getMetadata().getUid()).distinct().count() > 1 && fitting.stream().filter(PodName::ready).count() > 1) {
                throw new UsageException(fitting.size() + " pods on this node are called " + pod + " (of several tenants): give the beginning of"
                        + " the sandbox's id, " + String.join(" or ", fitting.stream().map(one -> one.getId().substring(0, 12)).toList()));
            }
            return fitting.stream()
                    .max(Comparator.comparing(PodName::ready).thenComparingLong(PodSandbox::getCreatedAt))
                    .orElseThrow(() -> new UsageException("no pod " + pod + " of namespace " + namespace + " is on this node; `"
                            + common.command("status") + "` lists those that are"));
        }

        private static boolean ready(PodSandbox sandbox) {
            return sandbox.getState() == PodSandboxState.SANDBOX_READY;
        }
    }
}
