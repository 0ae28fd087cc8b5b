package io.hypernetes.apiserver.quota;

import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;

/// Counts objects of kinds that tenants defined, where a quota has `count/RESOURCE.GROUP`: they are stored by group and resource, so nobody need know the definition,
/// which may be gone before them. Thread-safe.
final class DefinedCounts {
    private static final String COUNT = "count/";

    private final Store store;
    /// `RESOURCE.GROUP` of the kinds of the server, which are counted object by object.
    private final Set<String> builtIn;

    DefinedCounts(Store store, Kinds kinds) {
        this.store = store;
        this.builtIn = kinds.all().stream().map(kind -> kind.type().resource() + "." + kind.type().group()).collect(Collectors.toUnmodifiableSet());
    }

    /// Sets the sums of those that a quota has.
    ///
    /// @param sums by the names of a quota
    /// @param prefix of the keys of what is counted of a group and a resource, empty for nothing
    void count(Map<String, Quantity> sums, BinaryOperator<String> prefix) {
        for (var name : List.copyOf(sums.keySet())) {
            int dot = name.indexOf('.');
            if (!name.startsWith(COUNT) || dot < 0 || builtIn.contains(name.substring(COUNT.length()))) {
                continue;
            }
            var keys = prefix.apply(name.substring(dot + 1), name.substring(COUNT.length(), dot));
            if (!keys.isEmpty()) {
                sums.put(name, Quantity.of(store.list(keys, "", 0).entries().size()));
            }
        }
    }
}
