package io.hypernetes.network.local;

import io.hypernetes.network.Groups.Membership;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which sandbox is confined to which groups, durably: words in one value a sandbox, `open` and `outside` if so, then `:` and the groups. Of the others
/// nothing is kept.
final class Memberships {
    private static final String OPEN = "open", OUTSIDE = "outside", END = ":";

    private final Store store;
    private final String prefix;
    private final Map<String, Membership> confined = new HashMap<>();

    /// @param prefix of the keys, ending in a slash
    Memberships(Store store, String prefix) {
        this.store = store;
        this.prefix = prefix;
        for (Entry entry : store.list(prefix, "", 0).entries()) {
            confined.put(entry.key().substring(prefix.length()), parse(new String(entry.value(), StandardCharsets.UTF_8)));
        }
    }

    /// False when it was so already.
    synchronized boolean set(String sandbox, Membership membership) {
        if (confined.getOrDefault(sandbox, Membership.OPEN).equals(membership)) {
            return false;
        }
        if (membership.isConfined()) {
            store.commit(List.of(Operation.put(prefix + sandbox, text(membership).getBytes(StandardCharsets.UTF_8))));
            confined.put(sandbox, membership);
        } else {
            store.commit(List.of(Operation.delete(prefix + sandbox)));
            confined.remove(sandbox);
        }
        return true;
    }

    synchronized Map<String, Membership> all() {
        return Map.copyOf(confined);
    }

    private static String text(Membership membership) {
        return (membership.open() ? OPEN + " " : "") + (membership.outside() ? OUTSIDE + " " : "") + END + " " + String.join(" ", membership.groups());
    }

    private static Membership parse(String text) {
        List<String> words = List.of(text.strip().split(" +"));
        int end = words.indexOf(END);
        Set<String> groups = new HashSet<>(words.subList(end + 1, words.size()));
        return new Membership(groups, words.subList(0, end).contains(OPEN), words.subList(0, end).contains(OUTSIDE));
    }
}
