package io.hypernetes.objects.crd;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/// Formats that kube-openapi's `strfmt/default.go` knows from expressions and sums: names of hosts and mailboxes, colours, books and cards.
final class MoreFormats {
    private static final String SIGN = "a-zA-Z0-9\\p{S}\\p{L}";
    /// One label, or several of which the last has letters only.
    private static final Pattern HOST = Pattern.compile(
            "[" + SIGN + "](?:-?[" + SIGN + "]{0,62})?|(?:[" + SIGN + "](?:[-" + SIGN + "]{0,61}[" + SIGN + "])?\\.)+[a-zA-Z\\p{L}]{2,63}");
    private static final int LONGEST_HOST = 255;
    private static final int LONGEST_LABEL = 63;

    /// What net/mail of Go takes for one address, without comments: with a name before it in brackets, or alone.
    private static final String ATOM = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10FFFF}]++";
    private static final String ATOMS = ATOM + "(?:\\." + ATOM + ")*+";
    private static final String QUOTED = "\"(?:[^\"\\\\\\p{Cntrl}]|\\\\[^\\p{Cntrl}])*+\"";
    private static final String MAILBOX = "(?:" + ATOMS + "|" + QUOTED + ")@" + ATOMS;
    private static final String WORD = "(?:[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10FFFF}]++|" + QUOTED + ")";
    private static final Pattern MAIL = Pattern.compile(
            "[ \\t]*+(?:" + MAILBOX + "|(?:" + WORD + "(?:[ \\t]++" + WORD + ")*+[ \\t]*+)?<" + MAILBOX + ">)[ \\t]*+");
    private static final int LONGEST_MAIL = 2048;

    private static final String PART = "\\s*(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*";
    private static final Pattern COLOUR = Pattern.compile("rgb\\(" + PART + "," + PART + "," + PART + "\\)");
    private static final Pattern SHORT_BOOK = Pattern.compile("[0-9]{9}[0-9X]");
    private static final Pattern LONG_BOOK = Pattern.compile("[0-9]{13}");
    private static final Pattern CARD = Pattern.compile("4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
            + "|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11}|6[27][0-9]{14}");
    private static final int LONGEST_NUMBER = 1024;

    private MoreFormats() {}

    static boolean isHost(String text) {
        return text.length() <= LONGEST_HOST
                && bytes(text) <= LONGEST_HOST
                && HOST.matcher(text).matches()
                && List.of(text.split("\\.", -1)).stream().allMatch(label -> bytes(label) <= LONGEST_LABEL);
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    static boolean isMail(String text) {
        return text.length() <= LONGEST_MAIL && MAIL.matcher(text).matches();
    }

    static boolean isColour(String text) {
        return text.length() <= LONGEST_NUMBER && COLOUR.matcher(text).matches();
    }

    /// The number of a book, of ten signs, of which the last may be an X.
    static boolean isShortBook(String text) {
        String number = text.length() > LONGEST_NUMBER ? "" : text.replaceAll("[\\s-]+", "");
        if (!SHORT_BOOK.matcher(number).matches()) {
            return false;
        }
        int sum = number.endsWith("X") ? 100 : 10 * (number.charAt(9) - '0');
        for (int i = 0; i < 9; i++) {
            sum += (i + 1) * (number.charAt(i) - '0');
        }
        return sum % 11 == 0;
    }

    /// The number of a book, of thirteen digits.
    static boolean isLongBook(String text) {
        String number = text.length() > LONGEST_NUMBER ? "" : text.replaceAll("[\\s-]+", "");
        if (!LONG_BOOK.matcher(number).matches()) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < 13; i++) {
            sum += (i % 2 == 0 ? 1 : 3) * (number.charAt(i) - '0');
        }
        return sum % 10 == 0;
    }

    /// The number of a card, whatever stands between its digits; every second digit from behind counts twice.
    static boolean isCard(String text) {
        String number = text.length() > LONGEST_NUMBER ? "" : text.replaceAll("[^0-9]+", "");
        if (!CARD.matcher(number).matches()) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < number.length(); i++) {
            int digit = number.charAt(number.length() - 1 - i) - '0';
            int counted = i % 2 == 0 ? digit : 2 * digit;
            sum += counted > 9 ? counted - 9 : counted;
        }
        return sum % 10 == 0;
    }
}
