package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/// One pod from its beginning to its end as a kubelet sees it, which remembers what it asked for and what it was told, and can so say after a
/// death of the engine what must be there.
final class PodLife implements EngineLife {
    /// Tells each start, and the signal that ends it.
    private static final String SCRIPT = "trap 'echo end; exit 3' TERM; echo begin; sleep 1000 & wait $!";
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Lab lab;
    private final String name;
    private Told sandbox = Told.NOT_ASKED;
    private Told creation = Told.NOT_ASKED;
    private Told start = Told.NOT_ASKED;
    private Told stop = Told.NOT_ASKED;
    private Told removal = Told.NOT_ASKED;
    private Told sandboxStop = Told.NOT_ASKED;
    private Told sandboxRemoval = Told.NOT_ASKED;

    PodLife(Lab lab, String name) {
        this.lab = lab;
        this.name = name;
    }

    @Override
    public void live() {
        sandbox = Told.ASKED;
        String pod = lab.run(lab.pod(name));
        sandbox = Told.DONE;
        creation = Told.ASKED;
        String container = lab.create(pod, lab.container("main", "sh", "-c", SCRIPT));
        creation = Told.DONE;
        start = Told.ASKED;
        lab.runtime.startContainer(StartContainerRequest.newBuilder().setContainerId(container).build());
        start = Told.DONE;
        // The trap is set before that is printed.
        await().atMost(SOON).dontCatchUncaughtExceptions().until(() -> !log().isEmpty() || lab.awaitDeath(Duration.ZERO));
        assertThat(lab.exec(container, "cat", "/etc/lab").getStdout().toStringUtf8()).isEqualTo("second layer\n");
        end(pod, container);
    }

    private void end(String pod, String container) {
        if (!container.isEmpty()) {
            stop = Told.ASKED;
            lab.runtime.stopContainer(StopContainerRequest.newBuilder().setContainerId(container).setTimeout(20).build());
            stop = Told.DONE;
            removal = Told.ASKED;
            lab.runtime.removeContainer(RemoveContainerRequest.newBuilder().setContainerId(container).build());
            removal = Told.DONE;
        }
        sandboxStop = Told.ASKED;
        lab.runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
        sandboxStop = Told.DONE;
        sandboxRemoval = Told.ASKED;
        lab.runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(pod).build());
        sandboxRemoval = Told.DONE;
    }

    @Override
    public void checkAndEnd(String when) throws Exception {
        List<PodSandbox> pods = lab.runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
        assertThat(pods.size()).as("%s: pods", when).isBetween(Told.least(sandbox, sandboxRemoval), Told.most(sandbox, sandboxRemoval));
        long ready = pods.stream().filter(pod -> pod.getState() == PodSandboxState.SANDBOX_READY).count();
        assertThat(ready).as("%s: ready pods", when).isBetween((long) Told.least(sandbox, sandboxStop), (long) Told.most(sandbox, sandboxStop));
        Footprint.of(lab.root).isOf((int) ready, when);
        assertThat(lab.leaks()).as(when).isEmpty();
        List<Container> containers = lab.runtime.listContainers(ListContainersRequest.getDefaultInstance()).getContainersList();
        boolean goneWithItsPod = sandboxRemoval != Told.NOT_ASKED;
        assertThat(containers.size()).as("%s: containers", when)
                .isBetween(goneWithItsPod ? 0 : Told.least(creation, removal), Told.most(creation, removal));
        for (Container container : containers) {
            check(container, ready > 0, when);
        }
        if (!pods.isEmpty()) {
            end(pods.getFirst().getId(), containers.isEmpty() ? "" : containers.getFirst().getId());
        }
        checkLog(when);
        Footprint.of(lab.root).isOf(0, when + ", and all was removed");
        assertThat(lab.order("keys").stream().filter(key -> key.startsWith("/hyperd/") || key.startsWith("/network/"))).as(when).isEmpty();
    }

    private void check(Container container, boolean ready, String when) {
        ContainerStatus status = lab.status(container.getId());
        switch (status.getState()) {
            case CONTAINER_CREATED -> assertThat(start).as("%s: a started container is created only", when).isNotEqualTo(Told.DONE);
            case CONTAINER_RUNNING -> {
                assertThat(start).as("%s: a container runs that nobody started", when).isNotEqualTo(Told.NOT_ASKED);
                assertThat(stop).as("%s: a stopped container runs", when).isNotEqualTo(Told.DONE);
                assertThat(lab.exec(container.getId(), "cat", "/etc/lab").getStdout().toStringUtf8()).as(when).isEqualTo("second layer\n");
            }
            case CONTAINER_EXITED -> {
                assertThat(stop).as("%s: a container has ended that nobody stopped: %s", when, status).isNotEqualTo(Told.NOT_ASKED);
                assertThat(status.getExitCode()).as("%s: %s", when, status).isEqualTo(3);
            }
            default -> throw new AssertionError(when + ": " + status);
        }
        assertThat(ready || status.getState() == ContainerState.CONTAINER_EXITED || start != Told.DONE).as("%s: %s", when, status).isTrue();
    }

    private void checkLog(String when) throws Exception {
        List<String> log = log();
        if (start == Told.DONE) {
            assertThat(log).as("%s: the log", when).containsExactly("begin", "end");
        } else {
            assertThat(Collections.frequency(log, "begin")).as("%s: starts of the container", when).isLessThan(2);
        }
    }

    private List<String> log() throws Exception {
        Path file = lab.root.resolve("logs").resolve(name).resolve("main.log");
        return Files.exists(file) ? lab.log(name, "main") : List.of();
    }
}
