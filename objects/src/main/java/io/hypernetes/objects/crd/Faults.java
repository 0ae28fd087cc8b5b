package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.List;

/// What is found wrong, as much of it as anybody reads: what is wrong at a thousand places, or shown with a long text at each of them, must not
/// fill the memory. At least one is kept whenever there is one.
final class Faults {
    private static final int MOST = 100;

    /// In characters, after which no other is kept.
    private static final long LONGEST = 1 << 20;

    private final List<FieldError> errors = new ArrayList<>();
    private long length;

    void add(FieldError error) {
        if (!isFull()) {
            errors.add(error);
            length += error.path().length() + error.message().length();
        }
    }

    void addAll(List<FieldError> others) {
        others.forEach(this::add);
    }

    /// Whether there is no use in looking further.
    boolean isFull() {
        return errors.size() >= MOST || length >= LONGEST;
    }

    boolean isEmpty() {
        return errors.isEmpty();
    }

    List<FieldError> list() {
        return List.copyOf(errors);
    }
}
