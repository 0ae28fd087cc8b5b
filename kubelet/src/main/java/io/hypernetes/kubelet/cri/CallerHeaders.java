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

/// Tells the runtime on whose behalf a call is made ([Caller]), by the headers that W3C has for that, and how much is wanted of what a command prints.
final class CallerHeaders implements ClientInterceptor {
    private static final Metadata.Key<String> TRACEPARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> BAGGAGE = Metadata.Key.of("baggage", Metadata.ASCII_STRING_MARSHALLER);

    private static final Metadata.Key<String> MOST_OUTPUT_HEADER = Metadata.Key.of("hypernetes-most-output", Metadata.ASCII_STRING_MARSHALLER);

    /// Bytes of each output; a runtime that does not know this gives as much as it likes.
    static final CallOptions.Key<Integer> MOST_OUTPUT = CallOptions.Key.create("most-output");

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        ClientCall<Q, A> call = next.newCall(method, options);
        Caller caller = Caller.current();
        TraceContext context = caller.context();
        Integer mostOutput = options.getOption(MOST_OUTPUT);
        if (context == null && mostOutput == null) {
            return call;
        }
        return new SimpleForwardingClientCall<>(call) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                if (mostOutput != null) {
                    headers.put(MOST_OUTPUT_HEADER, mostOutput.toString());
                }
                if (context != null) {
                    headers.put(TRACEPARENT, context.header());
                    String baggage = caller.baggage();
                    if (!baggage.isEmpty()) {
                        headers.put(BAGGAGE, baggage);
                    }
                }
                super.start(listener, headers);
            }
        };
    }
}
