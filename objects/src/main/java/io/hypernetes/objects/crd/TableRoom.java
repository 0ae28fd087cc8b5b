package io.hypernetes.objects.crd;

/// What may still be looked at and shown for the rows of one table: an object of a few hundred bytes may have hundreds of columns that all show the
/// whole of it, and a table thousands of rows. For one thread.
final class TableRoom {
    private static final long MOST_VALUES = 20_000_000;

    /// In characters.
    private static final long MOST_TEXT = 32 << 20;

    /// In characters.
    private static final long LONGEST_ROW = 64 << 10;

    private static final String CUT = "...";

    private long values = MOST_VALUES;
    private long text = MOST_TEXT;
    private long row;

    void nextRow() {
        row = Math.min(LONGEST_ROW, text);
    }

    /// Whether so many values can be looked at.
    boolean looks(int many) {
        values = Math.max(-1, values - many);
        return values >= 0;
    }

    /// Whether the row has room for one more text.
    boolean hasText() {
        return row > 0;
    }

    /// As much of a text as the row has room for.
    String shown(String whole) {
        String shown = whole;
        if (whole.length() > row) {
            int end = (int) row;
            shown = whole.substring(0, end > 0 && Character.isHighSurrogate(whole.charAt(end - 1)) ? end - 1 : end) + CUT;
        }
        row -= shown.length();
        text -= shown.length();
        return shown;
    }
}
