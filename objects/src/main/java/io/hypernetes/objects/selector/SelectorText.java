package io.hypernetes.objects.selector;

import io.hypernetes.objects.selector.LabelSelector.Operator;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Reads the text form of a label selector. One use each.
final class SelectorText {
    private static final int MAX_LENGTH = 64 << 10;
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
        while (true) {
            found.add(requirement());
            skipBlanks();
            if (atEnd()) {
                return found;
            }
            expect(',', "',' or end of string");
            skipBlanks();
            if (atEnd()) {
                throw refused("identifier after ','");
            }
        }
    }

    private Requirement requirement() {
        if (accept("!")) {
            skipBlanks();
            return LabelSelector.checked(word("identifier"), Operator.NOT_EXISTS, List.of());
        }
        String key = word("identifier");
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
        return switch (word("operator")) {
            case "in" -> LabelSelector.checked(key, Operator.IN, set());
            case "notin" -> LabelSelector.checked(key, Operator.NOT_IN, set());
            default -> throw refused("one of: in, notin, =, ==, !=, >, <");
        };
    }

    /// A value may be empty: `app=` selects the empty label.
    private String value() {
        skipBlanks();
        return atEnd() || text.charAt(at) == ',' ? "" : word("value");
    }

    private List<String> set() {
        skipBlanks();
        expect('(', "'('");
        Set<String> values = new LinkedHashSet<>();
        while (true) {
            skipBlanks();
            char c = atEnd() ? 0 : text.charAt(at);
            String value = c == ',' || c == ')' ? "" : word("value");
            values.add(value);
            skipBlanks();
            if (accept(")")) {
                return List.copyOf(values);
            }
            expect(',', "',' or ')'");
        }
    }

    private String word(String what) {
        int start = at;
        while (!atEnd() && " \t\r\n,()=!<>".indexOf(text.charAt(at)) < 0) {
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

    private void expect(char symbol, String what) {
        if (atEnd() || text.charAt(at) != symbol) {
            throw refused(what);
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

    private IllegalArgumentException refused(String expected) {
        String found = atEnd() ? "" : text.substring(at, Math.min(text.length(), at + 40));
        return new IllegalArgumentException(
                "unable to parse requirement: found '" + found + "', expected: " + expected);
    }
}
