package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The containers of one pod that has its machine: those end that are to begin again, and those begin that are to run. For the pod's worker, except for [#letGo].
final class PodRun {
    private final PodServices services;
    private final String tenant;
    private final ContainerStart starts;
    private final PodEnding ending;
    private final PodVolumes volumes;
    private final StatusTelling status;
    private final BooleanSupplier halted;
    private final Runnable wake;
    private volatile Context.@Nullable CancellableContext pull;

    /// @param halted whether none of its containers is to be started now
    /// @param wake has it looked at again at once
    PodRun(PodServices services, String tenant, ContainerStart starts, PodEnding ending, PodVolumes volumes, StatusTelling status, BooleanSupplier halted, Runnable wake) {
        this.services = services;
        this.tenant = tenant;
        this.starts = starts;
        this.ending = ending;
        this.volumes = volumes;
        this.status = status;
        this.halted = halted;
        this.wake = wake;
    }

    /// Takes the next step.
    ///
    /// @param now as it was granted
    /// @return when to look again
    Duration proceed(Pod now, ObservedPod seen, Plan.Run run) {
        for (Plan.Stop stop : run.stop()) {
            ending.restart(now, stop, seen);
        }
        if (!run.stop().isEmpty()) {
            return ending.pause(services.settings().syncFrequency());
        }
        volumes.refresh(now, run);
        status.waits().keySet().retainAll(run.start().stream().map(Container::getName).collect(Collectors.toSet()));
        Duration next = jittered(services.settings().syncFrequency());
        boolean started = false;
        for (Container container : run.start()) {
            Context.CancellableContext context = Context.ROOT.withCancellation();
            pull = context;
            try {
                // Asked behind that line: who halted the pod before it had nothing to cancel.
                if (halted.getAsBoolean()) {
                    break;
                }
                starts.start(tenant, now, container, run.sandbox(), seen, restarts(now, container), context);
                status.waits().remove(container.getName());
                started = true;
            } catch (WaitException wait) {
                status.waits().put(container.getName(), wait.waiting());
                next = wait.pause().compareTo(next) < 0 ? wait.pause() : next;
            } catch (CriException refused) {
                if (!context.isCancelled()) {
                    throw refused;
                }
                break;
            } finally {
                pull = null;
                context.cancel(null);
            }
        }
        if (started || halted.getAsBoolean()) {
            wake.run();
        } else if (!run.start().isEmpty()) {
            status.tell(now, services.cri().observe(now.getMetadata().getUid()), StatusTelling.Plain.GOES_ON);
        }
        return next;
    }

    /// Gives up what is being pulled if it is of no use any more. May be called by any thread.
    void letGo() {
        Context.CancellableContext running = pull;
        if (running != null && halted.getAsBoolean()) {
            running.cancel(null);
        }
    }

    private static int restarts(Pod now, Container container) {
        ContainerStatus status = statusOf(now, container);
        // A status without containerID speaks of a container that never was.
        if (status == null) {
            return -1;
        }
        boolean was = (status.getContainerID() != null && !status.getContainerID().isEmpty()) || status.getRestartCount() > 0;
        return was ? status.getRestartCount() : -1;
    }

    private static @Nullable ContainerStatus statusOf(Pod now, Container container) {
        if (now.getStatus() == null) {
            return null;
        }
        List<ContainerStatus> statuses = new ArrayList<>(now.getStatus().getInitContainerStatuses());
        statuses.addAll(now.getStatus().getContainerStatuses());
        return statuses.stream().filter(status -> status.getName().equals(container.getName())).findFirst().orElse(null);
    }

    private static Duration jittered(Duration time) {
        return time.plusMillis(ThreadLocalRandom.current().nextLong(time.toMillis() / 3));
    }
}
