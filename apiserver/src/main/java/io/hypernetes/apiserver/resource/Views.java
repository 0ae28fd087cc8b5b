package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.objects.kind.Table;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;

/// What open watches see, one object for all that ask for the same. Thread-safe.
final class Views {
    private final Map<Asked, WeakReference<View>> views = new WeakHashMap<>();

    /// All that decides which events a watch gets of a feed, and what they look like.
    ///
    /// @param kind its identity: changes hold views for longer than a watch is there
    /// @param namespace empty for all
    /// @param everywhere whether the objects of all tenants
    /// @param projected whether the objects are another kind's, seen as this one
    record Asked(
            Object kind,
            String namespace,
            Selection selection,
            Accepted accepted,
            Table.IncludeObject include,
            boolean everywhere,
            boolean projected) {}

    /// Equal to itself alone, so that it is found without looking at what was asked.
    static final class View {
        private final Asked asked;

        private View(Asked asked) {
            this.asked = asked;
        }

        Asked asked() {
            return asked;
        }
    }

    /// The view of watches that ask for this; it is there as long as one of them holds it.
    synchronized View of(Asked asked) {
        var known = views.get(asked);
        var view = known == null ? null : known.get();
        if (view == null) {
            view = new View(asked);
            // A key that is there already would stay, and nobody holds it any more.
            views.remove(asked);
            views.put(asked, new WeakReference<>(view));
        }
        return view;
    }
}
