package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.IntOrString;
import org.jspecify.annotations.Nullable;

/// A count that is given as a number or as a percentage of a total.
public final class Portion {
    private Portion() {}

    /// Rounded up, as for what may be added.
    public static int up(@Nullable IntOrString value, int total, int otherwise) {
        return of(value, total, otherwise, 99);
    }

    /// Rounded down, as for what may be missing.
    public static int down(@Nullable IntOrString value, int total, int otherwise) {
        return of(value, total, otherwise, 0);
    }

    private static int of(@Nullable IntOrString value, int total, int otherwise, int round) {
        if (value == null) {
            return otherwise;
        }
        if (value.getIntVal() != null) {
            return value.getIntVal();
        }
        String text = value.getStrVal();
        if (text == null || !text.matches("[0-9]{1,9}%")) {
            return otherwise;
        }
        long percent = Long.parseLong(text.substring(0, text.length() - 1));
        return (int) Math.min(Integer.MAX_VALUE, (percent * total + round) / 100);
    }
}
