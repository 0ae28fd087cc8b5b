package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.Lab;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert;

/// A node that is others' too, one sandbox that many specs share, and the words that they have in common.
final class Bench implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(60);
    static final String POD = "shared";

    final Lab lab;
    final RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime;
    final ImageServiceGrpc.ImageServiceBlockingStub images;
    final PodSandboxConfig pod;
    final String sandbox;
    private final AtomicInteger number = new AtomicInteger();

    Bench(Lab lab) {
        this.lab = lab;
        runtime = lab.runtime;
        images = lab.images;
        pod = lab.pod(POD).toBuilder()
                .setHostname("the-hostname")
                .setDnsConfig(DNSConfig.newBuilder().addServers("10.10.10.10").addSearches("google.com").addOptions("ndots:8"))
                .setLinux(LinuxPodSandboxConfig.newBuilder()
                        .putSysctls("kernel.shm_rmid_forced", "1")
                        .putSysctls("fs.mqueue.msg_max", "100"))
                .build();
        sandbox = lab.run(pod);
    }

    /// A name that no other container of a test has.
    String name(String prefix) {
        return prefix + "-" + number.incrementAndGet();
    }

    /// A container that lives on, as most specs need one.
    ContainerConfig.Builder idle(String prefix) {
        return lab.container(name(prefix), "sh", "-c", "top");
    }

    ContainerConfig.Builder idle(String prefix, LinuxContainerSecurityContext.Builder security) {
        return idle(prefix).setLinux(LinuxContainerConfig.newBuilder().setSecurityContext(security));
    }

    String running(ContainerConfig.Builder container) {
        String id = lab.start(sandbox, container);
        assertThat(lab.status(id).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
        return id;
    }

    String running(String prefix, LinuxContainerSecurityContext.Builder security) {
        return running(idle(prefix, security));
    }

    /// Runs a container to its end and gives its status.
    ContainerStatus finished(ContainerConfig.Builder container) {
        String id = lab.start(sandbox, container);
        await().atMost(SOON).until(() -> lab.status(id).getState() == ContainerState.CONTAINER_EXITED);
        return lab.status(id);
    }

    /// What a command prints that must succeed and complain of nothing.
    String exec(String container, String... command) {
        ExecSyncResponse answer = lab.exec(container, command);
        assertThat(answer.getStderr().toStringUtf8()).isEmpty();
        assertThat(answer.getExitCode()).isZero();
        return answer.getStdout().toStringUtf8();
    }

    void removeContainer(String id) {
        runtime.removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id).build());
    }

    void stopContainer(String id, long seconds) {
        runtime.stopContainer(StopContainerRequest.newBuilder().setContainerId(id).setTimeout(seconds).build());
    }

    void stopSandbox(String id) {
        runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build());
    }

    void removeSandbox(String id) {
        runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build());
    }

    PodSandboxStatus sandboxStatus(String id) {
        return runtime.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).build()).getStatus();
    }

    List<Container> containers(ContainerFilter.Builder filter) {
        return runtime.listContainers(ListContainersRequest.newBuilder().setFilter(filter).build()).getContainersList();
    }

    List<PodSandbox> sandboxes(PodSandboxFilter.Builder filter) {
        return runtime.listPodSandbox(ListPodSandboxRequest.newBuilder().setFilter(filter).build()).getItemsList();
    }

    static Status.Code failure(ThrowableAssert.ThrowingCallable call) {
        Throwable thrown = Assertions.catchThrowable(call);
        assertThat(thrown).isInstanceOf(StatusRuntimeException.class);
        return ((StatusRuntimeException) thrown).getStatus().getCode();
    }

    @Override
    public void close() throws Exception {
        lab.remove(sandbox);
        assertThat(lab.leaks()).isEmpty();
    }
}
