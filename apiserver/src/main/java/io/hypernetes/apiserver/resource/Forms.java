package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// Brings stored objects into the form of the kind they are asked for as: many at a time, since a conversion may be a call to somebody.
final class Forms {
    private static final int PAGE = 500;
    private static final int PAGE_BYTES = 1 << 20;
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private Forms() {}

    /// Whether stored bytes are in the form of a kind as they are.
    ///
    /// @param stored asked only if it depends on them
    static boolean isIn(Kind kind, Supplier<byte[]> stored) {
        return kind.isCustom() ? !kind.completesStored() && StoredForm.isOf(stored.get(), kind.type().apiVersion()) : kind.type().isStored();
    }

    /// Hands over the object of each entry in the form of a kind, in their order.
    ///
    /// @throws io.hypernetes.objects.ApiException when a conversion fails, 504 when those of all take too long
    static void each(Kind kind, List<Entry> entries, BiConsumer<Entry, ObjectNode> consumer) {
        long end = System.nanoTime() + LONGEST.toNanos();
        for (int from = 0; from < entries.size(); ) {
            if (from > 0 && System.nanoTime() > end) {
                throw ApiStatus.timeout(
                                "request did not complete within " + LONGEST.toSeconds() + "s: converting the objects takes too long", 0)
                        .asException();
            }
            var objects = new ArrayList<ObjectNode>();
            int to = from;
            for (long bytes = 0; to < entries.size() && to - from < PAGE && (bytes == 0 || bytes < PAGE_BYTES); to++) {
                var value = entries.get(to).value();
                bytes += value.length;
                objects.add(Json.readObject(value));
            }
            var formed = kind.fromStored(objects);
            for (int i = from; i < to; i++) {
                consumer.accept(entries.get(i), formed.get(i - from));
            }
            from = to;
        }
    }
}
