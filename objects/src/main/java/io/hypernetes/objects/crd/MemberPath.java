package io.hypernetes.objects.crd;

import java.util.ArrayList;
import java.util.List;

/// A path of members alone, as those of the scale of a custom resource must be: `.spec.x`, `['x']`, dots escaped by a backslash.
///
/// @param names never empty
public record MemberPath(List<String> names) {
    private static final int MOST_NAMES = 50;

    public MemberPath {
        names = List.copyOf(names);
    }

    /// Reads a path such as `.spec.replicas`.
    ///
    /// @throws IllegalArgumentException when it is none; the message says where
    public static MemberPath parse(String text) {
        List<String> names = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            if (names.size() >= MOST_NAMES) {
                throw new IllegalArgumentException("the path has more than " + MOST_NAMES + " steps");
            }
            StringBuilder name = new StringBuilder();
            if (text.charAt(at) == '.') {
                at = name(text, at + 1, name);
            } else if (text.charAt(at) == '[') {
                at = quoted(text, at + 1, name);
            } else {
                throw new IllegalArgumentException("unexpected '" + text.charAt(at) + "' at " + at + " of " + text);
            }
            if (name.isEmpty() || name.toString().equals("*")) {
                throw new IllegalArgumentException("a name is missing at " + at + " of " + text);
            }
            names.add(name.toString());
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("the path is empty");
        }
        return new MemberPath(names);
    }

    private static int name(String text, int from, StringBuilder name) {
        int at = from;
        while (at < text.length() && text.charAt(at) != '.' && text.charAt(at) != '[') {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                at++;
            }
            name.append(text.charAt(at++));
        }
        return at;
    }

    private static int quoted(String text, int from, StringBuilder name) {
        char quote = from < text.length() ? text.charAt(from) : 0;
        int end = quote == '\'' || quote == '"' ? text.indexOf(quote, from + 1) : -1;
        if (end < 0 || !text.startsWith("]", end + 1)) {
            throw new IllegalArgumentException("only members may be named here, not what is at " + from + " of " + text);
        }
        name.append(text, from + 1, end);
        return end + 2;
    }
}
