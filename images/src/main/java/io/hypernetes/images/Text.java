package io.hypernetes.images;

/// Text from outside made fit for a message or a log line.
final class Text {
    private Text() {}

    /// One line of at most 300 characters without control characters.
    static String shortened(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
        return line.length() <= 300 ? line : line.substring(0, 300) + "…";
    }
}
