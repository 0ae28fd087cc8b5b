package io.hypernetes.objects;

import java.util.ArrayDeque;
import java.util.Deque;

/// How large the program of a regular expression becomes, told from its text alone and never too small: the compiler unfolds `((x{1000}){1000}){1000}`
/// before it counts anything. What its parser refuses is left to it; what is doubtful is refused here.
///
/// The bounds and their words are those of Go's `regexp/syntax/parse.go`, but that a program is smaller here: it is a server's memory.
final class PatternSize {
    /// In instructions, as which a class of thousands of characters counts too.
    static final int LARGEST = 100_000;

    /// In characters.
    static final int LONGEST = 16 << 10;

    private static final int DEEPEST = 1000;
    private static final int MOST_REPEATED = 1000;

    /// Groups and alternatives, a sequence of them.
    private static final int LEVELS_OF_A_GROUP = 3;

    /// As many characters and ranges has the largest class with a name.
    private static final long NAMED_CLASS = 1300;

    /// What a range costs whose letters are looked up in both cases.
    private static final long FOLDED_RANGE = 1000;

    private static final int NO_NUMBER = -2;
    private static final String TOO_LARGE = "expression too large";
    private static final String BAD_REPEAT = "invalid repeat count";

    private final String text;
    private final Deque<Group> around = new ArrayDeque<>();
    private Group group = new Group();
    private boolean folds;
    private long classes;
    private int at;

    /// What is known of a group that is being read; of its last item apart, as a repetition is of that one.
    private static final class Group {
        long size = 1;
        long repeated = 1;
        int height;
        long itemSize = 1;
        long itemRepeated = 1;
        int itemHeight;

        void item(long ofSize, long ofRepeated, int ofHeight) {
            size = bounded(size + itemSize);
            repeated = Math.max(repeated, itemRepeated);
            height = Math.max(height, itemHeight);
            itemSize = ofSize;
            itemRepeated = ofRepeated;
            itemHeight = ofHeight;
        }
    }

    private PatternSize(String text) {
        this.text = text;
    }

    /// @throws IllegalArgumentException when the program would be too large, or the text is no regular expression
    static PatternSize of(String text) {
        if (text.length() > LONGEST) {
            throw refused(TOO_LARGE, text);
        }
        PatternSize size = new PatternSize(text);
        size.read();
        return size;
    }

    /// The most instructions that its program has.
    int instructions() {
        return (int) (4 + group.size + group.itemSize);
    }

    /// How much its classes of characters take beside, in the same measure.
    int classes() {
        return (int) classes;
    }

    static IllegalArgumentException refused(String why, String what) {
        return new IllegalArgumentException("error parsing regexp: " + why + ": `" + (what.length() > 100 ? what.substring(0, 100) + "..." : what) + "`");
    }

    private static long bounded(long size) {
        return Math.min(size, Integer.MAX_VALUE);
    }

    private void read() {
        while (at < text.length()) {
            char c = text.charAt(at);
            switch (c) {
                case '\\' -> escape();
                case '[' -> characters();
                case '(' -> open();
                case ')' -> close();
                case '|' -> {
                    at++;
                    group.item(2, 1, 1);
                }
                case '*', '+', '?' -> {
                    at++;
                    group.itemSize = bounded(group.itemSize + 2);
                    deeper(1);
                }
                case '{' -> repeat();
                default -> literal();
            }
            check(4 + group.size + group.itemSize + classes);
        }
        if (!around.isEmpty()) {
            throw refused("missing closing )", text);
        }
    }

    private void check(long size) {
        if (size > LARGEST) {
            throw refused(TOO_LARGE, text);
        }
    }

    private void deeper(int levels) {
        group.itemHeight += levels;
        if (group.itemHeight > DEEPEST) {
            throw refused("expression nests too deeply", text);
        }
    }

    private void literal() {
        at += Character.charCount(text.codePointAt(at));
        group.item(1, 1, 1);
    }

    private void escape() {
        if (text.startsWith("\\Q", at)) {
            int end = text.indexOf("\\E", at + 2);
            int to = end < 0 ? text.length() : end;
            at += 2;
            while (at < to) {
                literal();
            }
            at = end < 0 ? to : end + 2;
            return;
        }
        single();
        group.item(1, 1, 1);
    }

    /// Goes beyond one escape, which means a character or a class of them.
    private void single() {
        char what = at + 1 < text.length() ? text.charAt(at + 1) : 0;
        at = Math.min(text.length(), at + 1);
        if (at < text.length()) {
            at += Character.charCount(text.codePointAt(at));
        }
        boolean named = what == 'p' || what == 'P';
        if (named) {
            classes += folds ? 2 * NAMED_CLASS : NAMED_CLASS;
        }
        if (!named && what != 'x' || at >= text.length()) {
            return;
        }
        if (text.charAt(at) == '{') {
            int end = text.indexOf('}', at);
            if (end < 0) {
                throw refused("invalid escape sequence", text);
            }
            at = end + 1;
        } else if (named) {
            at += Character.charCount(text.codePointAt(at));
        }
    }

    private void characters() {
        at++;
        if (at < text.length() && text.charAt(at) == '^') {
            at++;
        }
        boolean first = true;
        while (at < text.length() && (first || text.charAt(at) != ']')) {
            first = false;
            int end = text.startsWith("[:", at) ? text.indexOf(":]", at) : -1;
            if (end >= 0) {
                at = end + 2;
            } else if (text.charAt(at) == '\\') {
                single();
            } else {
                classes += folds && text.charAt(at) == '-' ? FOLDED_RANGE : 1;
                at += Character.charCount(text.codePointAt(at));
            }
            check(classes);
        }
        if (at >= text.length()) {
            throw refused("missing closing ]", text);
        }
        at++;
        group.item(1, 1, 1);
    }

    private void open() {
        at++;
        if (at < text.length() && text.charAt(at) == '?') {
            boolean named = text.startsWith("?P<", at) || text.startsWith("?<", at);
            int end = at + 1;
            while (end < text.length() && (named ? text.charAt(end) != '>' : ":)".indexOf(text.charAt(end)) < 0)) {
                folds |= !named && text.charAt(end) == 'i';
                end++;
            }
            if (end >= text.length()) {
                throw refused("invalid or unsupported Perl syntax", text);
            }
            at = end + 1;
            if (text.charAt(end) == ')') {
                // Flags for what follows are nothing that could be repeated, nor do they end what is before them.
                return;
            }
        }
        around.push(group);
        group = new Group();
        if (around.size() > DEEPEST) {
            throw refused("expression nests too deeply", text);
        }
    }

    private void close() {
        if (around.isEmpty()) {
            throw refused("unexpected )", text);
        }
        at++;
        Group inner = group;
        inner.item(0, 1, 0);
        group = around.pop();
        group.item(inner.size + 2, inner.repeated, inner.height);
        deeper(LEVELS_OF_A_GROUP);
    }

    private void repeat() {
        int from = at;
        at++;
        int least = number();
        int most = least;
        if (least >= 0 && at < text.length() && text.charAt(at) == ',') {
            at++;
            most = at < text.length() && text.charAt(at) == '}' ? -1 : number();
            if (most == NO_NUMBER) {
                least = NO_NUMBER;
            }
        }
        if (least == NO_NUMBER || at >= text.length() || text.charAt(at) != '}') {
            at = from;
            literal();
            return;
        }
        at++;
        long times = most < 0 ? least : most;
        long repeated = Math.max(1, times) * group.itemRepeated;
        if (least > MOST_REPEATED || most > MOST_REPEATED || most >= 0 && least > most || times > 1 && repeated > MOST_REPEATED) {
            throw refused(BAD_REPEAT, text.substring(from, at));
        }
        group.itemRepeated = repeated;
        group.itemSize = bounded(Math.max(1, times) * (group.itemSize + 1) + 2);
        deeper(1);
    }

    /// One that is larger than may be is as large as the first of those.
    private int number() {
        int from = at;
        int value = 0;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = Math.min(MOST_REPEATED + 1, 10 * value + text.charAt(at) - '0');
            at++;
        }
        boolean none = at == from || at > from + 1 && text.charAt(from) == '0';
        return none ? NO_NUMBER : value;
    }
}
