package io.hypernetes.simulate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// What a kubelet would report of a pod. A pod runs at once and is ready; one of a Job ends well after a second. Annotations of the pod
/// say otherwise:
///
/// * `simulate.hypernetes.io/run-for: 5s`: its containers end by themselves after this time
/// * `simulate.hypernetes.io/exit-code: "1"`: with this code
/// * `simulate.hypernetes.io/ready-after: 3s`: it becomes ready later; `never` keeps it from it
final class SimulatedPod {
    private static final String PREFIX = "simulate.hypernetes.io/";
    private static final String ENDED_BY_SIGNAL = "143";

    private final Client client;
    private final InstantSource clock;
    private final AtomicInteger addresses = new AtomicInteger();

    SimulatedPod(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /// Brings the reported state up to date.
    ///
    /// @return when it will change by itself
    Optional<Duration> serve(ObjectKey key, Pod pod) {
        String phase = pod.getStatus() == null || pod.getStatus().getPhase() == null ? "Pending" : pod.getStatus().getPhase();
        boolean ended = phase.equals("Succeeded") || phase.equals("Failed");
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            if (!ended) {
                // What has its end reported can be counted before it is gone, as Jobs need.
                report(key, pod, ended(pod, ENDED_BY_SIGNAL));
            }
            client.of(Kind.POD).delete(key, Deletion.now(pod.getMetadata().getUid()));
            return Optional.empty();
        }
        if (ended) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        Instant started = started(pod, now);
        Duration age = Duration.between(started, now);
        Optional<Duration> runFor = runFor(pod);
        if (runFor.isPresent() && phase.equals("Running") && age.compareTo(runFor.get()) >= 0) {
            String code = annotation(pod, "exit-code", "0");
            if (!code.equals("0") && "Always".equals(pod.getSpec().getRestartPolicy())) {
                return Optional.empty();
            }
            report(key, pod, ended(pod, code));
            return Optional.empty();
        }
        Optional<Duration> readyAfter = readyAfter(pod);
        boolean ready = readyAfter.isPresent() && age.compareTo(readyAfter.get()) >= 0;
        PodStatus wanted = running(pod, started, ready && gatesOpen(pod), now);
        if (!wanted.equals(pod.getStatus())) {
            report(key, pod, wanted);
        }
        Optional<Duration> untilReady = ready ? Optional.empty() : readyAfter.map(after -> after.minus(age));
        Optional<Duration> untilEnd = runFor.map(time -> time.minus(age));
        return untilReady.isPresent() ? untilReady : untilEnd;
    }

    /// Drops what nobody looks at here: the pods of some thousand nodes are in one process.
    static void trim(Pod pod) {
        Map<String, String> annotations = new HashMap<>();
        if (pod.getMetadata().getAnnotations() != null) {
            pod.getMetadata().getAnnotations().forEach((name, value) -> {
                if (name.startsWith(PREFIX) || name.equals(ObjectKey.TENANT_ANNOTATION)) {
                    annotations.put(name, value);
                }
            });
        }
        pod.getMetadata().setAnnotations(annotations);
        pod.getMetadata().setLabels(null);
        PodSpec all = pod.getSpec();
        if (all != null) {
            PodSpec spec = new PodSpec();
            spec.setNodeName(all.getNodeName());
            spec.setRestartPolicy(all.getRestartPolicy());
            spec.setReadinessGates(all.getReadinessGates());
            spec.setContainers(all.getContainers().stream().map(each -> {
                Container container = new Container();
                container.setName(each.getName());
                container.setImage(each.getImage());
                return container;
            }).toList());
            pod.setSpec(spec);
        }
    }

    /// Only of the pod as it was seen.
    private void report(ObjectKey key, Pod pod, PodStatus status) {
        try {
            client.of(Kind.POD).patch(key, "status", Patch.merge(Map.of(
                    "metadata", Map.of("uid", pod.getMetadata().getUid(), "resourceVersion", pod.getMetadata().getResourceVersion()),
                    "status", status)));
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }

    private PodStatus running(Pod pod, Instant started, boolean ready, Instant now) {
        PodStatus before = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        List<ContainerStatus> containers = new ArrayList<>();
        for (Container container : pod.getSpec().getContainers()) {
            containers.add(container(container).withReady(ready).withStarted(true)
                    .withNewState().withNewRunning().withStartedAt(text(started)).endRunning().endState().build());
        }
        String ip = before.getPodIP() == null || before.getPodIP().isEmpty() ? address() : before.getPodIP();
        return new PodStatusBuilder(before)
                .withPhase("Running")
                .withStartTime(text(started))
                .withPodIP(ip)
                .withPodIPs(new io.fabric8.kubernetes.api.model.PodIP(ip))
                .withConditions(conditions(before, now, "", ready))
                .withContainerStatuses(containers)
                .build();
    }

    private PodStatus ended(Pod pod, String code) {
        Instant now = clock.instant();
        boolean well = code.equals("0");
        int exit = code.matches("[0-9]{1,3}") ? Integer.parseInt(code) : 1;
        PodStatus before = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        List<ContainerStatus> containers = new ArrayList<>();
        for (Container container : pod.getSpec().getContainers()) {
            containers.add(container(container).withReady(false).withStarted(false)
                    .withNewState().withNewTerminated()
                    .withExitCode(exit).withReason(well ? "Completed" : "Error")
                    .withStartedAt(text(started(pod, now))).withFinishedAt(text(now))
                    .endTerminated().endState().build());
        }
        return new PodStatusBuilder(before)
                .withPhase(well ? "Succeeded" : "Failed")
                .withConditions(conditions(before, now, "PodCompleted", false))
                .withContainerStatuses(containers)
                .build();
    }

    private static ContainerStatusBuilder container(Container container) {
        return new ContainerStatusBuilder()
                .withName(container.getName())
                .withImage(container.getImage())
                .withImageID("simulated://" + container.getImage())
                .withContainerID("simulated://" + container.getName())
                .withRestartCount(0);
    }

    private List<PodCondition> conditions(PodStatus before, Instant now, String reason, boolean ready) {
        List<PodCondition> conditions = new ArrayList<>();
        if (before.getConditions() != null) {
            before.getConditions().stream()
                    .filter(condition -> !List.of("Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers").contains(condition.getType()))
                    .forEach(conditions::add);
        }
        boolean ended = !reason.isEmpty();
        conditions.add(condition(before, "PodReadyToStartContainers", !ended, "", now));
        conditions.add(condition(before, "Initialized", true, reason, now));
        conditions.add(condition(before, "Ready", ready, ready ? "" : ended ? reason : "ContainersNotReady", now));
        conditions.add(condition(before, "ContainersReady", ready, ready ? "" : ended ? reason : "ContainersNotReady", now));
        return conditions;
    }

    private static PodCondition condition(PodStatus before, String type, boolean holds, String reason, Instant now) {
        String status = holds ? "True" : "False";
        String since = before.getConditions() == null ? text(now) : before.getConditions().stream()
                .filter(condition -> type.equals(condition.getType()) && status.equals(condition.getStatus()))
                .map(PodCondition::getLastTransitionTime)
                .findFirst()
                .orElse(text(now));
        return new PodConditionBuilder()
                .withType(type).withStatus(status).withReason(reason.isEmpty() ? null : reason).withLastTransitionTime(since).build();
    }

    private static boolean gatesOpen(Pod pod) {
        if (pod.getSpec().getReadinessGates() == null) {
            return true;
        }
        List<PodCondition> conditions = pod.getStatus() == null || pod.getStatus().getConditions() == null ? List.of() : pod.getStatus().getConditions();
        return pod.getSpec().getReadinessGates().stream().allMatch(gate -> conditions.stream().anyMatch(condition ->
                gate.getConditionType().equals(condition.getType()) && "True".equals(condition.getStatus())));
    }

    private static Instant started(Pod pod, Instant otherwise) {
        String text = pod.getStatus() == null ? null : pod.getStatus().getStartTime();
        return text == null ? otherwise.truncatedTo(ChronoUnit.SECONDS) : Instant.parse(text);
    }

    /// Addresses of the range for carriers (RFC 6598), which no pod network uses.
    private String address() {
        int number = addresses.incrementAndGet() & 0x3f_ffff;
        return "100." + (64 + (number >> 16)) + "." + (number >> 8 & 0xff) + "." + (number & 0xff);
    }

    private static Optional<Duration> runFor(Pod pod) {
        String text = annotation(pod, "run-for", isOfJob(pod) ? "1s" : "");
        return text.isEmpty() ? Optional.empty() : duration(text);
    }

    private static Optional<Duration> readyAfter(Pod pod) {
        String text = annotation(pod, "ready-after", "0s");
        return text.equals("never") ? Optional.empty() : duration(text);
    }

    private static boolean isOfJob(Pod pod) {
        List<OwnerReference> owners = pod.getMetadata().getOwnerReferences();
        return owners != null && owners.stream().anyMatch(owner -> "Job".equals(owner.getKind()) && Boolean.TRUE.equals(owner.getController()));
    }

    private static String annotation(Pod pod, String name, String otherwise) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        return annotations == null ? otherwise : annotations.getOrDefault(PREFIX + name, otherwise);
    }

    private static Optional<Duration> duration(@Nullable String text) {
        if (text == null || !text.matches("[0-9]{1,6}(ms|s|m|h)")) {
            return Optional.of(Duration.ZERO);
        }
        if (text.endsWith("ms")) {
            return Optional.of(Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2))));
        }
        long number = Long.parseLong(text.substring(0, text.length() - 1));
        return Optional.of(switch (text.charAt(text.length() - 1)) {
            case 's' -> Duration.ofSeconds(number);
            case 'm' -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        });
    }

    private static String text(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
