package io.hypernetes.objects.schema;

/// Which texts are base64 as Go's decoder reads it (encoding/base64, padded, lines may be broken), and where one that is not goes wrong.
final class Base64Text {
    private Base64Text() {}

    /// The place that Go's decoder complains of; negative when there is none.
    static int fault(String text) {
        int at = 0;
        int inGroup = 0;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\n' || c == '\r') {
                continue;
            }
            if (c == '=') {
                return inGroup < 2 ? at - 1 : padding(text, at, inGroup);
            }
            if (!isDigit(c)) {
                return at - 1;
            }
            inGroup = (inGroup + 1) % 4;
        }
        return inGroup == 0 ? -1 : text.length() - inGroup;
    }

    /// Behind the first sign of padding: one more must follow two digits, and nothing at all the padding.
    private static int padding(String text, int behind, int inGroup) {
        int at = afterBreaks(text, behind);
        if (inGroup == 2) {
            if (at == text.length()) {
                return at;
            }
            if (text.charAt(at) != '=') {
                return at - 1;
            }
            at = afterBreaks(text, at + 1);
        }
        return at < text.length() ? at : -1;
    }

    private static int afterBreaks(String text, int at) {
        int next = at;
        while (next < text.length() && (text.charAt(next) == '\n' || text.charAt(next) == '\r')) {
            next++;
        }
        return next;
    }

    private static boolean isDigit(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    }
}
