package io.hypernetes.hyperd.cri;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.hypernetes.telemetry.Caller;

/// Reads on whose behalf a call is made, so that the steps that are taken for it become part of the caller's trace.
final class CallerInterceptor implements ServerInterceptor {
    private static final Metadata.Key<String> TRACEPARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> BAGGAGE = Metadata.Key.of("baggage", Metadata.ASCII_STRING_MARSHALLER);

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Caller caller = Caller.parse(headers.get(TRACEPARENT), headers.get(BAGGAGE));
        ServerCall.Listener<Q> listener = next.startCall(call, headers);
        if (caller.context() == null) {
            return listener;
        }
        return new SimpleForwardingServerCallListener<>(listener) {
            // Here unary calls are run.
            @Override
            public void onHalfClose() {
                caller.call(() -> {
                    super.onHalfClose();
                    return caller;
                });
            }
        };
    }
}
