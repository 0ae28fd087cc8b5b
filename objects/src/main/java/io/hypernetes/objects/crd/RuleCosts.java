package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// What the rules of a schema cost at most, together and each, with the words of upstream when that is too much. For one schema.
final class RuleCosts {
    /// The most that one expression may cost, for all values of an object that it is asked of.
    private static final long MOST_OF_ONE = 10_000_000;

    private static final long MOST_OF_ALL = 100_000_000;
    private static final int SHOWN = 4;

    private record Dear(Place path, long cost) {}

    private final List<Dear> dearest = new ArrayList<>();
    private long total;

    /// Counts an expression.
    ///
    /// @param what such as `rule`
    /// @param path of the expression
    void count(String what, Place path, long cost, Faults errors) {
        if (cost > MOST_OF_ONE) {
            errors.add(FieldError.forbidden(path.toString(), exceeded("estimated " + what + " cost", cost, MOST_OF_ONE)));
        }
        total = cost > Long.MAX_VALUE - total ? Long.MAX_VALUE : total + cost;
        if (cost >= MOST_OF_ALL / 100) {
            dearest.add(new Dear(path, cost));
        }
    }

    /// Judges what was counted.
    ///
    /// @param path of the schema
    void judge(String path, Faults errors) {
        if (total <= MOST_OF_ALL) {
            return;
        }
        dearest.stream()
                .sorted(Comparator.comparingLong(Dear::cost).reversed())
                .limit(SHOWN)
                .forEach(each -> errors.add(FieldError.forbidden(
                        each.path.toString(), "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema")));
        errors.add(FieldError.forbidden(
                path,
                exceeded("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total, MOST_OF_ALL)));
    }

    private static String exceeded(String what, long cost, long most) {
        double factor = (double) cost / most;
        String shown = factor > 100 ? "more than 100x" : String.format(Locale.ROOT, factor < 1.5 ? "%fx" : "%.1fx", factor);
        return what + " exceeds budget by factor of " + shown
                + " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }
}
