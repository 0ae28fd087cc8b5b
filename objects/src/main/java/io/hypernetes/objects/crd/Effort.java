package io.hypernetes.objects.crd;

/// What the check of one object may still take for its texts. Schemas may have thousands of choices, each with a pattern, and an object a text of
/// megabytes that fails them all. For one thread.
final class Effort {
    /// In characters times instructions of a pattern, which is the most that matching takes: some seconds.
    private static final long MOST = 250_000_000;

    /// What looking at a character for a format takes at most, in the same measure.
    private static final long FORMAT = 8;

    private long left = MOST;
    private String measured = "";
    private long length;

    /// How many characters a text has, counted once for all choices that ask.
    @SuppressWarnings("ReferenceEquality")
    long length(String text) {
        if (text != measured) {
            measured = text;
            length = text.codePointCount(0, text.length());
        }
        return length;
    }

    /// Whether a pattern is somewhere in a text; it is not when there is nothing left to look for it with.
    boolean finds(com.google.re2j.Pattern pattern, String text) {
        return takes((long) pattern.programSize() * text.length()) && pattern.matcher(text).find();
    }

    /// Whether a text has a format; it has not when there is nothing left to look with.
    boolean hasFormat(String format, String text) {
        return takes(FORMAT * text.length()) && Formats.matches(format, text);
    }

    private boolean takes(long cost) {
        left = Math.max(-1, left - cost);
        return left >= 0;
    }

    /// Whether something could not be looked at, and what was found since means nothing.
    boolean isSpent() {
        return left < 0;
    }
}
