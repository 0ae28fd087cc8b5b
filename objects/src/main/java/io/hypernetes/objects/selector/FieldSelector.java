package io.hypernetes.objects.selector;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// A `fieldSelector`: terms `field=value`, `field==value`, `field!=value`, all of which must hold. Immutable.
public record FieldSelector(List<Term> terms) {
    /// Matches everything.
    public static final FieldSelector EVERYTHING = new FieldSelector(List.of());

    private static final int MAX_TERMS = 100;

    /// One condition; `equal` false means the field must differ.
    public record Term(String field, boolean equal, String value) {}

    public FieldSelector {
        terms = List.copyOf(terms);
    }

    /// Reads the text of a query parameter; a backslash escapes `\`, `,` and `=` in values.
    ///
    /// @throws IllegalArgumentException when it is malformed, with a sentence for the client
    public static FieldSelector parse(String text) {
        List<Term> terms = new ArrayList<>();
        for (String part : split(text)) {
            if (!part.isEmpty()) {
                terms.add(term(part, text));
            }
        }
        if (terms.size() > MAX_TERMS) {
            throw new IllegalArgumentException("a field selector may have at most " + MAX_TERMS + " terms");
        }
        return terms.isEmpty() ? EVERYTHING : new FieldSelector(terms);
    }

    /// The same with other field names.
    public FieldSelector mapFields(UnaryOperator<String> rename) {
        return new FieldSelector(
                terms.stream().map(t -> new Term(rename.apply(t.field()), t.equal(), t.value())).toList());
    }

    /// Whether every term holds; a field that is absent counts as empty text.
    public boolean matches(Map<String, String> fields) {
        return matches(field -> fields.getOrDefault(field, ""));
    }

    /// The same with the values of fields, empty text where one is absent.
    public boolean matches(UnaryOperator<String> valueOf) {
        for (Term term : terms) {
            if (valueOf.apply(term.field()).equals(term.value()) != term.equal()) {
                return false;
            }
        }
        return true;
    }

    public boolean isEverything() {
        return terms.isEmpty();
    }

    /// The value that `field` must have, or null when the selector does not demand one.
    public @org.jspecify.annotations.Nullable String demanded(String field) {
        for (Term term : terms) {
            if (term.equal() && term.field().equals(field)) {
                return term.value();
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return terms.stream()
                .map(t -> t.field() + (t.equal() ? "=" : "!=")
                        + t.value().replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\="))
                .collect(Collectors.joining(","));
    }

    private static Term term(String part, String whole) {
        for (int i = 0; i < part.length(); i++) {
            if (part.charAt(i) == '\\') {
                i++;
            } else if (part.startsWith("!=", i)) {
                return new Term(part.substring(0, i).strip(), false, unescape(part.substring(i + 2), whole));
            } else if (part.startsWith("==", i)) {
                return new Term(part.substring(0, i).strip(), true, unescape(part.substring(i + 2), whole));
            } else if (part.charAt(i) == '=') {
                return new Term(part.substring(0, i).strip(), true, unescape(part.substring(i + 1), whole));
            }
        }
        throw new IllegalArgumentException("invalid selector: '" + whole + "'; can't understand '" + part + "'");
    }

    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == ',') {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static String unescape(String value, String whole) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\\') {
                if (++i == value.length() || "\\,=".indexOf(value.charAt(i)) < 0) {
                    throw new IllegalArgumentException("invalid field selector: invalid escape sequence in '" + whole + "'");
                }
                out.append(value.charAt(i));
            } else if (c == '=') {
                throw new IllegalArgumentException("invalid field selector: unhandled '=' in '" + whole + "'");
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
