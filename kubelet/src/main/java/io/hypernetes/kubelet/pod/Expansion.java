package io.hypernetes.kubelet.pod;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `$(NAME)` in the commands, arguments, variables and paths of one container: replaced when NAME is known, left as written when not; `$$` is a dollar.
///
/// A variable may name another one twice, and that one another, so what they come to doubles with each line of a spec. So all that the container is to get is
/// counted here, and refused where Linux would not give it to a program, before it is put together. For one start of one container, and one thread.
final class Expansion {
    /// The longest argument, or variable with its name, with the zero at its end (MAX_ARG_STRLEN).
    static final int MOST_STRING_BYTES = 128 << 10;
    /// All of them together: a quarter of the 8 MiB that a program's stack has, as execve(2) says. What a later variable of the same name replaces counts too.
    static final int MOST_BYTES = 2 << 20;
    /// The longest path (PATH_MAX).
    static final int MOST_PATH_BYTES = 4096;
    /// How much of a name is told.
    private static final int TOLD_CHARS = 100;

    private int bytes;

    /// A word of the command or of its arguments.
    ///
    /// @throws ConfigException when it would be too long for a program
    String word(String text, Map<String, String> variables) {
        return count("an argument", expand("an argument", text, MOST_STRING_BYTES - 1, variables::get), MOST_STRING_BYTES - 1);
    }

    /// The value of a variable.
    ///
    /// @throws ConfigException when it would be too long for a program
    String value(String name, String text, Map<String, String> variables) {
        return count(name, expand(told(name), text, most(name), variables::get));
    }

    /// Notes a variable whose value is taken as it is.
    ///
    /// @throws ConfigException when it is too long for a program
    String count(String name, String value) {
        String taken = count(told(name), value, most(name));
        add(name.length() + 2);
        return taken;
    }

    /// A `subPathExpr`, whose names must all be known: a folder that is named after a variable's name helps nobody.
    ///
    /// @throws ConfigException when one is not, or is empty, or when it would be too long for a path
    String path(String text, Map<String, String> variables) {
        Set<String> missing = new TreeSet<>();
        String expanded = expand("the path of a subPathExpr", text, MOST_PATH_BYTES - 1, name -> {
            String value = variables.getOrDefault(name, "");
            if (value.isEmpty()) {
                missing.add(name);
            }
            return value;
        });
        if (!missing.isEmpty()) {
            throw new ConfigException("missing value for " + String.join(", ", missing));
        }
        return count("the path of a subPathExpr", expanded, MOST_PATH_BYTES - 1);
    }

    private static String told(String name) {
        return "the variable " + (name.length() > TOLD_CHARS ? name.substring(0, TOLD_CHARS) + "..." : name);
    }

    private static int most(String name) {
        return MOST_STRING_BYTES - name.length() - 2;
    }

    private String count(String what, String text, int most) {
        if (text.length() > most) {
            throw tooLong(what, most);
        }
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length > most) {
            throw tooLong(what, most);
        }
        add(length);
        return text;
    }

    private void add(int more) {
        bytes += more;
        if (bytes > MOST_BYTES) {
            throw new ConfigException("the container's variables, command and arguments come to more than " + MOST_BYTES
                    + " bytes, the most that Linux gives a program; mount what is long as a volume");
        }
    }

    private static ConfigException tooLong(String what, int most) {
        return new ConfigException(what + " would be longer than " + Math.max(0, most) + " bytes, the most that Linux takes of it");
    }

    private static String expand(String what, String text, int most, Function<String, @Nullable String> variables) {
        int at = text.indexOf('$');
        if (at < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(Math.min(text.length(), Math.max(0, most)));
        int done = 0;
        int end = 0;
        while (at >= 0 && at + 1 < text.length()) {
            append(out, text, done, at, what, most);
            char next = text.charAt(at + 1);
            done = at;
            if (next == '$') {
                append(out, "$", 0, 1, what, most);
                done = at + 2;
            } else if (next == '(') {
                // Looked for once where there is none: a text may begin a million of them and end none.
                end = end < 0 || end > at ? end : text.indexOf(')', at);
                if (end > 0) {
                    String value = variables.apply(text.substring(at + 2, end));
                    if (value == null) {
                        append(out, text, at, end + 1, what, most);
                    } else {
                        append(out, value, 0, value.length(), what, most);
                    }
                    done = end + 1;
                } else {
                    append(out, "$(", 0, 2, what, most);
                    done = at + 2;
                }
            } else {
                append(out, text, at, at + 2, what, most);
                done = at + 2;
            }
            at = text.indexOf('$', done);
        }
        append(out, text, done, text.length(), what, most);
        return out.toString();
    }

    /// Each char is one byte at least.
    private static void append(StringBuilder out, String text, int from, int until, String what, int most) {
        if (out.length() + (until - from) > most) {
            throw tooLong(what, most);
        }
        out.append(text, from, until);
    }
}
