package io.hypernetes.objects.selector;

import io.hypernetes.objects.Names;
import io.hypernetes.objects.selector.LabelSelector.Operator;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Reads the text form of a label selector. One use each. What is wrong is said as by `Parse` of apimachinery's `pkg/labels/selector.go`.
final class SelectorText {
    private static final int MAX_LENGTH = 64 << 10;
    private static final String SPECIAL = ",()=!<>";
    private static final String STOPS = " \t\r\n" + SPECIAL;

    private final String text;
    private int at;

    SelectorText(String text) {
        this.text = text;
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("a label selector may have at most " + MAX_LENGTH + " characters");
        }
    }

    List<Requirement> requirements() {
        List<Requirement> found = new ArrayList<>();
        skipBlanks();
        if (atEnd()) {
            return found;
        }
        if (!begins()) {
            throw refused("!, identifier, or 'end of string'");
        }
        while (true) {
            try {
                found.add(requirement());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("unable to parse requirement: " + e.getMessage(), e);
            }
            skipBlanks();
            if (atEnd()) {
                return found;
            }
            expect(',', ", expected: ',' or 'end of string'");
            skipBlanks();
            if (!begins()) {
                throw refused("identifier after ','");
            }
        }
    }

    /// Whether a requirement may begin here.
    private boolean begins() {
        return !atEnd() && (text.charAt(at) == '!' && !text.startsWith("!=", at) || SPECIAL.indexOf(text.charAt(at)) < 0);
    }

    private Requirement requirement() {
        if (accept("!")) {
            skipBlanks();
            return LabelSelector.checked(key(), Operator.NOT_EXISTS, List.of());
        }
        String key = key();
        skipBlanks();
        if (atEnd() || text.charAt(at) == ',') {
            return LabelSelector.checked(key, Operator.EXISTS, List.of());
        }
        if (accept("==") || accept("=")) {
            return LabelSelector.checked(key, Operator.IN, List.of(value()));
        }
        if (accept("!=")) {
            return LabelSelector.checked(key, Operator.NOT_IN, List.of(value()));
        }
        if (accept(">")) {
            return LabelSelector.checked(key, Operator.GREATER, List.of(value()));
        }
        if (accept("<")) {
            return LabelSelector.checked(key, Operator.LESS, List.of(value()));
        }
        String operator = token();
        if (!operator.equals("in") && !operator.equals("notin")) {
            throw refused("in, notin, =, ==, !=, gt, lt");
        }
        at += operator.length();
        return LabelSelector.checked(key, operator.equals("in") ? Operator.IN : Operator.NOT_IN, set());
    }

    private String key() {
        String key = word("identifier");
        List<String> wrong = Names.qualified(key);
        if (!wrong.isEmpty()) {
            // So Go shows the place of what has none.
            throw new IllegalArgumentException("<nil>: Invalid value: \"" + key + "\": " + String.join("; ", wrong));
        }
        return key;
    }

    /// A value may be empty: `app=` selects the empty label.
    private String value() {
        skipBlanks();
        return atEnd() || text.charAt(at) == ',' ? "" : word("identifier");
    }

    private List<String> set() {
        skipBlanks();
        expect('(', " expected: '('");
        Set<String> values = new LinkedHashSet<>();
        while (true) {
            skipBlanks();
            char c = atEnd() ? 0 : text.charAt(at);
            String value = c == ',' || c == ')' ? "" : word(values.isEmpty() ? "',', ')' or identifier" : "',', or identifier");
            values.add(value);
            skipBlanks();
            if (accept(")")) {
                return List.copyOf(values);
            }
            expect(',', ", expected: ',' or ')'");
        }
    }

    private String word(String what) {
        int start = at;
        while (!atEnd() && STOPS.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (start == at) {
            throw refused(what);
        }
        return text.substring(start, at);
    }

    private boolean accept(String symbol) {
        if (text.startsWith(symbol, at)) {
            at += symbol.length();
            return true;
        }
        return false;
    }

    private void expect(char symbol, String otherwise) {
        if (atEnd() || text.charAt(at) != symbol) {
            throw new IllegalArgumentException("found '" + token() + "'" + otherwise);
        }
        at++;
    }

    private void skipBlanks() {
        while (!atEnd() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean atEnd() {
        return at >= text.length();
    }

    /// What is here, as upstream's lexer sees it; empty at the end.
    private String token() {
        int end = at;
        if (!atEnd() && SPECIAL.indexOf(text.charAt(at)) >= 0) {
            end += text.startsWith("==", at) || text.startsWith("!=", at) ? 2 : 1;
        } else {
            while (end < text.length() && STOPS.indexOf(text.charAt(end)) < 0) {
                end++;
            }
        }
        return text.substring(at, end);
    }

    private IllegalArgumentException refused(String expected) {
        return new IllegalArgumentException("found '" + token() + "', expected: " + expected);
    }
}
