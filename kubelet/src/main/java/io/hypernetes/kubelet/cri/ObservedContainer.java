package io.hypernetes.kubelet.cri;

import io.hypernetes.cri.v1.LinuxContainerResources;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A container as the runtime reports it.
///
/// @param attempt how often a container of this name was started before in this pod
/// @param reason the runtime's word for the end, such as `OOMKilled`; may be empty
/// @param resources the limits it has now; null when the runtime does not say
/// @param stopSignal what it is sent to end it, in the API's words; empty when the runtime does not say
public record ObservedContainer(
        String id,
        String sandboxId,
        String name,
        int attempt,
        State state,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        int exitCode,
        String reason,
        String message,
        String imageRef,
        Map<String, String> annotations,
        String logPath,
        @Nullable LinuxContainerResources resources,
        String stopSignal) {

    /// Where it is in its life.
    public enum State {
        CREATED,
        RUNNING,
        EXITED,
        UNKNOWN
    }

    public boolean running() {
        return state == State.RUNNING;
    }

    /// True when it ended, or when the runtime lost it and cannot say.
    public boolean ended() {
        return state == State.EXITED || state == State.UNKNOWN;
    }
}
