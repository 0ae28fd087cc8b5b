package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.api.model.StatusDetails;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The API server refused or could not be reached. Carries the HTTP code (0 when nothing answered) and the Status reason.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String reason;
    private final int retryAfterSeconds;
    private final String told;
    private final transient Set<String> causes;

    public ApiException(int code, String reason, String message) {
        this(code, reason, message, 0, message, Set.of(), null);
    }

    private ApiException(int code, String reason, String message, int retryAfterSeconds, String told, Set<String> causes, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.reason = reason;
        this.retryAfterSeconds = retryAfterSeconds;
        this.told = told;
        this.causes = causes;
    }

    static ApiException of(int code, String request, @Nullable Status status) {
        if (status == null || status.getMessage() == null) {
            return new ApiException(code, reasonOf(code), request + ": the server answered " + code + " without a Status");
        }
        int answered = status.getCode() == null ? code : status.getCode();
        String reason = status.getReason() == null ? reasonOf(answered) : status.getReason();
        StatusDetails details = status.getDetails() == null ? new StatusDetails() : status.getDetails();
        int retry = details.getRetryAfterSeconds() == null ? 0 : details.getRetryAfterSeconds();
        List<StatusCause> causes = details.getCauses() == null ? List.of() : details.getCauses();
        String told = causes.stream().map(StatusCause::getMessage).filter(Objects::nonNull).findFirst().orElse(status.getMessage());
        return new ApiException(answered, reason, request + ": " + status.getMessage(), retry, told,
                causes.stream().map(StatusCause::getReason).filter(Objects::nonNull).collect(Collectors.toUnmodifiableSet()), null);
    }

    static ApiException unreachable(String request, Throwable cause) {
        String why = cause instanceof java.net.ConnectException
                ? "nothing listens there"
                : cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        String told = "no answer from the API server (" + why + ")";
        return new ApiException(0, "Unreachable", request + ": " + told, 0, told, Set.of(), cause);
    }

    /// The HTTP status code, or 0 when the server was not reached.
    public int code() {
        return code;
    }

    /// The Status reason, such as `NotFound` or `Conflict`; never empty.
    public String reason() {
        return reason;
    }

    /// Seconds the server asked to wait, or 0.
    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /// What was said, without the request: the first cause that it named, such as the disruption budget that an eviction
    /// would violate, else its message.
    public String told() {
        return told;
    }

    /// Whether the server named this among its reasons, such as `NamespaceTerminating`.
    public boolean hasCause(String reason) {
        return causes.contains(reason);
    }

    public boolean isNotFound() {
        return code == 404;
    }

    /// The object changed in the meantime (409, but not because it exists already).
    public boolean isConflict() {
        return code == 409 && !isAlreadyExists();
    }

    public boolean isAlreadyExists() {
        return reason.equals("AlreadyExists");
    }

    /// The asked resourceVersion is too old; list again.
    public boolean isGone() {
        return code == 410;
    }

    public boolean isUnreachable() {
        return code == 0;
    }

    private static String reasonOf(int code) {
        return switch (code) {
            case 400 -> "BadRequest";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "NotFound";
            case 405 -> "MethodNotAllowed";
            case 409 -> "Conflict";
            case 410 -> "Expired";
            case 422 -> "Invalid";
            case 429 -> "TooManyRequests";
            case 503 -> "ServiceUnavailable";
            case 504 -> "Timeout";
            default -> code >= 500 ? "InternalError" : "Unknown";
        };
    }
}
