package io.hypernetes.client;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Queue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Whose key is next: tenants with keys that wait take turns, and each tenant's keys keep their order.
///
/// A tenant gets another worker only if as many stay free as it then has. So one has half of them at most, the next one half of the rest; and who has none gets
/// one, as long as any is free. The operator's tenant is not held to that. Not thread-safe.
final class Turns<K> {
    private static final class Line<K> {
        final String tenant;
        final Queue<K> keys = new ArrayDeque<>();
        int inHand;

        Line(String tenant) {
            this.tenant = tenant;
        }
    }

    private final Function<? super K, String> tenantOf;
    private final Map<String, Line<K>> lines = new HashMap<>();
    /// Lines with keys, the next one first.
    private final ArrayDeque<Line<K>> turns = new ArrayDeque<>();
    private final Map<K, Line<K>> inHand = new HashMap<>();
    private int workers = Integer.MAX_VALUE;
    private int size;

    /// @param tenantOf must say the same of equal keys
    Turns(Function<? super K, String> tenantOf) {
        this.tenantOf = tenantOf;
    }

    /// How many take keys; without that no tenant is held to anything.
    void workers(int count) {
        workers = count;
    }

    /// Behind the other keys of its tenant.
    void add(K key) {
        Line<K> line = lines.computeIfAbsent(tenantOf.apply(key), Line::new);
        if (line.keys.isEmpty()) {
            turns.add(line);
        }
        line.keys.add(key);
        size++;
    }

    /// Gives the next key into a hand; null when none waits that may be.
    @Nullable K take() {
        // Who is passed over has something in hand, so there are no more of them than workers.
        for (Iterator<Line<K>> each = turns.iterator(); each.hasNext(); ) {
            Line<K> line = each.next();
            if (mayHaveAnother(line)) {
                each.remove();
                K key = line.keys.remove();
                size--;
                if (!line.keys.isEmpty()) {
                    turns.add(line);
                }
                line.inHand++;
                inHand.put(key, line);
                return key;
            }
        }
        return null;
    }

    /// Takes a key out of the hand it was given into.
    void done(K key) {
        Line<K> line = inHand.remove(key);
        if (line != null) {
            line.inHand--;
            if (line.inHand == 0 && line.keys.isEmpty()) {
                lines.remove(line.tenant);
            }
        }
    }

    boolean isInHand(K key) {
        return inHand.containsKey(key);
    }

    /// Keys that wait.
    int size() {
        return size;
    }

    private boolean mayHaveAnother(Line<K> line) {
        int free = workers - inHand.size();
        return line.inHand == 0 || line.inHand + 1 <= free - 1 || line.tenant.equals(ObjectKey.ROOT);
    }
}
