package io.hypernetes.kubelet.staticpod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.pod.PodTable;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs a pod for each file of a folder (`*.yaml`, `*.yml`, `*.json`), whether the API server is there or not; what it is in the API is
/// [MirrorPods]' to keep. A file that changes ends its pod and begins another; one that is malformed is told in the log and changes nothing, nor
/// does one that names what another file has named before. A folder that cannot be read changes nothing either, and is looked at until it can be.
public final class StaticPods implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StaticPods.class);
    /// A second look, for file systems that tell nothing.
    private static final int LOOK_SECONDS = 20;
    /// Behind a look that failed; doubled with each one that follows, up to the ordinary time.
    private static final int RETRY_SECONDS = 1;

    private final Path folder;
    private final String nodeName;
    private final PodTable pods;
    private final MirrorPods mirrors;
    private final WatchService watch;
    private final CountDownLatch looked = new CountDownLatch(1);
    private final CountDownLatch read = new CountDownLatch(1);
    private final Thread thread;
    private final Map<Path, Pod> known = new HashMap<>();
    private final Map<Path, String> complaints = new HashMap<>();
    private Watched watched;
    private int failed;

    /// @param folder what it was when it was taken, or null where file systems tell no such thing: another one may have its name by now
    private record Watched(WatchKey key, @Nullable Object folder) {}

    /// @param folder made when it is not there
    /// @throws IOException when it can neither be made nor watched
    public StaticPods(Path folder, String nodeName, PodTable pods, MirrorPods mirrors) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.nodeName = nodeName;
        this.pods = pods;
        this.mirrors = mirrors;
        this.watch = folder.getFileSystem().newWatchService();
        this.watched = watched(folder, watch);
        this.thread = Thread.ofVirtual().name("static-pods").unstarted(this::run);
    }

    public StaticPods start() {
        thread.start();
        return this;
    }

    @Override
    public void close() {
        try {
            watch.close();
        } catch (IOException closed) {
            // It is of no more use.
        }
        thread.interrupt();
    }

    /// Waits until the folder was looked at once, whether it could be read or not.
    public void awaitLook() throws InterruptedException {
        looked.await();
    }

    /// Waits until the folder was read once: before that nobody knows which static pods are wanted.
    public void awaitRead() throws InterruptedException {
        read.await();
    }

    private void run() {
        try {
            while (true) {
                long pause = lookSafely() ? LOOK_SECONDS : Math.min(LOOK_SECONDS, (long) RETRY_SECONDS << Math.min(failed - 1, 10));
                looked.countDown();
                WatchKey key = watch.poll(pause, TimeUnit.SECONDS);
                if (key != null) {
                    key.pollEvents();
                    key.reset();
                }
            }
        } catch (InterruptedException | ClosedWatchServiceException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /// Upstream's file source never stops looking either (pkg/kubelet/config/file.go); that it cannot read is told once.
    ///
    /// @return whether the folder could be read
    private boolean lookSafely() {
        try {
            look();
        } catch (IOException | RuntimeException broken) {
            if (failed++ == 0) {
                LOG.error("event=static-pods-not-read folder={} next=\"looked at until it can be read\"", folder, broken);
            }
            return false;
        }
        if (failed > 0) {
            LOG.info("event=static-pods-read-again folder={} failedLooks={}", folder, failed);
            failed = 0;
        }
        if (read.getCount() > 0) {
            mirrors.complete();
            read.countDown();
        }
        return true;
    }

    /// One that was taken away and put there again is another one, also when what was there was moved aside and lives on.
    private void watchAgain() {
        try {
            if (!watched.key().isValid() || !Objects.equals(watched.folder(), folderKey(folder))) {
                watched.key().cancel();
                watched = watched(folder, watch);
            }
        } catch (IOException untold) {
            LOG.debug("event=static-pods-unwatched folder={} reason=\"{}\"", folder, untold.toString());
        }
    }

    /// What is there is asked for first: if another one takes its place before it is watched, that is found at the next look.
    private static Watched watched(Path folder, WatchService watch) throws IOException {
        Object key = folderKey(folder);
        return new Watched(folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_DELETE), key);
    }

    private static @Nullable Object folderKey(Path folder) throws IOException {
        return Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    }

    private void look() throws IOException {
        watchAgain();
        Map<Path, Pod> found = new HashMap<>();
        Map<Path, Pod> read = new LinkedHashMap<>();
        for (Path file : files()) {
            try {
                read.put(file, StaticPodFile.read(file, nodeName));
            } catch (StaticPodException wrong) {
                complain(file, wrong);
                Pod before = known.get(file);
                if (before != null) {
                    found.put(file, before);
                }
            }
        }
        // Whoever has a name keeps it, as what runs is not ended by another file that names the same.
        take(found, read, file -> names(known.get(file), read.get(file)));
        take(found, read, file -> true);
        read.keySet().forEach(file -> {
            Pod before = known.get(file);
            if (before != null && found.values().stream().noneMatch(other -> names(other, before))) {
                found.put(file, before);
            }
        });
        known.forEach((file, pod) -> {
            Pod now = found.get(file);
            if (now == null || !uid(now).equals(uid(pod))) {
                LOG.info("event=static-pod-ends file={} pod={} uid={}", file, pod.getMetadata().getName(), uid(pod));
                mirrors.gone(pod);
                pods.deleted(pod);
            }
        });
        found.forEach((file, pod) -> {
            Pod before = known.get(file);
            if (before == null || !uid(before).equals(uid(pod))) {
                LOG.info("event=static-pod file={} pod={} uid={}", file, pod.getMetadata().getName(), uid(pod));
                pods.addOwn(pod);
                mirrors.wanted(pod);
            }
        });
        known.clear();
        known.putAll(found);
    }

    /// Those that were read whose names are free are found.
    private void take(Map<Path, Pod> found, Map<Path, Pod> read, Predicate<Path> which) {
        for (Path file : List.copyOf(read.keySet())) {
            Pod pod = Objects.requireNonNull(read.get(file));
            if (!which.test(file)) {
                continue;
            }
            if (found.values().stream().anyMatch(other -> names(other, pod))) {
                complain(file, new StaticPodException("another file names the pod " + pod.getMetadata().getName() + " already"));
            } else {
                found.put(file, pod);
                read.remove(file);
                complaints.remove(file);
            }
        }
    }

    private void complain(Path file, StaticPodException wrong) {
        if (!String.valueOf(wrong.getMessage()).equals(complaints.put(file, String.valueOf(wrong.getMessage())))) {
            LOG.warn("event=static-pod-refused file={} reason=\"{}\"", file, wrong.getMessage());
        }
    }

    private static boolean names(@Nullable Pod one, @Nullable Pod other) {
        return one != null && other != null && ObjectKey.of(one).equals(ObjectKey.of(other));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("[^.].*\\.(yaml|yml|json)") && Files.isRegularFile(file)).sorted().toList();
        }
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }
}
