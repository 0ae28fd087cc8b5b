package io.hypernetes.hyperd.cri;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/// Answers calls.
final class Replies {
    /// So many of the largest things that a list holds fit a message.
    private static final int PART = 100;

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

    /// The same for a call that may take long: when its client has gone, the thread that works for it is interrupted.
    static <T> void whileAwaited(String name, StreamObserver<T> answer, Call<T> call) {
        one(name, answer, () -> {
            Thread worker = Thread.currentThread();
            AtomicBoolean working = new AtomicBoolean(true);
            Context.CancellationListener gone = context -> {
                synchronized (working) {
                    if (working.get()) {
                        worker.interrupt();
                    }
                }
            };
            Context context = Context.current();
            context.addListener(gone, Runnable::run);
            try {
                return call.run();
            } finally {
                context.removeListener(gone);
                synchronized (working) {
                    working.set(false);
                }
                // What came too late must not interrupt the answer.
                Thread.interrupted();
            }
        });
    }

    /// Answers with all of a list, some at a time: what one message may hold is bounded, the list is not.
    static <I, T> void parts(String name, StreamObserver<T> answer, Call<List<I>> call, Function<List<I>, T> message) {
        List<I> all;
        try {
            all = call.run();
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            answer.onError(Status.UNAVAILABLE.withDescription("hyperd is stopping").asRuntimeException());
            return;
        } catch (RuntimeException failure) {
            answer.onError(Failures.of(name, failure));
            return;
        }
        for (int from = 0; from < all.size(); from += PART) {
            answer.onNext(message.apply(all.subList(from, Math.min(all.size(), from + PART))));
        }
        answer.onCompleted();
    }
}
