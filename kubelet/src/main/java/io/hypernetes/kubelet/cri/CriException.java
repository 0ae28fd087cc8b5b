package io.hypernetes.kubelet.cri;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypernetes.kubelet.HostPaths;
import java.util.Set;

/// The runtime refused a call or could not be reached. The message is the runtime's own without paths of the node, as tenants read it in events; the cause has
/// all of it, and so has the runtime's log.
public final class CriException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// hyperd says by it that a failure is its own answer.
    private static final Metadata.Key<String> FAILURE = Metadata.Key.of("hypernetes-failure", Metadata.ASCII_STRING_MARSHALLER);
    /// What the connection may have failed with, or the wait.
    private static final Set<Status.Code> OF_THE_WAY = Set.of(Status.Code.UNAVAILABLE, Status.Code.CANCELLED, Status.Code.DEADLINE_EXCEEDED, Status.Code.INTERNAL);

    private final Status.Code code;
    private final String description;

    CriException(String call, StatusRuntimeException cause, HostPaths paths) {
        this(cause, paths.hiddenIn(description(call, cause)));
    }

    private CriException(StatusRuntimeException cause, String description) {
        super("rpc error: code = " + name(cause.getStatus().getCode()) + " desc = " + description, cause);
        this.code = cause.getStatus().getCode();
        this.description = description;
    }

    /// For failures that the kubelet itself finds in an answer.
    public CriException(Status.Code code, String message) {
        super(message);
        this.code = code;
        this.description = message;
    }

    /// What the runtime said, without the words of the protocol around it.
    public String description() {
        return description;
    }

    public boolean isNotFound() {
        return code == Status.Code.NOT_FOUND;
    }

    /// The runtime is not there; it will be told again.
    public boolean isUnavailable() {
        return code == Status.Code.UNAVAILABLE;
    }

    /// Whether the runtime itself has said it, and so is done with the call; else the way to it may be broken and the call still go on.
    public boolean isAnswer() {
        return getCause() instanceof StatusRuntimeException failure
                && (failure.getTrailers() != null && failure.getTrailers().containsKey(FAILURE)
                        || failure.getStatus().getCause() == null && !OF_THE_WAY.contains(code));
    }

    public Status.Code code() {
        return code;
    }

    private static String description(String call, StatusRuntimeException cause) {
        String description = cause.getStatus().getDescription();
        return description == null ? call + " failed" : description;
    }

    /// `NOT_FOUND` as users of Go programs know it: `NotFound`.
    private static String name(Status.Code code) {
        StringBuilder name = new StringBuilder();
        for (String word : code.name().split("_")) {
            name.append(word.charAt(0)).append(word.substring(1).toLowerCase(java.util.Locale.ROOT));
        }
        return name.toString();
    }
}
