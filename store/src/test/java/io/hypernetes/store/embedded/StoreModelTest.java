package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// The store against a plain map in the order of UTF-8 bytes.
class StoreModelTest {
    private static final Comparator<String> BY_BYTES =
            (a, b) -> Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));

    /// @param kind 0 to 3: put, 4: create, 5 to 7: delete, 8: list, 9: compare and set
    record Step(int kind, String key, int number) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<String> keys = Arbitraries.strings()
                .withChars('a', 'b', '/', '\u00e9', '\uffee')
                .ofMinLength(1)
                .ofMaxLength(5)
                .map(key -> key.endsWith("b") ? key + "\ud83d\ude00" : key);
        return Combinators.combine(Arbitraries.integers().between(0, 9), keys, Arbitraries.integers().between(0, 20))
                .as(Step::new)
                .list()
                .ofMinSize(50)
                .ofMaxSize(600);
    }

    @Property(tries = 60)
    void theStoreIsAMap(@ForAll("steps") List<Step> steps) throws Exception {
        TreeMap<String, Entry> model = new TreeMap<>(BY_BYTES);
        List<Change> changes = new ArrayList<>();
        try (EmbeddedStore store = EmbeddedStore.over(
                "model", EmbeddedSettings.defaults(), new MemoryLog(), new DurableLog.Content(List.of(), 0, 0))) {
            long start = store.tick();
            for (Step step : steps) {
                apply(store, model, changes, step);
            }
            assertThat(store.list("", "", 0).entries()).isEqualTo(List.copyOf(model.values()));
            try (Watch watch = store.watch("a", start)) {
                for (Change change : changes) {
                    if (change.entry().key().startsWith("a")) {
                        assertThat(watch.next(Duration.ZERO)).contains(change);
                    }
                }
                assertThat(watch.next(Duration.ZERO)).isEmpty();
            }
        }
    }

    private void apply(EmbeddedStore store, TreeMap<String, Entry> model, List<Change> changes, Step step) {
        Entry before = model.get(step.key);
        byte[] value = Integer.toString(step.number).getBytes(UTF_8);
        if (step.kind == 8) {
            List<Entry> expected = model.tailMap(step.key, false).values().stream()
                    .filter(entry -> entry.key().startsWith(step.key.substring(0, 1))).toList();
            Page page = store.list(step.key.substring(0, 1), step.key, step.number);
            int shown = step.number == 0 ? expected.size() : Math.min(step.number, expected.size());
            assertThat(page.entries()).isEqualTo(expected.subList(0, shown));
            assertThat(page.remaining()).isEqualTo(expected.size() - shown);
            return;
        }
        Operation operation = switch (step.kind) {
            case 0, 1, 2, 3 -> Operation.put(step.key, value);
            case 4 -> Operation.create(step.key, value);
            case 9 -> new Operation.Put(step.key, before == null || step.number % 2 == 0 ? 1 : before.revision(), r -> value);
            default -> Operation.delete(step.key);
        };
        boolean allowed = switch (step.kind) {
            case 0, 1, 2, 3 -> true;
            case 4 -> before == null;
            case 9 -> before != null && step.number % 2 == 1;
            default -> before != null;
        };
        try {
            Entry entry = store.commit(List.of(operation)).entries().getFirst();
            assertThat(allowed).isTrue();
            assertThat(entry.createRevision()).isEqualTo(before == null ? entry.revision() : before.createRevision());
            boolean deleted = operation instanceof Operation.Delete;
            if (deleted) {
                model.remove(step.key);
            } else {
                model.put(step.key, entry);
            }
            changes.add(new Change(entry, before, deleted));
        } catch (ConflictException e) {
            assertThat(allowed).isFalse();
            assertThat(e.revision()).isEqualTo(before == null ? 0 : before.revision());
        }
    }

    @Property(tries = 20)
    void aTreeBuiltAtOnceIsTheTreeBuiltStepByStep(@ForAll("steps") List<Step> steps) {
        TreeMap<String, Entry> model = new TreeMap<>(BY_BYTES);
        EntryTree grown = EntryTree.EMPTY;
        for (Step step : steps) {
            String key = step.key + step.number % 7;
            Entry entry = new Entry(key, new byte[0], 1, 1);
            model.put(key, entry);
            grown = grown.with(entry);
        }
        EntryTree built = EntryTree.ofSorted(List.copyOf(model.values()));
        assertThat(built.slice(0, built.size())).isEqualTo(grown.slice(0, grown.size()));
        for (String key : List.copyOf(model.keySet())) {
            built = built.without(key);
            model.remove(key);
            assertThat(built.size()).isEqualTo(model.size());
            if (model.size() % 10 == 0) {
                assertThat(built.slice(0, built.size())).containsExactlyElementsOf(model.values());
            }
        }
    }

    private static final class MemoryLog implements DurableLog {
        @Override
        public void write(List<Change> changes, long lastCommit, long ceiling) throws StoreUnavailableException {}

        @Override
        public String refusal() {
            return "";
        }

        @Override
        public void close() {}
    }
}
