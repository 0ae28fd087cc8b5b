package io.hypernetes.objects.cel;

import com.google.errorprone.annotations.Immutable;
import dev.cel.common.values.CelValue;
import dev.cel.common.values.CelValueConverter;
import dev.cel.common.values.MutableMapValue;
import dev.cel.common.values.OptionalValue;
import dev.cel.runtime.ConcatenatedListView;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/// What the language does to a value each time that it is named, or comes from a call. The library's own walks it to its depth, to find what is not in the
/// language's form; all that we hand it is, and all that it makes of it: so to name a value takes no longer when it is large.
@Immutable
final class Conversion extends CelValueConverter {
    /// How many references of what is copied here are charged one unit.
    private static final int COPIED = 20;

    private final CelValueConverter messages;

    /// @param messages for protobuf's messages, which have types in the language
    Conversion(CelValueConverter messages) {
        this.messages = messages;
    }

    @Override
    public Object toRuntimeValue(Object value) {
        return switch (value) {
            case String text -> text;
            case Told already -> already;
            // What is handed to `optMap`. Whatever a loop gathers is a [GrownMap] from its first step on.
            case MutableMapValue wrapped -> Told.of(wrapped);
            case CelValue already -> already;
            // What the library gathers in: it can only be walked, and changes. Ours is what a loop holds from its first step on; what is handed to `optMap` is
            // wrapped in one, and copied whenever it is named.
            case ConcatenatedListView<?> view -> {
                Matching.charge(view.size() / COPIED);
                yield GrownList.copyOf(view);
            }
            case Collection<?> list -> Told.of(list);
            case Map<?, ?> map -> Told.of(map);
            case Optional<?> optional when optional.isEmpty() -> OptionalValue.EMPTY;
            case Optional<?> optional -> {
                if (optional.get() instanceof Optional<?>) {
                    // To look through many of them takes as many steps.
                    Matching.charge(1);
                }
                yield OptionalValue.create(toRuntimeValue(optional.get()));
            }
            default -> messages.toRuntimeValue(value);
        };
    }

    @Override
    public Object maybeUnwrap(Object value) {
        return value instanceof CelValue ? super.maybeUnwrap(value) : value;
    }
}
