package io.hypernetes.apiserver.webhook;

/// What is shown of a text that a tenant wrote as long as it liked.
final class Excerpt {
    /// As much of an expression as an answer tells of it: upstream tells all of it, but there may be ten thousand evaluations of one of a megabyte.
    private static final int LONGEST = 512;

    private Excerpt() {}

    /// The beginning of an expression, or of what is said of it; the whole when it is short.
    static String of(String text) {
        return text.length() <= LONGEST ? text : cut(text, LONGEST) + "...";
    }

    /// At most so many characters from the beginning of a text, and never half of one that takes two.
    static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        return text.substring(0, most > 0 && Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
    }
}
