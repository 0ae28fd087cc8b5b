package io.hypernetes.objects;

import java.util.ArrayList;
import java.util.List;

/// The paths of the members that the reader of a document meets twice; it says here where it is.
///
/// However long the names and however many the members, what is kept is small: the beginnings of the first hundred paths.
public final class Duplicates {
    private static final int MOST = 100;
    /// Characters of one path.
    private static final int LONGEST = 640;

    private final List<String> paths = new ArrayList<>();
    /// Where the reader is; one character more than the longest says that there would be more.
    private final StringBuilder path = new StringBuilder();

    /// Where the reader is now, for [#leave].
    public int mark() {
        return path.length();
    }

    /// Goes into a member of an object.
    public void enter(String name) {
        if (!path.isEmpty()) {
            add(".");
        }
        add(name);
    }

    /// Goes into an element of an array.
    public void enter(int index) {
        add("[" + index + "]");
    }

    /// Goes back to where the reader was.
    public void leave(int mark) {
        path.setLength(mark);
    }

    /// The member where the reader is came before.
    public void note() {
        if (paths.size() < MOST) {
            paths.add(path.length() <= LONGEST ? path.toString() : cut());
        }
    }

    /// What was noted.
    public List<String> paths() {
        return List.copyOf(paths);
    }

    private void add(String text) {
        path.append(text, 0, Math.min(text.length(), LONGEST + 1 - path.length()));
    }

    /// Not within a pair of surrogates, half of which could not be written.
    private String cut() {
        int end = Character.isHighSurrogate(path.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return path.substring(0, end) + "...";
    }
}
