package io.hypernetes.hyperd.cri;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/// Reads how much a caller wants to know of each output of a command that it has run. CRI has no word for that, so our kubelet says it in a header; for others
/// it is as much as this runtime gives at all.
final class OutputBound implements ServerInterceptor {
    /// In bytes.
    static final int MOST = 4 << 20;

    private static final Metadata.Key<String> HEADER = Metadata.Key.of("hypernetes-most-output", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<Integer> BYTES = Context.keyWithDefault("most-output", MOST);

    /// In bytes, for the call that the thread works for.
    static int current() {
        return BYTES.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String said = headers.get(HEADER);
        if (said == null || !said.matches("[0-9]{1,9}")) {
            return next.startCall(call, headers);
        }
        return Contexts.interceptCall(Context.current().withValue(BYTES, Math.min(MOST, Integer.parseInt(said))), call, headers, next);
    }
}
