package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
    private final Consumer<FieldError> taker;
    private final int max;
    private final long longest;
    private Consumer<FieldError> unserved = this::add;
    private int count;
    private long length;

    Errors() {
        this(_ -> {});
    }

    /// @param warn takes what is wrong and let be
    Errors(Consumer<String> warn) {
        this.warn = warn;
        this.taker = found::add;
        this.max = MAX;
        this.longest = LONGEST;
    }

    /// More than is told: what is new may come after much that is old. None of it is kept here.
    private Errors(Consumer<FieldError> taker, int max, long longest) {
        this.warn = _ -> {};
        this.taker = taker;
        this.max = max;
        this.longest = longest;
    }

    void warn(String text) {
        warn.accept(text);
    }

    void add(FieldError error) {
        boolean taken = !isFull();
        count++;
        if (taken) {
            length += error.path().length() + error.message().length();
            taker.accept(error);
        }
    }

    private void add(Supplier<FieldError> error) {
        if (isFull()) {
            count++;
        } else {
            add(error.get());
        }
    }

    /// How much was told so far, kept or not: only by this can one know that what was just looked at is right. The list lacks what is only compared, and
    /// what came when it was full.
    int count() {
        return count;
    }

    /// Whether there is no use in looking further.
    boolean isFull() {
        return count >= max || length >= longest;
    }

    /// Adds what is wrong now and was not before: what was stored when rules were fewer may stay as it is.
    ///
    /// @param now finds what is wrong with the new object
    /// @param before finds what was wrong with the old one; asked only when something is wrong with the new one
    /// @param touched whether anything that is looked at was changed
    /// @return whether something is wrong with both, told or not
    boolean addNew(Consumer<Errors> now, Consumer<Errors> before, boolean touched) {
        Past past = new Past(before);
        int told = count;
        Errors present = compared(error -> {
            if (!past.has(error)) {
                add(error);
            }
        });
        now.accept(present);
        if (present.count == 0) {
            return false;
        }
        if (count == told && present.isFull() && touched) {
            // What is new may stand behind so much that is old; nobody looked.
            Errors all = new Errors();
            now.accept(all);
            all.found.forEach(this::add);
        }
        return !past.known().isEmpty();
    }

    /// The same, of what is only looked at when it was changed.
    boolean addNew(Consumer<Errors> now, Consumer<Errors> before) {
        return addNew(now, before, true);
    }

    private static Errors compared(Consumer<FieldError> taker) {
        return new Errors(taker, MAX_COMPARED, LONGEST_COMPARED);
    }

    /// What was wrong before, looked for once it is asked for. Of each only a digest is kept, as the words are so many: an object of a megabyte could
    /// fill many times its size with them.
    private static final class Past {
        private final Consumer<Errors> before;
        private @Nullable Set<ByteBuffer> known;

        private Past(Consumer<Errors> before) {
            this.before = before;
        }

        private boolean has(FieldError error) {
            return known().contains(digest(error));
        }

        private Set<ByteBuffer> known() {
            if (known == null) {
                Set<ByteBuffer> digests = new HashSet<>();
                before.accept(compared(error -> digests.add(digest(error))));
                known = digests;
            }
            return known;
        }

        /// A cryptographic one, or a tenant could make of what is wrong anew what was so before.
        private static ByteBuffer digest(FieldError error) {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                digest.update((error.reason() + " " + error.path().length() + " " + error.path()).getBytes(StandardCharsets.UTF_8));
                return ByteBuffer.wrap(digest.digest(error.message().getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
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

    /// The same at a path of two parts, which are put together only when something is wrong: most of what is written is right.
    void invalid(String above, String field, String value, List<String> details) {
        if (!details.isEmpty()) {
            invalid(above + field, value, details);
        }
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

    /// Upstream takes it, and nothing here would do it.
    void unserved(String path, String detail) {
        unserved(FieldError.forbidden(path, detail));
    }

    void unserved(FieldError error) {
        unserved.accept(error);
    }

    /// Looks at what makes pods: it is no fault of theirs that a pod could not be made. The pods are refused, and their makers tell of it.
    ///
    /// @param instead takes what is unserved
    void template(Runnable look, Consumer<FieldError> instead) {
        Consumer<FieldError> outside = unserved;
        unserved = instead;
        look.run();
        unserved = outside;
    }

    void oneOf(String path, String value, List<String> supported) {
        if (!supported.contains(value)) {
            add(() -> FieldError.notSupported(path, value, supported));
        }
    }

    /// The same at a path of two parts, which are put together only when something is wrong.
    void oneOf(String above, String field, String value, List<String> supported) {
        if (!supported.contains(value)) {
            oneOf(above + field, value, supported);
        }
    }

    /// The same, of a field that may be empty.
    void oneOfOrNothing(String path, String value, List<String> supported) {
        if (!value.isEmpty()) {
            oneOf(path, value, supported);
        }
    }

    /// The same at a path of two parts.
    void oneOfOrNothing(String above, String field, String value, List<String> supported) {
        if (!value.isEmpty()) {
            oneOf(above, field, value, supported);
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
