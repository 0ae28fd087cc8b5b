package io.hypernetes.kubelet.eviction;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.pod.PodTable;
import io.hypernetes.kubelet.pod.PodView;
import io.hypernetes.kubelet.volume.Disks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at the node again and again and, as long as memory or disk is short, ends one pod after the other at once (upstream's hard
/// thresholds). A pod is charged with what its machine really costs the host, not with what its containers see.
public final class Eviction implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Eviction.class);
    /// How often an ordinary node looks.
    public static final Duration BEAT = Duration.ofSeconds(10);
    /// So long a pod that leaves may take before the next one is chosen.
    private static final Duration LEAVING = Duration.ofSeconds(30);

    public static final long LEAST_MEMORY_BYTES = 100L << 20;
    public static final double LEAST_DISK = 0.10;

    private final Signals signals;
    private final CriRuntime cri;
    private final PodTable pods;
    private final KubeletSettings settings;
    private final Duration beat;
    private final VolumeGrowth growth = new VolumeGrowth();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    /// @param beat how often to look
    public Eviction(Signals signals, CriRuntime cri, PodTable pods, KubeletSettings settings, Duration beat) {
        this.settings = settings;
        this.beat = beat;
        this.signals = signals;
        this.cri = cri;
        this.pods = pods;
        this.thread = Thread.ofVirtual().name("eviction").unstarted(this::run);
    }

    public Eviction start() {
        thread.start();
        return this;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private void run() {
        try {
            while (!closed.await(beat.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    Optional<Pod> gone = look();
                    if (gone.isPresent()) {
                        pods.awaitGone(gone.get().getMetadata().getUid(), LEAVING);
                    }
                } catch (CriException away) {
                    LOG.warn("event=eviction-waits reason=\"{}\"", away.getMessage());
                } catch (RuntimeException fault) {
                    LOG.error("event=eviction-fault", fault);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /// One look; ends one pod when something is short.
    private Optional<Pod> look() {
        watchVolumes();
        Optional<Shortage> shortage = shortage();
        if (shortage.isEmpty()) {
            return Optional.empty();
        }
        String resource = shortage.get().resource();
        List<Candidate> candidates = new ArrayList<>();
        for (PodView view : pods.views()) {
            cost(view, resource).ifPresent(used -> candidates.add(new Candidate(view.pod(), used, view.promised(resource))));
        }
        Optional<Candidate> first = Candidate.firstToGo(candidates);
        if (first.isEmpty()) {
            LOG.warn("event=nothing-to-evict resource={} available={} pods={}", resource, shortage.get().availableBytes(), candidates.size());
            return Optional.empty();
        }
        Candidate chosen = first.get();
        String message = shortage.get().sentence(ObjectKey.tenantOf(chosen.pod(), ObjectKey.ROOT)) + "Pod " + chosen.pod().getMetadata().getName() + " was using " + chosen.usedBytes() / 1024
                + "Ki, machine included, request is " + chosen.requestedBytes() / 1024 + "Ki"
                + (chosen.overdraws() ? ", has larger consumption of " + resource : "") + ". ";
        LOG.warn("event=evicting pod={}/{} uid={} resource={} usedBytes={} requestedBytes={}", chosen.pod().getMetadata().getNamespace(),
                chosen.pod().getMetadata().getName(), chosen.pod().getMetadata().getUid(), resource, chosen.usedBytes(), chosen.requestedBytes());
        pods.evict(chosen.pod().getMetadata().getUid(), message);
        return Optional.of(chosen.pod());
    }

    /// What they had when the disk began to fill must be known once it is full.
    private void watchVolumes() {
        if (signals.diskFree() >= VolumeGrowth.ROOMY) {
            growth.forget();
        } else {
            pods.views().forEach(view -> view.seen().readySandbox().ifPresent(this::grown));
        }
    }

    private long grown(ObservedSandbox sandbox) {
        try {
            return sandbox.annotations().keySet().stream().anyMatch(name -> name.startsWith(Disks.ANNOTATION)) ? growth.of(cri.volumeBytes(sandbox.id())) : 0;
        } catch (CriException silent) {
            return 0;
        }
    }

    private Optional<Shortage> shortage() {
        long memory = signals.availableMemoryBytes();
        // 0: it cannot be told.
        if (memory > 0 && memory < LEAST_MEMORY_BYTES) {
            return Optional.of(new Shortage("memory", "100Mi", memory));
        }
        if (signals.diskFree() < LEAST_DISK) {
            return Optional.of(new Shortage("ephemeral-storage", "10%", (long) (signals.diskFree() * signals.diskBytes())));
        }
        return Optional.empty();
    }

    /// What the host sees, never what a guest says of itself: of disk, what the machine's own disk takes, on which are the layers of its containers and its emptyDirs, and the logs;
    /// of memory, the hypervisor's share. Disks that outlive the pod would be there when it is gone, so that only counts by which they grow while the disk fills: that ends with the pod.
    private Optional<Long> cost(PodView view, String resource) {
        Optional<ObservedSandbox> sandbox = view.seen().readySandbox();
        if (sandbox.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(resource.equals("memory")
                    ? cri.machineMemoryBytes(sandbox.get().id())
                    : cri.diskBytes(sandbox.get().id()) + logBytes(view.pod()) + grown(sandbox.get()));
        } catch (CriException silent) {
            // The runtime does not say it: the pod is there nevertheless, and no reason to leave others' pods.
            return Optional.of(resource.equals("memory") ? 0L : logBytes(view.pod()));
        }
    }

    private long logBytes(Pod pod) {
        Path folder = settings.logsOf(ObjectKey.of(pod), pod.getMetadata().getUid());
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.mapToLong(Eviction::size).sum();
        } catch (IOException | UncheckedIOException gone) {
            // Its files go while it is looked at.
            return 0;
        }
    }

    private static long size(Path file) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : 0;
        } catch (IOException gone) {
            return 0;
        }
    }
}
