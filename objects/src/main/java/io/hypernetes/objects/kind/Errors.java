package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// Collects field errors; bounded, so that a hostile object cannot make an endless answer. What would be too much is not put into words either: one
/// may show a list of megabytes for each of its items.
final class Errors {
    private static final int MAX = 200;

    /// In characters, after which no other is kept; at least one is.
    private static final long LONGEST = 1 << 20;

    /// Of what is compared and not told.
    private static final int MAX_COMPARED = 50 * MAX;
    private static final long LONGEST_COMPARED = 16 * LONGEST;

    private final List<FieldError> found = new ArrayList<>();
    private final Consumer<String> warn;
    private final int max;
    private final long longest;
    private long length;

    Errors() {
        this(_ -> {});
    }

    /// @param warn takes what is wrong and let be
    Errors(Consumer<String> warn) {
        this(warn, MAX, LONGEST);
    }

    private Errors(Consumer<String> warn, int max, long longest) {
        this.warn = warn;
        this.max = max;
        this.longest = longest;
    }

    void warn(String text) {
        warn.accept(text);
    }

    void add(FieldError error) {
        if (!isFull()) {
            found.add(error);
            length += error.path().length() + error.message().length();
        }
    }

    private void add(Supplier<FieldError> error) {
        if (!isFull()) {
            add(error.get());
        }
    }

    /// Whether there is no use in looking further.
    boolean isFull() {
        return found.size() >= max || length >= longest;
    }

    /// Adds what is wrong now and was not before: what was stored when rules were fewer may stay as it is.
    ///
    /// @param now finds what is wrong with the new object
    /// @param before finds what was wrong with the old one; asked only when something is wrong with the new one
    /// @param touched whether anything that is looked at was changed
    /// @return whether something is wrong with both, told or not
    boolean addNew(Consumer<Errors> now, Consumer<Errors> before, boolean touched) {
        Errors present = compared();
        now.accept(present);
        if (present.found.isEmpty()) {
            return false;
        }
        Errors past = compared();
        before.accept(past);
        Set<FieldError> known = new HashSet<>(past.found);
        List<FieldError> fresh = present.found.stream().filter(error -> !known.contains(error)).toList();
        fresh.forEach(this::add);
        if (fresh.isEmpty() && present.isFull() && touched) {
            // What is new may stand behind so much that is old; nobody looked.
            present.found.forEach(this::add);
        }
        return !past.found.isEmpty();
    }

    /// The same, of what is only looked at when it was changed.
    boolean addNew(Consumer<Errors> now, Consumer<Errors> before) {
        return addNew(now, before, true);
    }

    /// More than is told: what is new may come after much that is old.
    private static Errors compared() {
        return new Errors(_ -> {}, MAX_COMPARED, LONGEST_COMPARED);
    }

    void required(String path, String detail) {
        add(() -> FieldError.required(path, detail));
    }

    void invalid(String path, String value, String detail) {
        add(() -> FieldError.invalid(path, value, detail));
    }

    void invalid(String path, String value, List<String> details) {
        details.forEach(d -> invalid(path, value, d));
    }

    void invalid(String path, long value, String detail) {
        add(() -> FieldError.invalid(path, value, detail));
    }

    void invalid(String path, JsonNode value, String detail) {
        add(() -> FieldError.invalid(path, value, detail));
    }

    /// A value is wrong that the sentence need not show.
    void invalidUnshown(String path, String detail) {
        add(() -> FieldError.invalidUnshown(path, detail));
    }

    /// A number that may not be negative.
    void notNegative(String path, long value) {
        if (value < 0) {
            invalid(path, value, "must be greater than or equal to 0");
        }
    }

    void forbidden(String path, String detail) {
        add(() -> FieldError.forbidden(path, detail));
    }

    void oneOf(String path, String value, List<String> supported) {
        if (!supported.contains(value)) {
            add(() -> FieldError.notSupported(path, value, supported));
        }
    }

    /// The same, of a field that may be empty.
    void oneOfOrNothing(String path, String value, List<String> supported) {
        if (!value.isEmpty()) {
            oneOf(path, value, supported);
        }
    }

    void duplicate(String path, String value) {
        add(() -> FieldError.duplicate(path, value));
    }

    /// Adds those that are not there yet.
    void addOthers(List<FieldError> errors) {
        errors.stream().filter(error -> !found.contains(error)).forEach(this::add);
    }

    List<FieldError> list() {
        return List.copyOf(found);
    }
}
