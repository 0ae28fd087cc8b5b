package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// Collects field errors; bounded, so that a hostile object cannot make an endless answer.
final class Errors {
    private static final int MAX = 200;
    private final List<FieldError> found = new ArrayList<>();
    private final Consumer<String> warn;

    Errors() {
        this(_ -> {});
    }

    /// @param warn takes what is wrong and let be
    Errors(Consumer<String> warn) {
        this.warn = warn;
    }

    void warn(String text) {
        warn.accept(text);
    }

    void add(FieldError error) {
        if (found.size() < MAX) {
            found.add(error);
        }
    }

    void required(String path, String detail) {
        add(FieldError.required(path, detail));
    }

    void invalid(String path, String value, String detail) {
        add(FieldError.invalid(path, value, detail));
    }

    void invalid(String path, String value, List<String> details) {
        details.forEach(d -> invalid(path, value, d));
    }

    void invalid(String path, long value, String detail) {
        add(FieldError.invalid(path, value, detail));
    }

    void invalid(String path, JsonNode value, String detail) {
        add(FieldError.invalid(path, value, detail));
    }

    void forbidden(String path, String detail) {
        add(FieldError.forbidden(path, detail));
    }

    void oneOf(String path, String value, List<String> supported) {
        if (!supported.contains(value)) {
            add(FieldError.notSupported(path, value, supported));
        }
    }

    /// The same, of a field that may be empty.
    void oneOfOrNothing(String path, String value, List<String> supported) {
        if (!value.isEmpty()) {
            oneOf(path, value, supported);
        }
    }

    void duplicate(String path, String value) {
        add(FieldError.duplicate(path, value));
    }

    List<FieldError> list() {
        return List.copyOf(found);
    }
}
