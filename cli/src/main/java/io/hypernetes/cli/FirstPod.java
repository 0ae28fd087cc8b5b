package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.cri.v1.Container;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.PodSandboxStatusResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The pod that `up` runs to show that all works, and the account of what it took.
final class FirstPod {
    static final String NAME = "first-light";

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final JsonMapper JSON = new JsonMapper();

    private FirstPod() {}

    /// Runs it, or finds it running.
    static void run(Console console, Client client, Places places) {
        ObjectKey key = new ObjectKey(ObjectKey.ROOT, "default", NAME);
        boolean there = client.of(Kind.POD).find(key).isPresent();
        Pod pod = console.step(there ? "First pod " + NAME : "Run first pod " + NAME, step -> {
            if (!there) {
                client.of(Kind.POD).create(ObjectKey.ROOT, specification());
            }
            return UpCommand.await(client, Kind.POD, Scope.namespace(ObjectKey.ROOT, "default"), NAME, LIMIT, current -> {
                step.detail(state(current));
                return "Failed".equals(phase(current)) || "Succeeded".equals(phase(current)) || runs(places, current);
            });
        });
        if (!there && "Running".equals(phase(pod))) {
            account(console, places, pod);
        }
    }

    /// Whether it runs now. Right after a start its status may be from before: hyperd knows which containers run.
    private static boolean runs(Places places, Pod pod) {
        if (!"Running".equals(phase(pod))) {
            return false;
        }
        try (CriConnection cri = new CriConnection(places.criSocket())) {
            Set<String> running = cri.runningContainers().stream().map(Container::getId).collect(Collectors.toSet());
            return pod.getStatus().getContainerStatuses().stream().allMatch(status -> status.getContainerID() != null
                    && running.contains(status.getContainerID().substring(status.getContainerID().lastIndexOf('/') + 1)));
        }
    }

    private static Pod specification() {
        return new PodBuilder()
                .withNewMetadata()
                .withName(NAME)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(1L)
                .addNewContainer()
                .withName("hello")
                .withImage(SampleImage.NAME)
                .withCommand("sh", "-c", "echo hello from kernel $(uname -r); exec sleep 1000000")
                .withNewResources()
                .withLimits(Map.of("memory", new Quantity("64Mi"), "cpu", new Quantity("500m")))
                .endResources()
                .endContainer()
                .endSpec()
                .build();
    }

    private static String phase(Pod pod) {
        return pod.getStatus() == null || pod.getStatus().getPhase() == null ? "Pending" : pod.getStatus().getPhase();
    }

    private static String state(Pod pod) {
        if (pod.getStatus() != null && pod.getStatus().getContainerStatuses() != null) {
            for (var status : pod.getStatus().getContainerStatuses()) {
                if (status.getState() != null && status.getState().getWaiting() != null) {
                    return String.valueOf(status.getState().getWaiting().getReason());
                }
            }
        }
        return phase(pod);
    }

    private static void account(Console console, Places places, Pod pod) {
        try (CriConnection cri = new CriConnection(places.criSocket())) {
            for (PodSandbox sandbox : cri.sandboxes()) {
                if (sandbox.getMetadata().getUid().equals(pod.getMetadata().getUid())) {
                    print(console, cri.sandbox(sandbox.getId()));
                    return;
                }
            }
        }
    }

    private static void print(Console console, PodSandboxStatusResponse status) {
        JsonNode info = JSON.readTree(status.getInfoOrDefault("info", "{}"));
        List<List<String>> rows = new ArrayList<>();
        long total = info.path("phasesNanos").path("total").asLong();
        for (Map.Entry<String, JsonNode> phase : info.path("phasesNanos").properties()) {
            if (phase.getKey().equals("total")) {
                continue;
            }
            rows.add(List.of("  " + phase.getKey(), String.format("%7.1f ms", phase.getValue().asLong() / 1e6)));
        }
        if (!rows.isEmpty()) {
            console.say("");
            console.say("  The virtual machine took " + console.bold(total / 1_000_000 + " ms") + ", phase by phase:");
            console.table(rows);
        }
        if (info.path("pssBytes").asLong() > 0) {
            console.say("  Its memory on the host: " + console.bold((info.path("pssBytes").asLong() >> 20) + " MiB") + " (proportional set size), "
                    + info.path("vcpus").asInt() + " virtual CPU(s), " + info.path("memoryMib").asInt() + " MiB of guest RAM");
        }
    }
}
