package io.hypernetes.apiserver.request;

/// Cuts texts that others chose to a length, so that it can be seen.
public final class Cut {
    private static final String MARK = "…";

    private Cut() {}

    /// A text of `most` characters at most, which "…" follows where there were more. No character that takes two of Java's is cut in halves: half a
    /// one cannot be written.
    public static String to(int most, String text) {
        if (text.length() <= most) {
            return text;
        }
        int end = Math.max(0, most);
        return text.substring(0, end > 0 && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + MARK;
    }
}
