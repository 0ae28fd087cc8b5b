package io.hypernetes.hyperd.journal;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.hypernetes.hyperd.log.LogPosition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is kept of a container. Its command and environment are not: they may hold secrets, and only the guest needs them.
///
/// @param state how far it has come
/// @param createdNanos since 1970
/// @param startedNanos since 1970; 0 when it was not started
/// @param finishedNanos since 1970; 0 when it has not ended
/// @param exitCode of its first process, 128 + signal when a signal ended it
/// @param reason one word why it ended, as `Completed`, `Error`, `OOMKilled`
/// @param message the same in a sentence; empty when there is nothing to add
/// @param logPath absolute path of its log; empty for none
/// @param log where its log stands
public record ContainerRecord(
        String id,
        String sandboxId,
        Identity identity,
        Image image,
        State state,
        long createdNanos,
        long startedNanos,
        long finishedNanos,
        int exitCode,
        String reason,
        String message,
        String logPath,
        LogPosition log,
        Terminal terminal,
        String stopSignal,
        List<Mount> mounts,
        Resources resources,
        User user) {

    public ContainerRecord {
        mounts = List.copyOf(mounts);
    }

    /// How far a container has come.
    public enum State {
        /// Being made; nobody has been told of it. After a crash it is removed.
        MAKING,
        CREATED,
        RUNNING,
        EXITED,
        /// Being removed. After a crash the removal is finished.
        REMOVING
    }

    /// @param attempt how often the container was made before
    public record Identity(String name, int attempt, Map<String, String> labels, Map<String, String> annotations) {
        public Identity {
            labels = Map.copyOf(labels);
            annotations = Map.copyOf(annotations);
        }
    }

    /// @param asked as in the request
    /// @param userSpecified as the user wrote it
    /// @param id digest of its configuration
    /// @param reference a name with digest where there is one, else the id
    public record Image(String asked, String userSpecified, String id, String reference) {}

    /// How its first process talks.
    ///
    /// @param size of its terminal from the first instruction on; null when nobody said one
    public record Terminal(boolean tty, boolean stdin, boolean stdinOnce, @Nullable Size size) {}

    /// @param rows above 0
    /// @param columns above 0
    public record Size(int rows, int columns) {}

    /// @param recursive as asked for
    /// @param terminationFile whether the content is copied back to `hostPath` when the container ends
    /// @param image what is mounted when it is an image; else null
    public record Mount(
            String containerPath,
            String hostPath,
            boolean readOnly,
            boolean recursive,
            boolean terminationFile,
            @Nullable MountedImage image) {}

    /// @param asked as in the request
    /// @param id digest of its configuration; empty before it was looked up
    /// @param subPath what of it is mounted; empty for all
    public record MountedImage(String asked, String id, String subPath) {}

    /// Limits in the guest, 0 for none; the names are those of CRI.
    public record Resources(
            long cpuPeriodMicros, long cpuQuotaMicros, long cpuShares, long memoryBytes, long oomScoreAdjust, Map<String, String> unified) {
        public Resources {
            unified = Map.copyOf(unified);
        }

        /// These with what is not 0 or empty in `other`; a limit below 0 there is none from now on.
        public Resources with(Resources other) {
            return new Resources(
                    other.cpuPeriodMicros != 0 ? other.cpuPeriodMicros : cpuPeriodMicros,
                    other.cpuQuotaMicros != 0 ? Math.max(0, other.cpuQuotaMicros) : cpuQuotaMicros,
                    other.cpuShares != 0 ? other.cpuShares : cpuShares,
                    other.memoryBytes != 0 ? Math.max(0, other.memoryBytes) : memoryBytes,
                    other.oomScoreAdjust != 0 ? other.oomScoreAdjust : oomScoreAdjust,
                    merged(unified, other.unified));
        }

        private static Map<String, String> merged(Map<String, String> older, Map<String, String> newer) {
            Map<String, String> both = new HashMap<>(older);
            both.putAll(newer);
            return both;
        }

        public static final Resources NONE = new Resources(0, 0, 0, 0, 0, Map.of());
    }

    /// As whom it runs, as the guest found in the image; all zero before it was started.
    public record User(long uid, long gid, List<Long> groups) {
        public User {
            groups = List.copyOf(groups);
        }

        public static final User ROOT = new User(0, 0, List.of());
    }

    /// Whether anybody may see it: it is neither being made nor being removed.
    @JsonIgnore
    public boolean isVisible() {
        return state != State.MAKING && state != State.REMOVING;
    }

    public ContainerRecord withState(State next) {
        return new ContainerRecord(
                id, sandboxId, identity, image, next, createdNanos, startedNanos, finishedNanos, exitCode, reason, message,
                logPath, log, terminal, stopSignal, mounts, resources, user);
    }

    public ContainerRecord started(long atNanos, User as) {
        return new ContainerRecord(
                id, sandboxId, identity, image, State.RUNNING, createdNanos, atNanos, finishedNanos, exitCode, reason, message,
                logPath, log, terminal, stopSignal, mounts, resources, as);
    }

    public ContainerRecord exited(long atNanos, int code, String word, String sentence) {
        return new ContainerRecord(
                id, sandboxId, identity, image, State.EXITED, createdNanos, startedNanos, atNanos, code, word, sentence,
                logPath, log, terminal, stopSignal, mounts, resources, user);
    }

    public ContainerRecord withLog(LogPosition next) {
        return new ContainerRecord(
                id, sandboxId, identity, image, state, createdNanos, startedNanos, finishedNanos, exitCode, reason, message,
                logPath, next, terminal, stopSignal, mounts, resources, user);
    }

    public ContainerRecord withoutLog() {
        return new ContainerRecord(
                id, sandboxId, identity, image, state, createdNanos, startedNanos, finishedNanos, exitCode, reason, message,
                "", log, terminal, stopSignal, mounts, resources, user);
    }

    public ContainerRecord withResources(Resources next) {
        return new ContainerRecord(
                id, sandboxId, identity, image, state, createdNanos, startedNanos, finishedNanos, exitCode, reason, message,
                logPath, log, terminal, stopSignal, mounts, next, user);
    }
}
