package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.images.ImageException;
import org.junit.jupiter.api.Test;

class FailuresTest {
    /// By which a kubelet knows that a machine can never give a limit.
    @Test
    void aBoundThatWasReachedIsNotAWrongRequest() {
        HyperdException bound = new HyperdException(HyperdException.Kind.EXHAUSTED, "The machine has 128 MiB.");
        assertThat(Failures.of("UpdateContainerResources", bound).getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(Failures.of("UpdateContainerResources", HyperdException.invalid("No such limit.")).getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    /// A registry that is away is told by the code of a connection that is.
    @Test
    void aFailureIsKnownForAnAnswer() {
        var trailers = Failures.of("PullImage", new ImageException(ImageException.Reason.UNREACHABLE, "The registry is away.")).getTrailers();
        assertThat(trailers).isNotNull();
        assertThat(trailers.get(Failures.FAILURE)).isEqualTo("PullImage");
    }
}
