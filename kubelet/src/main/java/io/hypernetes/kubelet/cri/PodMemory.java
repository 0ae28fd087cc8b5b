package io.hypernetes.kubelet.cri;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.Context;
import io.grpc.Status;
import java.time.Duration;

/// Pods that a runtime writes to disk with all their memory and brings back: calls beside CRI on its socket, which hyperd answers. With any
/// other runtime nothing is ever written. Every call blocks and throws [CriException]. Thread-safe.
public final class PodMemory {
    private static final Duration QUICK = Duration.ofSeconds(30);
    /// A gigabyte or two on a slow disk.
    private static final Duration LONG = Duration.ofMinutes(5);
    /// All pods of a tenant that is resumed are read at once. The runtime gives up what nobody waits for any more.
    private static final Duration LONGEST = Duration.ofHours(1);

    private final PodCalls calls;

    PodMemory(PodCalls calls) {
        this.calls = calls;
    }

    /// Writes a pod that runs and ends its machine. When that fails the pod goes on.
    ///
    /// @param until waited for until it is cancelled; the runtime goes on writing then
    public void save(String sandboxId, String name, Context until) {
        call("Checkpoint", LONG, until, Struct.newBuilder()
                .putFields("sandbox", PodCalls.text(sandboxId))
                .putFields("name", PodCalls.text(name))
                .putFields("stop", Value.newBuilder().setBoolValue(true).build())
                .build());
    }

    /// Whether there is one of this name.
    public boolean has(String name) {
        try {
            return calls.call("Checkpoints", QUICK, Struct.getDefaultInstance())
                    .getFieldsOrDefault("checkpoints", Value.getDefaultInstance()).getListValue().getValuesList().stream()
                    .anyMatch(one -> one.getStructValue().getFieldsOrDefault("name", Value.getDefaultInstance()).getStringValue().equals(name));
        } catch (CriException failure) {
            return unknown(failure, false);
        }
    }

    /// Brings a pod back under its former ids, after which what was written is gone, also where nobody waits for that any more. When it fails the pod has
    /// ended, and the file is still there.
    ///
    /// @param until waited for until it is cancelled; the runtime gives up what it has not begun then
    public void restore(String name, Context until) {
        call("Restore", LONGEST, until, Struct.newBuilder()
                .putFields("name", PodCalls.text(name))
                .putFields("remove", Value.newBuilder().setBoolValue(true).build())
                .build());
    }

    private void call(String name, Duration limit, Context until, Struct request) {
        Context before = until.attach();
        try {
            calls.call(name, limit, request);
        } finally {
            until.detach(before);
        }
    }

    /// Removes what was written; absent is fine.
    public void remove(String name) {
        try {
            calls.call("RemoveCheckpoint", QUICK, Struct.newBuilder().putFields("name", PodCalls.text(name)).build());
        } catch (CriException failure) {
            unknown(failure, false);
        }
    }

    private static boolean unknown(CriException failure, boolean answer) {
        if (failure.code() == Status.Code.UNIMPLEMENTED || failure.isNotFound()) {
            return answer;
        }
        throw failure;
    }
}
