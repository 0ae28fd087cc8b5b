package io.hypernetes.apiserver.audit;

import java.nio.charset.StandardCharsets;

/// How much of what others chose may be told in one line, in bytes as they are written: escapes count, and characters as UTF-8 has them.
final class Room {
    private static final String MARK = "…";
    private static final int MARK_BYTES = MARK.getBytes(StandardCharsets.UTF_8).length;
    /// Of quotes, a colon and a comma.
    private static final int FRAME = 6;
    private static final int SOME = 32;
    private static final int REPLACEMENT = 0xfffd;

    private int left;
    private int leftOut;

    Room(int bytes) {
        this.left = bytes;
    }

    int left() {
        return left;
    }

    /// How many texts were cut or left out.
    int leftOut() {
        return leftOut;
    }

    /// A part of what is left for some of the texts, whose rest comes back by [#back].
    Room part(int bytes) {
        var part = new Room(Math.clamp(left, 0, bytes));
        left -= part.left;
        return part;
    }

    void back(Room part) {
        left += part.left;
        leftOut += part.leftOut;
    }

    /// Whether a name can be told whole, and a little of what it names; one that cannot counts as left out.
    boolean holds(String name) {
        long bytes = name.codePoints().mapToLong(Room::size).sum();
        boolean holds = bytes + 2 * FRAME + MARK_BYTES + SOME <= left;
        if (!holds) {
            leftOut++;
        }
        return holds;
    }

    /// Whether a little more can be told; what cannot counts as left out.
    boolean holdsMore() {
        return holds("");
    }

    void leaveOut(int texts) {
        leftOut += texts;
    }

    /// A text, of `most` bytes at most, which "…" follows where there were more. Halves of characters are replaced.
    String take(String text, int most) {
        int room = Math.min(most, left - FRAME - MARK_BYTES);
        var told = new StringBuilder(Math.min(text.length(), Math.max(0, room)));
        int bytes = 0;
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            bytes += size(c);
            if (bytes > room) {
                bytes -= size(c) - MARK_BYTES;
                told.append(MARK);
                leftOut++;
                break;
            }
            told.appendCodePoint(isHalf(c) ? REPLACEMENT : c);
        }
        left -= bytes + FRAME;
        return told.toString();
    }

    private static boolean isHalf(int c) {
        return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    }

    private static int size(int c) {
        if (c < ' ') {
            return 6;
        }
        if (c < 0x80) {
            return c == '"' || c == '\\' ? 2 : 1;
        }
        return c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }
}
