package io.hypernetes.objects.cel;

import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;

/// Functions over lists of comparable values.
final class Lists {
    private Lists() {}

    /// The library's lists may look for each item from their beginning.
    private static List<?> indexed(List<?> list) {
        return list instanceof RandomAccess ? list : new ArrayList<>(list);
    }

    static boolean isSorted(List<?> given) {
        List<?> list = indexed(given);
        for (int i = 1; i < list.size(); i++) {
            if (compare(list.get(i - 1), list.get(i)) > 0) {
                return false;
            }
        }
        return true;
    }

    static Object sum(List<?> list) {
        if (list.stream().anyMatch(Double.class::isInstance)) {
            return list.stream().mapToDouble(item -> number(item).doubleValue()).sum();
        }
        if (list.stream().anyMatch(java.time.Duration.class::isInstance)) {
            return list.stream().map(java.time.Duration.class::cast).reduce(java.time.Duration.ZERO, java.time.Duration::plus);
        }
        long sum = 0;
        for (Object item : list) {
            sum = Math.addExact(sum, number(item).longValue());
        }
        return sum;
    }

    private static Number number(Object item) {
        if (item instanceof Number number) {
            return number;
        }
        throw new IllegalArgumentException("only numbers and durations can be added");
    }

    /// @param sign 1 for the greatest, -1 for the least
    static Object extreme(List<?> list, int sign) {
        if (list.isEmpty()) {
            throw new IllegalArgumentException(sign < 0 ? "min called on empty list" : "max called on empty list");
        }
        Object best = list.getFirst();
        for (Object item : list) {
            if (compare(item, best) * sign > 0) {
                best = item;
            }
        }
        return best;
    }

    static long indexOf(List<?> given, Object value) {
        List<?> list = indexed(given);
        for (int i = 0; i < list.size(); i++) {
            if (same(list.get(i), value)) {
                return i;
            }
        }
        return -1;
    }

    static long lastIndexOf(List<?> given, Object value) {
        List<?> list = indexed(given);
        for (int i = list.size() - 1; i >= 0; i--) {
            if (same(list.get(i), value)) {
                return i;
            }
        }
        return -1;
    }

    private static boolean same(Object a, Object b) {
        return a instanceof Number x && b instanceof Number y ? compare(x, y) == 0 : a.equals(b);
    }

    @SuppressWarnings("unchecked")
    private static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (a instanceof Number x && b instanceof Number y) {
            return Double.compare(x.doubleValue(), y.doubleValue());
        }
        if (a instanceof Comparable<?> && a.getClass() == b.getClass()) {
            return ((Comparable<Object>) a).compareTo(b);
        }
        throw new IllegalArgumentException("the items cannot be compared");
    }
}
