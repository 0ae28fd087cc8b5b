package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.Errno;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.docker.Runs.Run;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is done to the processes of a run while it lasts: signals, an end, limits, the size of its terminal. Safe for use by many threads.
final class RunControl {
    private static final Logger LOG = LoggerFactory.getLogger(RunControl.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration AFTER_KILL = Duration.ofSeconds(30);
    private static final int SIGKILL = 9;

    private final DockerHouse house;
    private final String container;

    RunControl(DockerHouse house, String container) {
        this.house = house;
        this.container = container;
    }

    /// Sends a signal; a machine whose time stands still goes on for it. One that has ended needs none.
    void signal(Run of, int signal, SignalTarget target) {
        try {
            if (of.sandbox().isPaused()) {
                of.sandbox().resume();
            }
            of.sandbox().guest().signal(container, signal, target, ANSWER);
        } catch (GuestException failure) {
            if (failure.errno() != Errno.ESRCH) {
                throw failure;
            }
        } catch (HyperdException machineGone) {
            LOG.debug("event=docker-signal-late container={}", container);
        }
    }

    /// Has its processes end, and waits until they have.
    ///
    /// @param seconds of grace before SIGKILL; below 0 for ever
    void end(Run of, int signal, int seconds) throws InterruptedException {
        if (seconds != 0) {
            signal(of, signal, SignalTarget.FIRST_PROCESS);
        }
        if (seconds == 0 || !of.container().awaitExit(seconds < 0 ? Duration.ofDays(365) : Duration.ofSeconds(seconds))) {
            signal(of, SIGKILL, SignalTarget.ALL_PROCESSES);
            if (!of.container().awaitExit(AFTER_KILL)) {
                house.sandboxes().shutDown(of.sandbox(), Duration.ZERO);
            }
        }
    }

    /// Sets the limits that the record has now.
    void limit(Run of, DockerRecord record) {
        SandboxRequest.Demand limits = Wish.sandbox(record, List.of(), List.of(), DockerNetworks.Place.OPEN).demand();
        try {
            of.sandbox().updateResources(of.container(), new ContainerRecord.Resources(
                    limits.cpuPeriodMicros(), limits.cpuQuotaMicros(), record.hostConfig().path("CpuShares").asLong(0), limits.memoryBytes(), 0, java.util.Map.of()));
        } catch (HyperdException refused) {
            if (refused.kind() != HyperdException.Kind.EXHAUSTED) {
                throw refused;
            }
            throw new DockerFailure(409, "container " + record.name() + " runs in a machine that has not so much: stop it, update it and start it again, then its machine has");
        }
    }
}
