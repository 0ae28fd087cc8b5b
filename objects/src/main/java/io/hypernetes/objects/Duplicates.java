package io.hypernetes.objects;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The paths of the members that the reader of a document meets twice; it says here where it is.
///
/// However long the names and however many the members, what is kept is small: the beginnings of the first hundred paths.
public final class Duplicates {
    private static final int MOST = 100;
    /// Characters of one path.
    private static final int LONGEST = 640;

    private final List<String> paths = new ArrayList<>();
    private Repeats.@Nullable Way whole;
    /// Where the reader is: the names of members, and where there is none the place in an array. Nearly nobody meets a member twice, so paths are put
    /// together for those alone.
    private @Nullable String[] names = new @Nullable String[16];
    private int[] places = new int[16];
    private int depth;

    /// Where the reader is now, for [#leave].
    public int mark() {
        return depth;
    }

    /// Goes into a member of an object.
    public void enter(String name) {
        enter(name, 0);
    }

    /// Goes into an element of an array.
    public void enter(int index) {
        enter(null, index);
    }

    private void enter(@Nullable String name, int place) {
        if (depth == places.length) {
            names = Arrays.copyOf(names, 2 * depth);
            places = Arrays.copyOf(places, 2 * depth);
        }
        names[depth] = name;
        places[depth++] = place;
    }

    /// Goes back to where the reader was.
    public void leave(int mark) {
        depth = mark;
    }

    /// The member where the reader is came before.
    ///
    /// @return whether that is told: once of a member that comes three times, and of the first hundred only
    public boolean note() {
        if (paths.size() == MOST) {
            return false;
        }
        if (whole == null) {
            whole = new Repeats.Way();
        }
        Repeats.Way at = whole;
        for (int i = 0; i < depth; i++) {
            String name = names[i];
            at = at.to(name == null ? (Object) places[i] : name);
        }
        if (!at.repeat()) {
            return false;
        }
        paths.add(path());
        return true;
    }

    /// What was noted.
    public Repeats repeats() {
        return whole == null ? Repeats.NONE : new Repeats.Inside(paths, whole);
    }

    private String path() {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < depth && path.length() <= LONGEST; i++) {
            String name = names[i];
            if (name == null) {
                path.append('[').append(places[i]).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(name, 0, Math.min(name.length(), LONGEST + 1));
            }
        }
        return path.length() <= LONGEST ? path.toString() : cut(path);
    }

    /// Not within a pair of surrogates, half of which could not be written.
    private static String cut(StringBuilder path) {
        int end = Character.isHighSurrogate(path.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return path.substring(0, end) + "...";
    }
}
