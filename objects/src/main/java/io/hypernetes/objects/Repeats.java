package io.hypernetes.objects;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Members that a text has more than once, and how its writer is told of them. Immutable once read.
public sealed interface Repeats {
    /// Of a text that has each member once.
    Repeats NONE = new Inside(List.of(), new Way());

    /// How what YAML has twice is told: a line each behind this one, as its reader upstream does.
    String LINES = "yaml: unmarshal errors:";

    /// They are told in the order of the text, among what else is odd about it (`sigs.k8s.io/json`).
    ///
    /// @param paths of all of them, such as `spec.paused`
    /// @param whole where the ways to them begin
    record Inside(List<String> paths, Way whole) implements Repeats {
        public Inside {
            paths = List.copyOf(paths);
        }
    }

    /// They are told before everything else, which then comes by name: the text was read in another form before it was decoded, which has no order.
    ///
    /// @param problems as they are told; one may have several lines, each of which is a warning of its own
    record Before(List<String> problems) implements Repeats {
        public Before {
            problems = List.copyOf(problems);
        }
    }

    /// What is told before everything else.
    default List<String> first() {
        return switch (this) {
            case Inside inside -> inside.paths.stream().map(path -> "duplicate field " + FieldError.quoted(path)).toList();
            case Before before -> before.problems;
        };
    }

    /// A member, or an element of an array, on the way to what is there more than once.
    final class Way {
        private final Map<Object, Way> on = new HashMap<>(4);
        private boolean repeated;

        /// On to a member or, with a whole number, to an element.
        Way to(Object step) {
            return on.computeIfAbsent(step, _ -> new Way());
        }

        /// @return whether that is new
        boolean repeat() {
            boolean first = !repeated;
            repeated = true;
            return first;
        }

        /// Whether it is there more than once itself.
        public boolean repeated() {
            return repeated;
        }

        /// On to a member; null when nothing there is repeated.
        public @Nullable Way member(String name) {
            return on.get(name);
        }

        /// On to an element; null when nothing there is repeated.
        public @Nullable Way element(int place) {
            return on.get(place);
        }
    }
}
