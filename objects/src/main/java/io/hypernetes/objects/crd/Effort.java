package io.hypernetes.objects.crd;

import io.hypernetes.objects.TextPattern;

/// What the check of one object, or of one definition, may still take. Schemas may have thousands of choices, each with a pattern, and an object
/// millions of values or a text of megabytes that fail them all. For one thread.
final class Effort {
    /// In characters times instructions of a pattern, which is the most that matching takes: some seconds.
    private static final long MOST = 250_000_000;

    /// What looking at a character for a format takes at most, in the same measure.
    private static final long FORMAT = 8;

    /// What it takes to look at a value, whatever its schema says of it.
    private static final long VISIT = 10;

    private long left = MOST;
    private String measured = "";
    private long length;

    /// How many characters a text has, counted once for all choices that ask one after the other.
    @SuppressWarnings("ReferenceEquality")
    long length(String text) {
        if (text != measured) {
            if (!takes(text.length())) {
                return text.length();
            }
            measured = text;
            length = text.codePointCount(0, text.length());
        }
        return length;
    }

    /// Whether a value can be looked at.
    boolean visits() {
        return takes(VISIT);
    }

    /// Whether a pattern is somewhere in a text; it is not when there is nothing left to look for it with. What is no pattern, as older definitions may
    /// have it, says nothing of any text. An empty text takes a look at all that a program begins with.
    boolean finds(TextPattern pattern, String text) {
        try {
            if (!takes(pattern.size() * (text.length() + 1L))) {
                return false;
            }
            return !pattern.isSound() || pattern.in(text, Long.MAX_VALUE).find();
        } catch (IllegalArgumentException e) {
            // Nobody can look for it.
            left = -1;
            return false;
        }
    }

    /// Whether a text has a format; it has not when there is nothing left to look with.
    boolean hasFormat(String format, String text) {
        return takes(FORMAT * text.length()) && Formats.matches(format, text);
    }

    /// Whether so much was left.
    boolean takes(long cost) {
        left = Math.max(-1, left - cost);
        return left >= 0;
    }

    /// Whether something could not be looked at, and what was found since means nothing.
    boolean isSpent() {
        return left < 0;
    }
}
