package io.hypernetes.kubelet.cri;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.hypernetes.telemetry.Caller;
import io.hypernetes.telemetry.TraceContext;

/// Tells the runtime on whose behalf a call is made ([Caller]), by the headers that W3C has for that.
final class CallerHeaders implements ClientInterceptor {
    private static final Metadata.Key<String> TRACEPARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> BAGGAGE = Metadata.Key.of("baggage", Metadata.ASCII_STRING_MARSHALLER);

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        ClientCall<Q, A> call = next.newCall(method, options);
        Caller caller = Caller.current();
        TraceContext context = caller.context();
        if (context == null) {
            return call;
        }
        return new SimpleForwardingClientCall<>(call) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                headers.put(TRACEPARENT, context.header());
                String baggage = caller.baggage();
                if (!baggage.isEmpty()) {
                    headers.put(BAGGAGE, baggage);
                }
                super.start(listener, headers);
            }
        };
    }
}
