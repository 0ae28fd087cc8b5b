package io.hypernetes.images;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1).
///
/// @param scheme in lower case
/// @param parameters names in lower case
record AuthChallenge(String scheme, Map<String, String> parameters) {

    private static final int MOST = 8;

    /// The challenges of all header lines, the first few; what is malformed is left out.
    static List<AuthChallenge> parse(List<String> headers) {
        List<AuthChallenge> found = new ArrayList<>();
        headers.forEach(header -> new Scanner(header).into(found));
        return found.size() > MOST ? List.copyOf(found.subList(0, MOST)) : found;
    }

    String parameter(String name) {
        return parameters.getOrDefault(name, "");
    }

    private static final class Scanner {
        private final String text;
        private int at;

        Scanner(String text) {
            this.text = text;
        }

        void into(List<AuthChallenge> found) {
            String scheme = "";
            Map<String, String> parameters = new LinkedHashMap<>();
            while (at < text.length() && found.size() < MOST) {
                skip(" \t,");
                String word = token();
                if (word.isEmpty()) {
                    break;
                }
                skip(" \t");
                if (at < text.length() && text.charAt(at) == '=' && !scheme.isEmpty()) {
                    at++;
                    skip(" \t");
                    parameters.put(word.toLowerCase(Locale.ROOT), value());
                } else {
                    if (!scheme.isEmpty()) {
                        found.add(new AuthChallenge(scheme, Map.copyOf(parameters)));
                    }
                    scheme = word.toLowerCase(Locale.ROOT);
                    parameters.clear();
                }
            }
            if (!scheme.isEmpty()) {
                found.add(new AuthChallenge(scheme, Map.copyOf(parameters)));
            }
        }

        private void skip(String characters) {
            while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private String token() {
            int from = at;
            while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return text.substring(from, at);
        }

        private String value() {
            if (at >= text.length() || text.charAt(at) != '"') {
                return token();
            }
            StringBuilder value = new StringBuilder();
            at++;
            while (at < text.length() && text.charAt(at) != '"') {
                if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                    at++;
                }
                value.append(text.charAt(at++));
            }
            at++;
            return value.toString();
        }
    }
}
