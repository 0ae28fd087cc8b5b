package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;

/// The volumes of pods as folders on this host, below `PODS/UID/volumes/`, in the layout that CRI runtimes know.
///
/// Content from the API is written by [#prepare] and again whenever it is called; only a change touches the files. A volume of a kind that
/// this release lacks is refused with a message, never ignored.
public final class Volumes {
    /// How many pods with large volumes are prepared at a time: what those hold is in memory meanwhile.
    private static final int LARGE_AT_A_TIME = 8;

    private final Path pods;
    private final Sources sources;
    private final InstantSource clock;
    private final PodTokens tokens;
    private final Semaphore turns = new Semaphore(LARGE_AT_A_TIME, true);

    public Volumes(Path pods, Sources sources, InstantSource clock) {
        this.pods = pods;
        this.sources = sources;
        this.clock = clock;
        this.tokens = new PodTokens(sources, clock);
    }

    /// The pod's own folder.
    public Path folder(String podUid) {
        return pods.resolve(podUid);
    }

    /// Where a volume lies, whether prepared or not. Of one that has a disk of its own only the name is there.
    public Path path(String podUid, Volume volume) {
        String plugin = isDisk(volume) ? "hypernetes.io~disk" : "kubernetes.io~" + plugin(volume);
        return folder(podUid).resolve("volumes").resolve(plugin).resolve(PathPart.of(volume.getName()));
    }

    private static boolean isDisk(Volume volume) {
        return volume.getPersistentVolumeClaim() != null || volume.getEphemeral() != null;
    }

    /// Writes every volume of the pod.
    ///
    /// @throws VolumeException naming the first volume that cannot be made now
    public void prepare(String tenant, PodFields fields) {
        try (VolumeContents contents = new VolumeContents(tenant, fields, sources, tokens, turns)) {
            for (Volume volume : fields.pod().getSpec().getVolumes()) {
                prepare(path(fields.pod().getMetadata().getUid(), volume), volume, contents);
            }
        }
    }

    private void prepare(Path path, Volume volume, VolumeContents contents) {
        try {
            if (volume.getEmptyDir() != null || isDisk(volume)) {
                Files.createDirectories(path);
            } else {
                AtomicFolder.write(path, contents.of(volume), Long.toString(System.nanoTime(), 36) + clock.millis(), contents.group());
            }
        } catch (IOException broken) {
            throw new VolumeException("volume \"" + volume.getName() + "\": writing " + path + " failed: " + broken, broken);
        } catch (VolumeException failure) {
            throw new VolumeException("MountVolume.SetUp failed for volume \"" + volume.getName() + "\" : " + failure.getMessage(), failure);
        }
    }

    /// True when every volume of the pod has been prepared before.
    public boolean present(Pod pod) {
        return pod.getSpec().getVolumes().stream().allMatch(volume -> Files.isDirectory(path(pod.getMetadata().getUid(), volume)));
    }

    /// Removes everything of the pod on this host.
    public void remove(String podUid) {
        tokens.forget(podUid);
        try {
            AtomicFolder.remove(folder(podUid));
        } catch (IOException broken) {
            throw new VolumeException("removing " + folder(podUid) + " failed: " + broken, broken);
        }
    }

    private static String plugin(Volume volume) {
        if (volume.getEmptyDir() != null) {
            return "empty-dir";
        }
        if (volume.getConfigMap() != null) {
            return "configmap";
        }
        if (volume.getSecret() != null) {
            return "secret";
        }
        if (volume.getDownwardAPI() != null) {
            return "downward-api";
        }
        if (volume.getProjected() != null) {
            return "projected";
        }
        throw new VolumeException("volume \"" + volume.getName() + "\" is of a kind that this release does not have: "
                + "it has emptyDir, configMap, secret, downwardAPI, projected, persistentVolumeClaim and ephemeral volumes");
    }
}
