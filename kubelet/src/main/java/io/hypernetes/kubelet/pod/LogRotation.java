package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the logs of running containers within bounds: a log above 10 MiB is renamed and the runtime told to open a new one;
/// four old ones are kept, or fewer long ones. What a container writes between two looks is the runtime's to bound ([Labels#LOG_FILE_BYTES]).
public final class LogRotation implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogRotation.class);
    private static final Duration EVERY = Duration.ofSeconds(10);
    private static final long LARGEST_BYTES = 10L << 20;

    private final KubeletSettings settings;
    private final CriRuntime cri;
    private final PodTable pods;
    private final InstantSource clock;
    private final CountDownLatch closed = new CountDownLatch(1);

    public LogRotation(KubeletSettings settings, CriRuntime cri, PodTable pods, InstantSource clock) {
        this.settings = settings;
        this.cri = cri;
        this.pods = pods;
        this.clock = clock;
    }

    public LogRotation start() {
        Thread.ofVirtual().name("log-rotation").start(this::run);
        return this;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private void run() {
        try {
            while (!closed.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                for (Pod pod : pods.pods()) {
                    rotate(pod);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void rotate(Pod pod) {
        ObjectKey key = ObjectKey.of(pod);
        List<ObservedContainer> containers = pods.find(key).map(view -> view.seen().containers()).orElse(List.of());
        for (ObservedContainer container : containers) {
            Path file = settings.logFolder().resolve("pods")
                    .resolve(key.tenant() + "_" + key.namespace() + "_" + key.name() + "_" + pod.getMetadata().getUid())
                    .resolve(container.name()).resolve(container.attempt() + ".log");
            try {
                if (container.running() && Files.exists(file) && Files.size(file) > LARGEST_BYTES) {
                    rotate(container, file);
                }
            } catch (IOException | RuntimeException failure) {
                // Whatever is wrong with one, the others' are looked at.
                LOG.warn("event=log-rotation-failed file={} reason=\"{}\"", file, failure.toString());
            }
        }
    }

    private void rotate(ObservedContainer container, Path file) throws IOException {
        Path old = LogFiles.part(file, clock.instant());
        Files.move(file, old, StandardCopyOption.ATOMIC_MOVE);
        try {
            cri.reopenLog(container.id());
        } catch (CriException failure) {
            // The runtime still writes to the renamed file: give it its name back, or readers would miss what comes.
            if (!Files.exists(file)) {
                Files.move(old, file, StandardCopyOption.ATOMIC_MOVE);
            }
            throw failure;
        }
        LogFiles.prune(file);
    }
}
