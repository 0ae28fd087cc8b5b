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
    /// Where the reader is: names of members and, as numbers, places in arrays. Nearly nobody meets a member twice, so paths are put together for those.
    private final ArrayList<Object> place = new ArrayList<>();

    /// Where the reader is now, for [#leave].
    public int mark() {
        return place.size();
    }

    /// Goes into a member of an object.
    public void enter(String name) {
        place.add(name);
    }

    /// Goes into an element of an array.
    public void enter(int index) {
        place.add(index);
    }

    /// Goes back to where the reader was.
    public void leave(int mark) {
        while (place.size() > mark) {
            place.removeLast();
        }
    }

    /// The member where the reader is came before.
    public void note() {
        if (paths.size() < MOST) {
            paths.add(path());
        }
    }

    /// What was noted.
    public List<String> paths() {
        return List.copyOf(paths);
    }

    private String path() {
        StringBuilder path = new StringBuilder();
        for (Object step : place) {
            if (path.length() > LONGEST) {
                break;
            }
            if (step instanceof Integer index) {
                path.append('[').append(index.intValue()).append(']');
            } else {
                String name = step.toString();
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
