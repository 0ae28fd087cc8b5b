package io.hypernetes.objects.cel;

/// The least and the most that a size may be. Sums and products end at the largest number there is.
record Size(long least, long most) {
    /// What nobody can say.
    static final Size UNKNOWN = new Size(0, Long.MAX_VALUE);

    static Size exactly(long size) {
        return new Size(size, size);
    }

    Size plus(Size other) {
        return new Size(sum(least, other.least), sum(most, other.most));
    }

    Size times(Size other) {
        return new Size(product(least, other.least), product(most, other.most));
    }

    /// Of one that is either this or the other.
    Size or(Size other) {
        return new Size(Math.min(least, other.least), Math.max(most, other.most));
    }

    /// What it costs at most to walk as much.
    long cost(double perUnit) {
        return scaled(most, perUnit);
    }

    static long sum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    static long product(long a, long b) {
        return b != 0 && a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }

    /// A cost times a factor, rounded up.
    static long scaled(long cost, double factor) {
        // What is larger than the largest number becomes it.
        return (long) Math.ceil(cost * factor);
    }
}
