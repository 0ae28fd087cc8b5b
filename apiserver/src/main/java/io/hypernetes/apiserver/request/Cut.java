package io.hypernetes.apiserver.request;

/// Cuts texts that others chose to a length. No character that takes two of Java's is cut in halves: half a one cannot be written.
public final class Cut {
    private static final String MARK = "…";

    private Cut() {}

    /// A text of `most` characters at most, which "…" follows where there were more.
    public static String to(int most, String text) {
        return to(most, text, MARK);
    }

    /// A text of `most` characters at most.
    ///
    /// @param mark follows where there were more
    public static String to(int most, String text, String mark) {
        if (text.length() <= most) {
            return text;
        }
        int end = Math.max(0, most);
        return text.substring(0, end > 0 && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + mark;
    }
}
