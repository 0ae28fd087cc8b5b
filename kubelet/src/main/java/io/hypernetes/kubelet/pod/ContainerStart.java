package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.hypernetes.client.ApiException;
import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.Int64Value;
import io.hypernetes.cri.v1.Mount;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.volume.PodFields;
import io.hypernetes.objects.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts one container of a pod: back-off, image, variables, create, start, postStart. Holds the pod's back-offs, so there
/// is one per pod; used by the pod's own thread.
final class ContainerStart {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerStart.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    /// Runs kept per container name: the newest and the one that `kubectl logs --previous` shows.
    private static final int KEPT_RUNS = 2;

    private final PodServices services;
    private final CriConfigs configs;
    private final Environment environment;
    private final ImagePull images;
    private final BackOff crashes;
    private final Hooks hooks;
    private final PodTrace trace;
    private final Context life;
    private final Consumer<String> condemn;
    private final Map<String, String> startFailures = new HashMap<>();

    /// @param life cancelled when the pod is to end
    /// @param condemn told the id of a container that must end, as its first act has failed
    ContainerStart(String tenant, PodServices services, CriConfigs configs, PodTrace trace, Context life, Consumer<String> condemn) {
        this.trace = trace;
        this.life = life;
        this.condemn = condemn;
        this.services = services;
        this.configs = configs;
        this.environment = new Environment(services.sources(), services.variables());
        this.images = new ImagePull(services.cri(), services.sources(), services.events(), services.clock(),
                new PulledImages(services.settings().stateFolder().resolve("pulled")), services.hosts(), services.settings().operators());
        this.crashes = new BackOff(services.clock());
        this.hooks = new Hooks(tenant, services.cri(), services.http());
    }

    /// @param previousRestarts the restart count that the API shows, for a container that the runtime no longer knows; -1 for none
    /// @throws WaitException when it cannot start now; its status says why
    void start(String tenant, Pod pod, Container container, ObservedSandbox sandbox, ObservedPod seen, int previousRestarts, Context context) {
        Optional<ObservedContainer> last = seen.container(container.getName());
        if (last.isPresent() && last.get().state() == ObservedContainer.State.CREATED && last.get().sandboxId().equals(sandbox.id())) {
            // Created by a kubelet that died before starting it, or the start failed.
            Duration left = crashes.remaining(startKey(container));
            if (!left.isZero()) {
                throw new WaitException(new Waiting("RunContainerError", startFailures.getOrDefault(container.getName(), "")), left);
            }
            start(pod, container, last.get().id());
            return;
        }
        last.filter(ObservedContainer::ended).ifPresent(ended -> backOff(pod, container, ended));
        PodSandboxConfig sandboxConfig = configs.sandbox(tenant, pod, sandbox.attempt());
        try {
            String imageRef = trace.pulling(
                    container.getImage(), () -> images.bring(tenant, pod, container, sandboxConfig, context));
            int attempt = last.map(ended -> ended.attempt() + 1).orElse(previousRestarts + 1);
            PodFields fields = new PodFields(pod, sandbox.ips(), services.settings().nodeIp(), services.allocatable().get());
            Expansion expansion = new Expansion();
            Map<String, String> variables = environment.of(tenant, fields, container, expansion);
            Path messageFile = messageFile(pod, container, attempt);
            ContainerConfig config = configs.container(tenant, pod, container, attempt, imageRef, variables, expansion, messageFile,
                    target(pod, container, seen));
            if (NonRoot.asked(pod, container) && !config.getLinux().getSecurityContext().hasRunAsUser()) {
                long user = NonRoot.check(pod, container, services.cri().image(imageRef)
                        .orElseThrow(() -> new ConfigException("the image " + container.getImage() + " is gone, cannot verify user is non-root")));
                ContainerConfig.Builder checked = config.toBuilder();
                checked.getLinuxBuilder().getSecurityContextBuilder().setRunAsUser(Int64Value.newBuilder().setValue(user));
                config = checked.build();
            }
            Optional<Mount> hosts = HostsFile.write(
                    services.volumes().folder(pod.getMetadata().getUid()), pod, container, sandbox.ips(), services.settings().clusterDomain());
            if (hosts.isPresent()) {
                config = config.toBuilder().addMounts(hosts.get()).build();
            }
            Files.createDirectories(configs.logFolder(tenant, pod).resolve(container.getName()));
            String id = create(pod, container, sandbox, config, sandboxConfig);
            try {
                start(pod, container, id);
            } finally {
                // Also of those that never ran, as one that cannot be started is made again and again.
                forgetOldRuns(tenant, pod, container, seen, attempt);
            }
            LOG.info("event=container-started tenant={} pod={}/{} container={} id={} attempt={}",
                    tenant, pod.getMetadata().getNamespace(), pod.getMetadata().getName(), container.getName(), id, attempt);
            postStart(pod, container, sandbox, id);
        } catch (ConfigException wrong) {
            throw failed(pod, container, "CreateContainerConfigError", wrong.getMessage());
        } catch (ApiException refused) {
            throw failed(pod, container, "CreateContainerConfigError", refused.getMessage());
        } catch (IOException broken) {
            throw failed(pod, container, "CreateContainerError", services.settings().hostPaths().hiddenIn("preparing the container's files: " + broken));
        }
    }

    private static @Nullable String target(Pod pod, Container container, ObservedPod seen) {
        String name = EphemeralContainers.target(pod, container);
        if (name == null) {
            return null;
        }
        return seen.container(name).filter(ObservedContainer::running).map(ObservedContainer::id)
                .orElseThrow(() -> new ConfigException("unable to find target container \"" + name + "\": it does not run"));
    }

    private void backOff(Pod pod, Container container, ObservedContainer ended) {
        String key = container.getName() + "/" + Plan.hash(container);
        Instant since = ended.finishedAt() == null ? ended.createdAt() : ended.finishedAt();
        Duration left = crashes.remaining(key, since);
        if (left.isZero()) {
            crashes.next(key, since);
            return;
        }
        String name = pod.getMetadata().getName() + "_" + pod.getMetadata().getNamespace() + "(" + pod.getMetadata().getUid() + ")";
        services.events().warning(pod, container, "BackOff",
                "Back-off restarting failed container " + container.getName() + " in pod " + name);
        String message = "back-off " + text(crashes.pause(key)) + " restarting failed container=" + container.getName() + " pod=" + name;
        throw new WaitException(new Waiting("CrashLoopBackOff", message), left);
    }

    private String create(Pod pod, Container container, ObservedSandbox sandbox, ContainerConfig config, PodSandboxConfig sandboxConfig) {
        try {
            String id = trace.calling(
                    "create container", container.getName(), () -> services.cri().createContainer(sandbox.id(), config, sandboxConfig));
            services.events().normal(pod, container, "Created", "Container created");
            return id;
        } catch (CriException failure) {
            throw failed(pod, container, "CreateContainerError", failure.description());
        }
    }

    private void start(Pod pod, Container container, String id) {
        try {
            trace.calling("start container", container.getName(), () -> {
                services.cri().startContainer(id);
                return id;
            });
            services.events().normal(pod, container, "Started", "Container started");
        } catch (CriException failure) {
            crashes.next(startKey(container), services.clock().instant());
            startFailures.put(container.getName(), failure.description());
            // Each attempt has an id of its own; under the container's name they are one event (recordContainerEvent of pkg/kubelet/kuberuntime/kuberuntime_container.go).
            services.events().warning(pod, container, "Failed", "Error: " + failure.description().replace(id, container.getName()));
            throw new WaitException(new Waiting("RunContainerError", failure.description()), RETRY);
        }
    }

    private void postStart(Pod pod, Container container, ObservedSandbox sandbox, String id) {
        if (container.getLifecycle() == null || container.getLifecycle().getPostStart() == null) {
            return;
        }
        String ip = sandbox.ips().isEmpty() ? "" : sandbox.ips().getFirst();
        Optional<String> failure = hooks.run(container.getLifecycle().getPostStart(), container, id, ip, Duration.ofMinutes(10), life);
        // Who ends the pod, or this process, has cut it off.
        if (failure.isPresent() && !life.isCancelled() && !Thread.currentThread().isInterrupted()) {
            LOG.warn("event=hook-failed hook=postStart container={} id={} reason=\"{}\"", container.getName(), id, failure.get());
            // Why is not told, as it may hold what is secret.
            services.events().warning(pod, container, "FailedPostStartHook", "PostStartHook failed");
            condemn.accept(id);
        }
    }

    private static String startKey(Container container) {
        return container.getName() + "/start/" + Plan.hash(container);
    }

    Hooks hooks() {
        return hooks;
    }

    private WaitException failed(Pod pod, Container container, String reason, @Nullable String message) {
        services.events().warning(pod, container, "Failed", "Error: " + message);
        return new WaitException(new Waiting(reason, String.valueOf(message)), RETRY);
    }

    private Path messageFile(Pod pod, Container container, int attempt) throws IOException {
        if (!Names.label(container.getName()).isEmpty()) {
            // The API server takes none such; folders of the node are called so.
            throw new ConfigException("the container's name is no DNS label");
        }
        Path folder = messageFolder(pod, container);
        Files.createDirectories(folder);
        Path file = folder.resolve(attempt + ".message");
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        return file;
    }

    private Path messageFolder(Pod pod, Container container) {
        return services.volumes().folder(pod.getMetadata().getUid()).resolve("containers").resolve(container.getName());
    }

    private void forgetOldRuns(String tenant, Pod pod, Container container, ObservedPod seen, int attempt) {
        // `seen` does not hold the run that was just made.
        List<ObservedContainer> runs = seen.containers(container.getName());
        Set<Integer> kept = new HashSet<>(Set.of(attempt, attempt - 1));
        for (int i = 0; i < runs.size(); i++) {
            if (i < KEPT_RUNS - 1 || runs.get(i).running() || !removed(runs.get(i))) {
                kept.add(runs.get(i).attempt());
            }
        }
        try {
            LogFiles.forget(configs.logFolder(tenant, pod).resolve(container.getName()), kept::contains);
            LogFiles.forget(messageFolder(pod, container), kept::contains);
        } catch (IOException failure) {
            LOG.warn("event=old-files-kept container={} attempt={} reason=\"{}\"", container.getName(), attempt, failure.toString());
        }
    }

    private boolean removed(ObservedContainer old) {
        try {
            services.cri().removeContainer(old.id());
            return true;
        } catch (CriException failure) {
            LOG.warn("event=old-run-kept container={} id={} reason=\"{}\"", old.name(), old.id(), failure.getMessage());
            return false;
        }
    }

    /// `10s`, `2m40s`, as upstream prints durations.
    static String text(Duration duration) {
        long minutes = duration.toMinutes();
        long seconds = duration.toSecondsPart();
        return minutes == 0 ? seconds + "s" : minutes + "m" + seconds + "s";
    }
}
