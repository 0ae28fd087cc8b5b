package io.hypernetes.hyperd.cri;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.images.ImageException;
import io.hypernetes.network.NetworkException;
import io.hypernetes.store.StoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Failures as gRPC tells them: the one place where kinds become codes.
final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);
    /// Goes with each failure, as a broken connection is told by the same codes: who has it knows that the call is over.
    static final Metadata.Key<String> FAILURE = Metadata.Key.of("hypernetes-failure", Metadata.ASCII_STRING_MARSHALLER);

    private Failures() {}

    static StatusRuntimeException of(String call, RuntimeException failure) {
        if (failure instanceof StatusRuntimeException known) {
            return known;
        }
        Status status = code(failure).withDescription(String.valueOf(failure.getMessage())).withCause(failure);
        if (status.getCode() == Status.Code.INTERNAL) {
            LOG.error("event=call-failed call={} error=\"{}\"", call, failure.getMessage(), failure);
        } else {
            LOG.info("event=call-refused call={} code={} error=\"{}\"", call, status.getCode(), failure.getMessage());
        }
        Metadata trailers = new Metadata();
        trailers.put(FAILURE, call);
        return status.asRuntimeException(trailers);
    }

    private static Status code(RuntimeException failure) {
        return switch (failure) {
            case HyperdException known -> switch (known.kind()) {
                case INVALID -> Status.INVALID_ARGUMENT;
                case NOT_FOUND -> Status.NOT_FOUND;
                case WRONG_STATE -> Status.FAILED_PRECONDITION;
                case UNSUPPORTED -> Status.UNIMPLEMENTED;
                case TIMEOUT -> Status.DEADLINE_EXCEEDED;
                case UNAVAILABLE -> Status.UNAVAILABLE;
                case EXHAUSTED -> Status.RESOURCE_EXHAUSTED;
                case INTERNAL -> Status.INTERNAL;
            };
            case ImageException image -> switch (image.reason()) {
                case INVALID_REFERENCE -> Status.INVALID_ARGUMENT;
                case NOT_FOUND -> Status.NOT_FOUND;
                case UNAUTHORIZED -> Status.PERMISSION_DENIED;
                case UNREACHABLE -> Status.UNAVAILABLE;
                case CORRUPT -> Status.DATA_LOSS;
                case TOO_LARGE, NO_SPACE -> Status.RESOURCE_EXHAUSTED;
                case IN_USE -> Status.FAILED_PRECONDITION;
            };
            case GuestException guest -> switch (guest.kind()) {
                case REFUSED -> guest.errno() == Errno.EINVAL ? Status.INVALID_ARGUMENT : Status.UNKNOWN;
                case DEADLINE -> Status.DEADLINE_EXCEEDED;
                case INTERRUPTED, DISCONNECTED, PROTOCOL -> Status.UNAVAILABLE;
            };
            case HypervisorException machine -> Status.UNAVAILABLE;
            case NetworkException network -> Status.UNAVAILABLE;
            case StoreException store -> Status.UNAVAILABLE;
            default -> Status.INTERNAL;
        };
    }
}
