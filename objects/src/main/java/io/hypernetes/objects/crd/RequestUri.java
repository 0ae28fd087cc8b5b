package io.hypernetes.objects.crd;

/// What stands in a request for a resource: a path from the root, or a URI with a scheme. Judged as Go's `url.ParseRequestURI` does, which takes
/// more than the RFC: braces and blanks in paths are welcome, templates for addresses have them.
public final class RequestUri {
    private static final String IN_HOST = "-_.~!$&'()*+,;=:[]<>\"";
    private static final String IN_USER = "-._:~!$&'()*+,;=%@";

    private RequestUri() {}

    /// Whether a text is one.
    public static boolean isOne(String text) {
        if (text.isEmpty() || text.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            return false;
        }
        if (text.equals("*")) {
            return true;
        }
        int colon = scheme(text);
        if (colon == 0) {
            return false;
        }
        String rest = text.substring(colon < 0 ? 0 : colon + 1);
        int query = rest.indexOf('?');
        String hierarchy = query < 0 ? rest : rest.substring(0, query);
        if (!hierarchy.startsWith("/")) {
            return colon > 0;
        }
        if (colon > 0 && hierarchy.startsWith("//")) {
            int end = hierarchy.indexOf('/', 2);
            String authority = hierarchy.substring(2, end < 0 ? hierarchy.length() : end);
            return authority(authority) && escapes(end < 0 ? "" : hierarchy.substring(end));
        }
        return escapes(hierarchy);
    }

    /// Where the scheme ends; -1 when there is none, and 0 when its place is empty.
    public static int scheme(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ':') {
                return i;
            }
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            boolean inner = c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.';
            if (!letter && !(inner && i > 0)) {
                return -1;
            }
        }
        return -1;
    }

    private static boolean authority(String text) {
        int at = text.lastIndexOf('@');
        String user = at < 0 ? "" : text.substring(0, at);
        return user.chars().allMatch(c -> isPlain(c) || IN_USER.indexOf(c) >= 0) && escapes(user) && host(text.substring(at + 1));
    }

    private static boolean host(String text) {
        int bracket = text.startsWith("[") ? text.lastIndexOf(']') : 0;
        if (bracket < 0) {
            return false;
        }
        int colon = text.startsWith("[") ? bracket + 1 : text.lastIndexOf(':');
        if (colon >= 0 && colon < text.length() && !isPort(text.substring(colon))) {
            return false;
        }
        // What is escaped in a name is no ASCII.
        return text.chars().allMatch(c -> c >= 0x80 || isPlain(c) || c == '%' || IN_HOST.indexOf(c) >= 0) && escapes(text);
    }

    private static boolean isPort(String text) {
        return text.startsWith(":") && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
    }

    private static boolean isPlain(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    private static boolean escapes(String text) {
        for (int i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
            if (i + 2 >= text.length() || Character.digit(text.charAt(i + 1), 16) < 0 || Character.digit(text.charAt(i + 2), 16) < 0) {
                return false;
            }
        }
        return true;
    }
}
