package io.hypernetes.hyperd.cri;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/// Answers calls.
final class Replies {

    interface Call<T> {
        T run() throws InterruptedException;
    }

    private Replies() {}

    /// Answers with one message, or with what went wrong.
    static <T> void one(String name, StreamObserver<T> answer, Call<T> call) {
        T message;
        try {
            message = call.run();
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            answer.onError(Status.UNAVAILABLE.withDescription("hyperd is stopping").asRuntimeException());
            return;
        } catch (RuntimeException failure) {
            answer.onError(Failures.of(name, failure));
            return;
        }
        answer.onNext(message);
        answer.onCompleted();
    }

    static <T> void later(String name, StreamObserver<T> answer, String sentence) {
        answer.onError(Status.UNIMPLEMENTED.withDescription(name + ": " + sentence).asRuntimeException());
    }
}
