package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One change as all watchers of a feed share it: what is worked out for one of them is there for the others. Thread-safe.
public final class ObjectChange {
    private final Change change;
    private volatile @Nullable ConcurrentHashMap<Object, Object> worked;

    ObjectChange(Change change) {
        this.change = change;
    }

    public String key() {
        return change.entry().key();
    }

    public long revision() {
        return change.entry().revision();
    }

    /// The state after the change, for a deletion the last state under the revision of the deletion.
    public Entry entry() {
        return change.entry();
    }

    /// The state before; null when the object was not there.
    public @Nullable Entry previous() {
        return change.previous();
    }

    public boolean deleted() {
        return change.deleted();
    }

    /// A value derived from this change alone, mostly made once. `what` must be unique for the way it is made.
    @SuppressWarnings("unchecked")
    public <T> T once(Object what, Supplier<T> make) {
        var done = worked;
        if (done == null) {
            done = new ConcurrentHashMap<>(2);
            worked = done;
        }
        var known = done.get(what);
        if (known == null) {
            known = make.get();
            done.put(what, known);
        }
        return (T) known;
    }

    /// Lets go of what was worked out: most readers are past it, and it is larger than the change.
    void forget() {
        worked = null;
    }
}
