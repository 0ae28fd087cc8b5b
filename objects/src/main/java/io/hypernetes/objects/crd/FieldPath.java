package io.hypernetes.objects.crd;

import java.util.ArrayList;
import java.util.List;

/// A path from a node of a schema to a field below it, such as `.spec.parts` or `.labels['a.b']`. Items of lists have none.
///
/// @param text as errors name the field, without a dot at its beginning
/// @param names of the fields on the way
/// @param schema of the field
record FieldPath(String text, List<String> names, CustomSchema schema) {
    private static final String UNKNOWN = "does not refer to a valid field";
    private static final String ENDED = "unexpected end of JSON path";

    /// Finds the field that a path names.
    ///
    /// @param brackets whether a name may stand in brackets
    /// @throws IllegalArgumentException when it is no path, or there is no such field
    static FieldPath find(String path, CustomSchema from, boolean brackets) {
        return new Reader(path, brackets).read(from);
    }

    private static final class Reader {
        private final String path;
        private final boolean brackets;
        private int at;

        Reader(String path, boolean brackets) {
            this.path = path;
            this.brackets = brackets;
        }

        FieldPath read(CustomSchema from) {
            StringBuilder text = new StringBuilder();
            List<String> names = new ArrayList<>();
            CustomSchema schema = from;
            while (at < path.length()) {
                String name = next();
                boolean declared = !schema.properties().isEmpty();
                CustomSchema below = declared ? schema.properties().get(name) : schema.additional();
                if (below == null) {
                    throw new IllegalArgumentException(UNKNOWN);
                }
                text.append(declared ? (text.isEmpty() ? "" : ".") + name : "[" + name + "]");
                names.add(name);
                schema = below;
            }
            return new FieldPath(text.toString(), List.copyOf(names), schema);
        }

        private String next() {
            char first = path.charAt(at);
            if (first == '.') {
                at++;
                return word();
            }
            if (first != '[') {
                throw new IllegalArgumentException("expected [ or . but got: " + word());
            }
            if (!brackets) {
                throw new IllegalArgumentException("array notation is not allowed");
            }
            at++;
            String name = quoted();
            if (at >= path.length()) {
                throw new IllegalArgumentException(ENDED);
            }
            if (path.charAt(at) != ']') {
                throw new IllegalArgumentException("expected ] but got " + word());
            }
            at++;
            return name;
        }

        private String word() {
            int from = at;
            while (at < path.length() && ".[]".indexOf(path.charAt(at)) < 0) {
                at++;
            }
            if (from == path.length()) {
                throw new IllegalArgumentException(ENDED);
            }
            return path.substring(from, at);
        }

        private String quoted() {
            if (at >= path.length() || path.charAt(at) != '\'') {
                throw new IllegalArgumentException("expected single quoted string but got " + word());
            }
            StringBuilder name = new StringBuilder();
            for (at++; at < path.length(); at++) {
                char c = path.charAt(at);
                if (c == '\'') {
                    at++;
                    return name.toString();
                }
                if (c == '\\' && at + 1 < path.length()) {
                    c = unescaped(path.charAt(++at));
                }
                name.append(c);
            }
            throw new IllegalArgumentException(ENDED);
        }

        private static char unescaped(char directive) {
            return switch (directive) {
                case 'a' -> '\u0007';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'v' -> '\u000b';
                case '\'', '\\' -> directive;
                default -> throw new IllegalArgumentException("invalid string literal: invalid escape char \\" + directive);
            };
        }
    }
}
