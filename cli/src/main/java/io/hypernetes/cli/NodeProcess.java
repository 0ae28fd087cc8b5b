package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.hyperd.docker.DockerServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The node: hyperd and the kubelet in one process, talking over the CRI socket; wired top to bottom here.
final class NodeProcess implements AutoCloseable {
    private final EngineParts engine;
    private final DockerServer docker;

    NodeProcess(Places places, Settings settings, String joinToken) throws IOException {
        engine = EngineParts.open(places, settings, podsFolder(places));
        docker = new DockerServer(places.dockerSocket(), places.nodeState().resolve("uploads"), engine.images());
    }

    static Path podsFolder(Places places) {
        return places.nodeState().resolve("kubelet/pods");
    }

    static boolean hasJoined(Places places) {
        return Files.exists(places.nodeState().resolve("pki/kubelet-client.pem"));
    }

    /// Ends the pods of a node whose process has ended, and takes its network away. A second call finds nothing to do.
    static void removePods(Places places, Settings settings, Console console) {
        if (!Files.isDirectory(places.nodeState().resolve("journal"))) {
            return;
        }
        console.task("Stop pods", step -> {
            try (ProcessLock lock = ProcessLock.take(places.lockOf("node"), "node");
                    EngineParts engine = EngineParts.open(places, settings, podsFolder(places));
                    CriConnection cri = new CriConnection(places.criSocket())) {
                List<PodSandbox> sandboxes = cri.sandboxes();
                int done = 0;
                for (PodSandbox sandbox : sandboxes) {
                    step.detail(done++ + " of " + sandboxes.size());
                    cri.remove(sandbox.getId());
                }
                engine.network().remove();
                step.detail(sandboxes.isEmpty() ? "there were none" : sandboxes.size() + " stopped");
            } catch (StatusRuntimeException e) {
                throw new UsageException("stopping pods: " + e.getMessage() + "; `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
            }
        });
    }

    @Override
    public void close() {
        docker.close();
        engine.close();
    }
}
