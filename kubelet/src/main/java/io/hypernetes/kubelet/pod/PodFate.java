package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What was said of one pod by others, and what they were told of its end: by this it lives and counts for them. Safe for use by many threads.
final class PodFate {
    private final @Nullable Rejection rejection;
    private final CountDownLatch machineGone = new CountDownLatch(1);
    private volatile @Nullable Pod pod;
    private volatile boolean removed;
    private volatile @Nullable String evicted;
    private volatile boolean toldOver;
    private volatile boolean toldGone;

    /// @param pod null for one that only the runtime still knows
    /// @param rejection why the node does not take it; null when it does
    PodFate(@Nullable Pod pod, @Nullable Rejection rejection) {
        this.pod = pod;
        this.removed = pod == null;
        this.rejection = rejection;
    }

    /// The newest version of it; null as long as nobody has told of it.
    @Nullable Pod pod() {
        return pod;
    }

    /// Why the node does not take it; null when it does.
    @Nullable Rejection rejection() {
        return rejection;
    }

    /// Why the node ends it for the sake of the others, for people; null when it does not.
    @Nullable String evicted() {
        return evicted;
    }

    /// Whether nobody tells of it any more, or yet.
    boolean isRemoved() {
        return removed;
    }

    /// @return false when this is an older version
    boolean update(Pod now) {
        Pod before = pod;
        if (before != null && before.getMetadata().getDeletionTimestamp() != null && now.getMetadata().getDeletionTimestamp() == null) {
            // Nobody takes a deletion back.
            return false;
        }
        if (before == null) {
            // Before the pod, as a pass that sees both would delete it.
            removed = false;
        }
        pod = now;
        return true;
    }

    void remove() {
        removed = true;
    }

    /// @return false when that was said before
    boolean evict(String message) {
        if (evicted != null) {
            return false;
        }
        evicted = message;
        return true;
    }

    /// The API is being told that it is over: it can give its place to another from now on.
    void tellOver() {
        toldOver = true;
    }

    /// The API is being told that nothing of it is left.
    void tellGone() {
        toldGone = true;
    }

    /// It goes on after all.
    void takeBack() {
        toldOver = false;
    }

    /// Its machine does not run any more, and will not.
    ///
    /// @return false when that was said before
    boolean machineIsGone() {
        boolean was = machineGone.getCount() > 0;
        machineGone.countDown();
        return was;
    }

    void awaitMachineGone(Duration atMost) throws InterruptedException {
        machineGone.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    Standing standing() {
        Pod now = pod;
        boolean leaves = removed || toldGone || toldOver || (now != null && isFinal(now));
        return !leaves ? Standing.STAYS : machineGone.getCount() > 0 ? Standing.LEAVES : Standing.LEFT;
    }

    /// Whether nothing of it is to be left here, or nothing that runs.
    boolean isToEnd() {
        Pod now = pod;
        return removed || evicted != null || now == null || now.getMetadata().getDeletionTimestamp() != null;
    }

    /// Whether whoever told of it does no more: it ends, and whoever tells of it anew tells of another one.
    boolean isTakenAway() {
        return pod != null && removed;
    }

    /// Once nothing of it is left: whether the API has it and was not told that, as it told of the pod only when the last of it went.
    boolean isToBeginAnew() {
        return pod != null && !removed && !toldGone;
    }

    static boolean isFinal(Pod now) {
        return now.getStatus() != null && Phase.isFinal(now.getStatus().getPhase());
    }
}
