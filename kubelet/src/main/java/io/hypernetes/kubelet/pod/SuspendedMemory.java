package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.grpc.Status;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.cri.PodMemory;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the memory of one pod on the node's disk while its tenant is suspended: processes, open files and emptyDir volumes go on where they were. Used
/// by the pod's own thread; that something is kept is known by its name alone, so a kubelet that was killed goes on with it.
final class SuspendedMemory {
    private static final Logger LOG = LoggerFactory.getLogger(SuspendedMemory.class);
    private static final int TRIES = 3;
    /// More than what pods are evicted for.
    private static final int LEFT_PERCENT = 15;

    private final PodServices services;
    private final PodMemory memory;
    private final String uid;
    private final String name;
    /// Whether it could not be kept in the present suspension, which the pod then ends for.
    private boolean refused;
    private int tried;
    /// Whether something may be kept although the pod runs: of an earlier kubelet, or of a call whose answer did not come.
    private boolean mayBeKept;

    /// @param known whether a kubelet has told of the pod before, so that something may be kept of it
    SuspendedMemory(PodServices services, String podUid, boolean known) {
        this.services = services;
        this.mayBeKept = known;
        this.memory = services.cri().memory();
        this.uid = podUid;
        this.name = "suspended-" + podUid;
    }

    /// Writes the pod and ends its machine, if it runs.
    ///
    /// @param life of the pod; once it is cancelled nobody waits for this, which may take minutes
    /// @return whether it did, or the machine has ended meanwhile, as when an earlier kubelet had asked for the same; if not the pod is as it was
    /// @throws CriException when the thread is interrupted, as it still is then
    boolean keep(Pod pod, ObservedPod seen, Context life) {
        Optional<ObservedSandbox> sandbox = seen.readySandbox();
        if (sandbox.isEmpty() || !seen.anyRunning() || refused) {
            return false;
        }
        mayBeKept = true;
        try {
            requireRoom(services.cri().machineMemoryBytes(sandbox.get().id()));
            save(sandbox.get().id(), life);
            return true;
        } catch (CriException failure) {
            requireGoingOn(failure);
            if (life.isCancelled()) {
                return false;
            }
            refused = true;
            LOG.warn("event=suspended-without-memory pod={} reason=\"{}\"", pod.getMetadata().getName(), failure.getMessage());
            services.events().warning(pod, "MemoryNotKept", "The pod ends and will begin anew when its tenant is resumed, since its memory could not be kept: " + failure.getMessage());
            return false;
        }
    }

    /// Who is interrupted is being stopped, and leaves the pod to the next kubelet as it is.
    private static void requireGoingOn(CriException failure) {
        if (Thread.currentThread().isInterrupted()) {
            throw failure;
        }
    }

    private void save(String sandboxId, Context life) {
        if (life.isCancelled()) {
            throw new CriException(Status.Code.CANCELLED, "it is to end");
        }
        try {
            memory.save(sandboxId, name, life);
        } catch (CriException failure) {
            if (failure.code() != Status.Code.FAILED_PRECONDITION) {
                throw failure;
            }
            // Written for an earlier kubelet, it has ended, and what was written is of now: the runtime removes what it has brought back. Where the pod runs, what is there already is of before: the pod has
            // gone on since, or the runtime died when it had written it.
            if (services.cri().observe(uid).readySandbox().isPresent()) {
                memory.remove(name);
                memory.save(sandboxId, name, life);
            }
        }
    }

    /// Whether the machine of a pod that is to end stands still, as while the runtime writes it, for whichever kubelet that is: nothing ends in it.
    boolean isBeingWritten(ObservedPod seen) {
        try {
            return seen.readySandbox().isPresent() && services.cri().standsStill(seen.readySandbox().get().id());
        } catch (CriException unknown) {
            LOG.info("event=standstill-unknown pod={} reason=\"{}\"", uid, unknown.getMessage());
            return false;
        }
    }

    /// The pod is to run: at the next suspension all is tried again.
    void suspensionIsOver() {
        refused = false;
    }

    /// What one tenant's pods leave on the disk must not drive those of others from the node.
    private void requireRoom(long bytes) {
        Path folder = services.settings().stateFolder();
        try {
            FileStore disk = Files.getFileStore(folder);
            if (disk.getUsableSpace() - bytes < disk.getTotalSpace() / 100 * LEFT_PERCENT) {
                throw new CriException(Status.Code.RESOURCE_EXHAUSTED, "the disk of " + folder + " would be filled to more than " + (100 - LEFT_PERCENT) + " %");
            }
        } catch (IOException e) {
            throw new CriException(Status.Code.UNAVAILABLE, "the free space of " + folder + " cannot be read: " + e.getMessage());
        }
    }

    /// Brings a pod that has no machine back as it was, if it was kept; what was kept is removed then. After three tries it is given up, and the pod begins
    /// anew. Of a pod that has a machine what was kept is old, and goes.
    ///
    /// @param life of the pod; once it is cancelled nobody waits for this, which may take minutes
    /// @param begins called before the runtime is asked for its machine
    /// @return whether it is there again
    boolean bringBack(Pod pod, ObservedPod seen, Context life, Runnable begins) {
        if (seen.readySandbox().isPresent()) {
            tried = 0;
            forgetOld();
            return false;
        }
        // Of one that was written meanwhile, though nobody waited for it, there is a sandbox.
        if (seen.sandboxes().isEmpty() && !mayBeKept) {
            return false;
        }
        mayBeKept = memory.has(name);
        if (!mayBeKept) {
            return false;
        }
        begins.run();
        try {
            memory.restore(name, life);
        } catch (CriException failure) {
            requireGoingOn(failure);
            if (life.isCancelled()) {
                return false;
            }
            // One that takes too long says nothing of what is kept.
            if (failure.code() == Status.Code.DEADLINE_EXCEEDED || ++tried < TRIES) {
                throw failure;
            }
            tried = 0;
            LOG.warn("event=suspended-memory-lost pod={} reason=\"{}\"", pod.getMetadata().getName(), failure.getMessage());
            services.events().warning(pod, "MemoryNotRestored", "The pod begins anew, since what was kept of it could not be brought back: " + failure.getMessage());
            memory.remove(name);
            return false;
        }
        tried = 0;
        forgetOld();
        return true;
    }

    /// Once is enough, but it has to be done where the runtime could not: the pod would go back to it when its machine ends.
    private void forgetOld() {
        if (!mayBeKept) {
            return;
        }
        try {
            memory.remove(name);
            mayBeKept = false;
        } catch (CriException later) {
            LOG.warn("event=old-memory-not-removed name={} next=\"at the next look\" reason=\"{}\"", name, later.getMessage());
        }
    }

    /// Removes what is kept; nothing is fine.
    void forget() {
        memory.remove(name);
    }
}
