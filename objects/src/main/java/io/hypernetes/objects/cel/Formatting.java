package io.hypernetes.objects.cel;

import io.hypernetes.objects.Json;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;

/// `'%s has %d'.format([name, count])`.
final class Formatting {
    private static final int MOST_DIGITS = 100;

    private Formatting() {}

    static String format(String pattern, List<?> arguments) {
        StringBuilder out = new StringBuilder();
        int next = 0;
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            int precision = -1;
            if (++i < pattern.length() && pattern.charAt(i) == '.') {
                int start = ++i;
                while (i < pattern.length() && Character.isDigit(pattern.charAt(i))) {
                    i++;
                }
                precision = i > start && i - start <= 3 ? Integer.parseInt(pattern.substring(start, i)) : MOST_DIGITS + 1;
                if (precision > MOST_DIGITS) {
                    throw new IllegalArgumentException("the precision must be a number up to " + MOST_DIGITS);
                }
            }
            if (i >= pattern.length()) {
                throw new IllegalArgumentException("unexpected end of string");
            }
            char verb = pattern.charAt(i);
            if (verb == '%') {
                out.append('%');
                continue;
            }
            if (next >= arguments.size()) {
                throw new IllegalArgumentException("index " + next + " out of range");
            }
            out.append(one(verb, precision, arguments.get(next++)));
        }
        return out.toString();
    }

    private static String one(char verb, int precision, Object value) {
        return switch (verb) {
            case 's' -> text(value);
            case 'd' -> value instanceof Long number ? Long.toString(number) : text(value);
            case 'f' -> new BigDecimal(number(value)).setScale(precision < 0 ? 6 : precision, RoundingMode.HALF_EVEN).toPlainString();
            case 'e' -> String.format(Locale.ROOT, "%." + (precision < 0 ? 6 : precision) + "e", number(value));
            case 'b' -> value instanceof Boolean flag ? (flag ? "1" : "0") : Long.toBinaryString(whole(value));
            case 'o' -> Long.toOctalString(whole(value));
            case 'x' -> hex(value);
            case 'X' -> hex(value).toUpperCase(Locale.ROOT);
            default -> throw new IllegalArgumentException("unrecognized formatting clause \"" + verb + "\"");
        };
    }

    private static String hex(Object value) {
        return value instanceof String text
                ? java.util.HexFormat.of().formatHex(text.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                : Long.toHexString(whole(value));
    }

    private static double number(Object value) {
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException("a number is wanted, not " + text(value));
    }

    private static long whole(Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw new IllegalArgumentException("a whole number is wanted, not " + text(value));
    }

    /// A value as text.
    static String text(Object value) {
        return switch (value) {
            case String text -> text;
            case List<?> list -> Json.print(new Unfolding().json(list));
            case java.util.Map<?, ?> map -> Json.print(new Unfolding().json(map));
            case java.time.Duration duration -> duration.toNanos() / 1e9 + "s";
            default -> String.valueOf(value);
        };
    }
}
