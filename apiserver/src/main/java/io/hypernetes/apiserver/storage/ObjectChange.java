package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// One change as all watchers of a feed share it: what is worked out for one of them is there for the others. Thread-safe.
public final class ObjectChange {
    /// Who watches in more ways than these has the rest worked out each time, instead of memory for each.
    private static final int WAYS = 64;
    private static final long SMALL = 100;

    private final Change change;
    private final Encodings encodings;
    private volatile Encodings.@Nullable Worked worked;

    /// @param encodings decides how long the change holds what was worked out
    ObjectChange(Change change, Encodings encodings) {
        this.change = change;
        this.encodings = encodings;
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

    /// What it holds in memory, about: both states, whoever else holds them.
    long bytes() {
        var before = change.previous();
        return 200L + key().length() + entry().length() + (before == null ? 0 : before.length());
    }

    /// A small value derived from this change alone, made once for readers that come soon one after the other, unless there are very many such values. `what` must be unique for the way it is made.
    public <T> T once(Object what, Supplier<T> make) {
        return once(what, make, small -> SMALL);
    }

    /// As the other, a value of any size.
    ///
    /// @param bytes what it takes in memory, about
    @SuppressWarnings("unchecked")
    public <T> T once(Object what, Supplier<T> make, ToLongFunction<? super T> bytes) {
        var holder = worked;
        if (holder == null) {
            holder = new Encodings.Worked();
            worked = holder;
        }
        var done = holder.values;
        if (done == null) {
            done = new ConcurrentHashMap<>(2);
            holder.values = done;
            encodings.holds(holder, SMALL);
        }
        var known = (T) done.get(what);
        if (known == null) {
            known = make.get();
            if (done.size() < WAYS) {
                done.put(what, known);
                encodings.holds(holder, bytes.applyAsLong(known));
            }
        }
        return known;
    }
}
