package io.hypernetes.kubelet.pod;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.grpc.Context;
import io.hypernetes.cri.v1.ExecSyncResponse;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.probe.HttpGets;
import io.hypernetes.kubelet.probe.HostLookups;
import io.hypernetes.kubelet.probe.PodHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// postStart and preStop: exec in the container, an HTTP GET to the pod, or a pause.
final class Hooks {
    private static final Logger LOG = LoggerFactory.getLogger(Hooks.class);
    /// Of what a hook says of its failure, which is one line of the node's log.
    private static final int LONGEST_OUTPUT = 1 << 10;

    private final String tenant;
    private final CriRuntime cri;
    private final PodHttp http;

    /// @param tenant whose pod it is
    Hooks(String tenant, CriRuntime cri, PodHttp http) {
        this.tenant = tenant;
        this.cri = cri;
        this.http = http;
    }

    /// Runs a hook; empty when it succeeded, else why it failed. Where the node was too busy to ask for its host in all that time it has not failed, and begins
    /// again.
    ///
    /// @param until ends it when it is cancelled, as an interruption does
    Optional<String> run(LifecycleHandler hook, Container container, String containerId, String podIp, Duration atMost, Context until) {
        CompletableFuture<Optional<String>> over = new CompletableFuture<>();
        Thread running = Thread.ofVirtual().name("hook-" + container.getName()).start(() -> {
            try {
                over.complete(runOnceThereIsAPlace(hook, container, containerId, podIp, atMost));
            } catch (RuntimeException fault) {
                over.completeExceptionally(fault);
            }
        });
        Context.CancellationListener cut = _ -> running.interrupt();
        until.addListener(cut, Runnable::run);
        try {
            return over.get();
        } catch (InterruptedException closing) {
            running.interrupt();
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        } catch (ExecutionException fault) {
            throw new IllegalStateException("the hook of container " + container.getName(), fault.getCause());
        } finally {
            until.removeListener(cut);
        }
    }

    private Optional<String> runOnceThereIsAPlace(LifecycleHandler hook, Container container, String containerId, String podIp, Duration atMost) {
        while (true) {
            try {
                return attempt(hook, container, containerId, podIp, atMost);
            } catch (HostLookups.NoPlaceException crowded) {
                LOG.warn("event=hook-held-up container={} id={} next=\"it begins again\" reason=\"{}\"", container.getName(), containerId, crowded.getMessage());
                if (Thread.currentThread().isInterrupted()) {
                    return Optional.of("interrupted");
                }
            }
        }
    }

    /// Runs a hook; empty when it succeeded, else why it failed.
    Optional<String> run(LifecycleHandler hook, Container container, String containerId, String podIp, Duration atMost) {
        try {
            return attempt(hook, container, containerId, podIp, atMost);
        } catch (HostLookups.NoPlaceException crowded) {
            return Optional.of(String.valueOf(crowded.getMessage()));
        }
    }

    private Optional<String> attempt(LifecycleHandler hook, Container container, String containerId, String podIp, Duration atMost)
            throws HostLookups.NoPlaceException {
        try {
            if (hook.getExec() != null) {
                ExecSyncResponse answer = cri.execSync(containerId, hook.getExec().getCommand(), atMost, LONGEST_OUTPUT);
                return answer.getExitCode() == 0 ? Optional.empty()
                        : Optional.of("command exited with " + answer.getExitCode() + ": " + cut(answer.getStderr()));
            }
            if (hook.getHttpGet() != null) {
                HTTPGetAction action = hook.getHttpGet();
                int code = http.get(tenant, HttpGets.uri(container, action, podIp), HttpGets.headers(action, "kube-lifecycle"), atMost);
                return code < 400 ? Optional.empty() : Optional.of("HTTP status " + code);
            }
            if (hook.getSleep() != null) {
                long until = System.nanoTime() + Math.min(atMost.toNanos(), TimeUnit.SECONDS.toNanos(hook.getSleep().getSeconds()));
                while (System.nanoTime() < until && !Thread.currentThread().isInterrupted()) {
                    LockSupport.parkNanos(until - System.nanoTime());
                }
                return Optional.empty();
            }
            return Optional.of("the hook names no action that this release knows");
        } catch (HostLookups.NoPlaceException crowded) {
            throw crowded;
        } catch (CriException | IOException | IllegalArgumentException failure) {
            return Optional.of(String.valueOf(failure.getMessage()));
        }
    }

    private static String cut(ByteString output) {
        return output.substring(0, Math.min(output.size(), LONGEST_OUTPUT)).toStringUtf8();
    }
}
