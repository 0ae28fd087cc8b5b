package io.hypernetes.hyperd.docker;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Quotes, backslashes and variables in lines of a Dockerfile, as Docker's builder reads them. An instance bounds what the variables of one call
/// expand to all together.
final class DockerfileWords {
    private static final int MOST_EXPANDED = 1 << 20;
    private static final int DEEPEST = 32;
    private static final int SHOWN = 200;
    private static final int END = -1;

    private int room = MOST_EXPANDED;

    /// Words between blanks, as they are written: quotes hold blanks and stay, a backslash holds the character behind it and stays.
    static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
                continue;
            }
            word.append(c);
            if (c == '\\' && quote != '\'') {
                if (i + 1 < text.length()) {
                    word.append(text.charAt(++i));
                }
            } else if (c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            }
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    /// The text without its quotes and escapes and with the values of `$X`, `${X}`, `${X-w}`, `${X+w}`, `${X?w}` and the same with `:`, where an
    /// empty value counts as none. Nothing stands for a variable that does not exist. Values are not read again.
    ///
    /// @throws DockerFailure 400 for a quote or brace that is not closed, for other modifiers, and for what grows too large
    String expand(String text, Map<String, String> variables) {
        return new Reader(text, variables).until(END);
    }

    private final class Reader {
        private final String text;
        private final Map<String, String> variables;
        private int at;
        private int depth;

        Reader(String text, Map<String, String> variables) {
            this.text = text;
            this.variables = variables;
        }

        private int peek() {
            return at < text.length() ? text.charAt(at) : END;
        }

        private int next() {
            int c = peek();
            at = Math.min(at + 1, text.length());
            return c;
        }

        /// To this character, which is taken, or to the end of the text.
        String until(int last) {
            StringBuilder read = new StringBuilder();
            for (int c = next(); c != last; c = next()) {
                switch (c) {
                    case END -> throw failure("syntax error: missing '}'");
                    case '\'' -> read.append(singleQuoted());
                    case '"' -> read.append(doubleQuoted());
                    case '$' -> read.append(variable());
                    case '\\' -> {
                        if (peek() != END) {
                            read.append((char) next());
                        }
                    }
                    default -> read.append((char) c);
                }
            }
            return read.toString();
        }

        private String singleQuoted() {
            int close = text.indexOf('\'', at);
            if (close < 0) {
                throw failure("unexpected end of statement while looking for matching single-quote");
            }
            String held = text.substring(at, close);
            at = close + 1;
            return held;
        }

        private String doubleQuoted() {
            StringBuilder read = new StringBuilder();
            for (int c = next(); c != '"'; c = next()) {
                switch (c) {
                    case END -> throw failure("unexpected end of statement while looking for matching double-quote");
                    case '$' -> read.append(variable());
                    // Before any other character a backslash is just one.
                    case '\\' -> read.append((char) (peek() == '"' || peek() == '$' || peek() == '\\' ? next() : c));
                    default -> read.append((char) c);
                }
            }
            return read.toString();
        }

        private String variable() {
            if (peek() != '{') {
                String name = name();
                return name.isEmpty() ? "$" : counted(variables.getOrDefault(name, ""));
            }
            next();
            if (peek() == '{' || peek() == '}' || peek() == ':') {
                throw failure("syntax error: bad substitution");
            }
            String name = name();
            boolean exists = variables.containsKey(name);
            String value = variables.getOrDefault(name, "");
            int modifier = next();
            if (modifier == '}') {
                return counted(value);
            }
            boolean emptyIsNone = modifier == ':';
            if (emptyIsNone) {
                modifier = next();
            }
            if (modifier == END) {
                throw failure("syntax error: missing '}'");
            }
            if ("-+?".indexOf(modifier) < 0) {
                throw failure("unsupported modifier (" + (emptyIsNone ? ":" : "") + (char) modifier + ") in substitution");
            }
            String word = nested();
            boolean none = !exists || (emptyIsNone && value.isEmpty());
            if (modifier == '?' && none) {
                throw failure(name + ": " + (!word.isEmpty() ? word : "is not allowed to be " + (exists ? "empty" : "unset")));
            }
            if (modifier == '+') {
                return counted(none ? "" : word);
            }
            return counted(none ? word : value);
        }

        private String nested() {
            if (++depth > DEEPEST) {
                throw failure("more than " + DEEPEST + " substitutions within each other");
            }
            String word = until('}');
            depth--;
            return word;
        }

        // Letters, digits and _; or digits alone; or one of the shell's special parameters, which have no value here.
        private String name() {
            int from = at;
            if (Character.isDigit(peek())) {
                while (Character.isDigit(peek())) {
                    at++;
                }
            } else if (peek() != END && "@*#?-$!".indexOf(peek()) >= 0) {
                at++;
            } else {
                while (Character.isLetterOrDigit(peek()) || peek() == '_') {
                    at++;
                }
            }
            return text.substring(from, at);
        }

        private String counted(String value) {
            room -= value.length();
            if (room < 0) {
                throw failure("variables expand to more than " + MOST_EXPANDED + " characters");
            }
            return value;
        }

        private DockerFailure failure(String why) {
            String what = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
            return new DockerFailure(400, "failed to process \"" + what + "\": " + why);
        }
    }
}
