package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.objects.kind.Kind;
import org.jspecify.annotations.Nullable;

/// A kind for as long as a request uses it. What a tenant's definition is compiled to takes megabytes, and there is room for so much that is in use at once: so whoever
/// goes on for long, as watches do, closes this first and keeps nothing of the kind but its [Kind#identity]. For one thread.
public final class KindUse implements AutoCloseable {
    private final Kind kind;
    private InUse<CompiledKinds.Edition>.@Nullable Taken taken;

    private KindUse(Kind kind, InUse<CompiledKinds.Edition>.@Nullable Taken taken) {
        this.kind = kind;
        this.taken = taken;
    }

    /// Of a kind that is there in any case.
    static KindUse of(Kind builtIn) {
        return new KindUse(builtIn, null);
    }

    static KindUse of(Kind custom, InUse<CompiledKinds.Edition>.Taken taken) {
        return new KindUse(custom, taken);
    }

    public Kind kind() {
        return kind;
    }

    /// Ends it, once however often.
    @Override
    public void close() {
        var held = taken;
        taken = null;
        if (held != null) {
            held.close();
        }
    }
}
