package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.crd.ColumnPath.Comparison;
import io.hypernetes.objects.crd.ColumnPath.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads the path of a column. What upstream's reader takes this one takes, with the same meaning, but for words that mean something to a
/// whole template alone (`range`, `end`).
final class ColumnPathReader {
    private static final int LONGEST = 4096;
    private static final int MOST_STEPS = 50;
    private static final Pattern KEY = Pattern.compile("'([^']*)'");
    private static final Pattern SLICE = Pattern.compile("(-?\\d*)(:-?\\d*)?(:-?\\d*)?");
    private static final Pattern COMPARED = Pattern.compile("([^!<>=]+)([!<>=]+)(.+)");
    private static final Pattern NUMBER = Pattern.compile("[+-]?[\\d.]+");
    private static final String ENDS_OF_NAMES = " \t\r\n.,[]$@{}";

    private final String text;
    private final List<Step> steps = new ArrayList<>();
    private int at;

    ColumnPathReader(String text) {
        this.text = text;
    }

    /// @throws IllegalArgumentException when it is no path
    ColumnPath read() {
        if (text.length() > LONGEST) {
            throw new IllegalArgumentException("the path is longer than " + LONGEST + " characters");
        }
        while (at < text.length() && text.charAt(at) != '}') {
            step();
            if (steps.size() > MOST_STEPS) {
                throw new IllegalArgumentException("the path has more than " + MOST_STEPS + " steps");
            }
        }
        return new ColumnPath(steps);
    }

    private void step() {
        if (text.startsWith("[?(", at)) {
            filter();
            return;
        }
        if (text.startsWith("..", at)) {
            descent();
            return;
        }
        char c = text.charAt(at);
        if (c == ' ' || c == '@' || c == '$') {
            at++;
        } else if (c == '[') {
            bracket();
        } else if (c == '.') {
            at++;
            member();
        } else if (c == '"' || c == '\'') {
            steps.add(new Step.Literal(Json.text(quoted(c))));
        } else if (c == '+' || c == '-' || Character.isDigit(c)) {
            steps.add(new Step.Literal(number()));
        } else if (text.startsWith("true", at) || text.startsWith("false", at)) {
            steps.add(new Step.Literal(JsonNodeFactory.instance.booleanNode(word().equals("true"))));
        } else {
            throw refused("unrecognized character");
        }
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException(why + " at " + at + " of " + text);
    }

    private void descent() {
        if (!steps.isEmpty() && steps.getLast() instanceof Step.Descent) {
            throw refused("a second descent");
        }
        at += 2;
        steps.add(new Step.Descent());
        if (at < text.length() && (text.charAt(at) == '_' || Character.isLetterOrDigit(text.charAt(at)))) {
            member();
        }
    }

    private void member() {
        StringBuilder name = new StringBuilder();
        boolean plain = true;
        while (at < text.length() && ENDS_OF_NAMES.indexOf(text.charAt(at)) < 0) {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                plain = false;
                at++;
            }
            name.append(text.charAt(at++));
        }
        steps.add(plain && name.toString().equals("*") ? new Step.Wildcard() : new Step.Member(name.toString()));
    }

    private String word() {
        int from = at;
        while (at < text.length() && ENDS_OF_NAMES.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(from, at);
        if (!word.equals("true") && !word.equals("false")) {
            throw refused("unrecognized identifier " + word);
        }
        return word;
    }

    private String quoted(char quote) {
        StringBuilder value = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == quote) {
                at++;
                return value.toString();
            }
            if (c == '\\' && at + 1 < text.length()) {
                c = text.charAt(++at);
            }
            value.append(c);
        }
        throw refused("unterminated quoted string");
    }

    private JsonNode number() {
        var written = NUMBER.matcher(text).region(at, text.length());
        if (!written.lookingAt()) {
            throw refused("no number");
        }
        at = written.end();
        String digits = written.group().startsWith("+") ? written.group().substring(1) : written.group();
        try {
            return digits.contains(".") ? JsonNodeFactory.instance.numberNode(Double.parseDouble(digits)) : Json.integer(Long.parseLong(digits));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("no number: " + digits + " in " + text, e);
        }
    }

    private void bracket() {
        int end = text.indexOf(']', at);
        if (end < 0) {
            throw refused("unterminated array");
        }
        String inside = text.substring(at + 1, end);
        String[] parts = inside.split(",", -1);
        var key = KEY.matcher(inside);
        if (parts.length > 1) {
            List<ColumnPath> union = new ArrayList<>();
            for (String part : parts) {
                union.add(new ColumnPathReader("[" + part.strip() + "]").read());
            }
            steps.add(new Step.Union(List.copyOf(union)));
        } else if (key.matches()) {
            var named = new ColumnPathReader("." + key.group(1));
            named.read();
            steps.addAll(named.steps);
        } else {
            steps.add(slice(inside.equals("*") ? ":" : inside));
        }
        at = end + 1;
    }

    private Step slice(String inside) {
        var written = SLICE.matcher(inside);
        if (!written.matches()) {
            throw refused("invalid array index " + inside);
        }
        Integer start = place(written.group(1), 0);
        Integer end = place(written.group(2), 1);
        Integer step = place(written.group(3), 1);
        return new Step.Slice(start == null ? 0 : start, end, step == null ? 1 : step, written.group(2) == null);
    }

    private @Nullable Integer place(@Nullable String digits, int from) {
        if (digits == null || digits.length() == from) {
            return null;
        }
        try {
            return Integer.valueOf(digits.substring(from));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("array index " + digits + " is not a number in " + text, e);
        }
    }

    /// Ends at the first parenthesis that is in no string.
    private void filter() {
        int from = at + 3;
        char quote = 0;
        for (at = from; at < text.length(); at++) {
            char c = text.charAt(at);
            if (quote == 0 && c == ')') {
                break;
            }
            if (c == '\\' && quote != 0) {
                at++;
            } else if (c == '"' || c == '\'') {
                quote = quote == 0 ? c : c == quote ? 0 : quote;
            }
        }
        if (!text.startsWith(")]", at)) {
            throw refused("unterminated filter");
        }
        String inside = text.substring(from, at);
        at += 2;
        var compared = COMPARED.matcher(inside);
        if (compared.matches()) {
            var right = new ColumnPathReader(compared.group(3)).read();
            steps.add(new Step.Where(new ColumnPathReader(compared.group(1)).read(), new Comparison(compared.group(2), right)));
        } else {
            steps.add(new Step.Where(new ColumnPathReader(inside).read(), null));
        }
    }
}
