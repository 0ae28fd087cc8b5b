package io.hypernetes.kubelet.pod;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `$(NAME)` in commands, arguments and variables: replaced when NAME is known, left as written when not; `$$` is a dollar.
final class Expansion {
    private Expansion() {}

    static String expand(String text, Map<String, String> variables) {
        return expand(text, variables::get);
    }

    /// Of a `subPathExpr`, whose names must all be known: a folder that is named after a variable's name helps nobody.
    ///
    /// @throws ConfigException when one is not, or is empty
    static String expandAll(String text, Map<String, String> variables) {
        Set<String> missing = new TreeSet<>();
        String expanded = expand(text, name -> {
            String value = variables.getOrDefault(name, "");
            if (value.isEmpty()) {
                missing.add(name);
            }
            return value;
        });
        if (!missing.isEmpty()) {
            throw new ConfigException("missing value for " + String.join(", ", missing));
        }
        return expanded;
    }

    private static String expand(String text, Function<String, @Nullable String> variables) {
        int at = text.indexOf('$');
        if (at < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int done = 0;
        while (at >= 0 && at + 1 < text.length()) {
            out.append(text, done, at);
            char next = text.charAt(at + 1);
            done = at;
            if (next == '$') {
                out.append('$');
                done = at + 2;
            } else if (next == '(') {
                int end = text.indexOf(')', at);
                if (end > 0) {
                    String value = variables.apply(text.substring(at + 2, end));
                    out.append(value == null ? text.substring(at, end + 1) : value);
                    done = end + 1;
                } else {
                    out.append("$(");
                    done = at + 2;
                }
            } else {
                out.append('$').append(next);
                done = at + 2;
            }
            at = text.indexOf('$', done);
        }
        return out.append(text, done, text.length()).toString();
    }
}
