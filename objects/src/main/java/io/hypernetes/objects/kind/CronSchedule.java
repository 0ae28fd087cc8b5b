package io.hypernetes.objects.kind;

import io.hypernetes.objects.GoDuration;
import java.util.List;
import java.util.Locale;

/// The form of a cron schedule: five fields (minute, hour, day of month, month, day of week) of `*`, `?`, numbers, names, ranges, steps
/// and lists, or one of the descriptors `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and `@every DURATION`.
final class CronSchedule {
    /// Longer than any that says nothing twice; each look of the controller reads it anew.
    private static final int LONGEST = 1024;
    private static final String EVERY = "@every ";
    private static final List<String> DESCRIPTORS =
            List.of("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly");
    private static final List<Field> FIELDS = List.of(
            new Field(0, 59, List.of()),
            new Field(0, 23, List.of()),
            new Field(1, 31, List.of()),
            new Field(1, 12, List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
            new Field(0, 6, List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat")));

    private CronSchedule() {}

    /// @param names of the values from `min` on
    private record Field(int min, int max, List<String> names) {}

    /// What is wrong with a schedule; empty when nothing is.
    static String problem(String schedule) {
        if (schedule.length() > LONGEST) {
            return "must be no more than " + LONGEST + " characters";
        }
        String text = schedule.strip();
        for (String zone : List.of("TZ=", "CRON_TZ=")) {
            if (text.startsWith(zone)) {
                int space = text.indexOf(' ');
                text = space < 0 ? "" : text.substring(space).strip();
                break;
            }
        }
        if (text.startsWith("@")) {
            if (DESCRIPTORS.contains(text)) {
                return "";
            }
            return text.startsWith(EVERY) ? duration(text) : "unrecognized descriptor: " + text;
        }
        String[] fields = text.split("\\s+");
        if (fields.length != FIELDS.size()) {
            return "expected exactly 5 fields, found " + (text.isEmpty() ? 0 : fields.length) + ": [" + String.join(" ", fields) + "]";
        }
        for (int i = 0; i < fields.length; i++) {
            for (String part : fields[i].split(",", -1)) {
                String wrong = part(part, FIELDS.get(i));
                if (!wrong.isEmpty()) {
                    return wrong;
                }
            }
        }
        return "";
    }

    private static String duration(String text) {
        try {
            GoDuration.parse(text.substring(EVERY.length()));
            return "";
        } catch (IllegalArgumentException malformed) {
            return "failed to parse duration " + text + ": " + malformed.getMessage();
        }
    }

    private static String part(String part, Field field) {
        String[] step = part.split("/", -1);
        if (step.length > 2) {
            return "too many slashes: " + part;
        }
        if (step.length == 2 && number(step[1], new Field(1, Integer.MAX_VALUE, List.of())) < 0) {
            return "failed to parse int from " + step[1] + ": the step must be a positive number: " + part;
        }
        String[] range = step[0].split("-", -1);
        if (range.length > 2) {
            return "too many hyphens: " + part;
        }
        if (range.length == 1 && (range[0].equals("*") || range[0].equals("?"))) {
            return "";
        }
        long low = number(range[0], field);
        long high = number(range[range.length - 1], field);
        if (low < 0 || high < 0) {
            return "failed to parse int from " + (low < 0 ? range[0] : range[1]) + ": it must be a number or name between " + field.min()
                    + " and " + field.max() + ": " + part;
        }
        if (low < field.min()) {
            return "beginning of range (" + low + ") below minimum (" + field.min() + "): " + part;
        }
        if (high > field.max()) {
            return "end of range (" + high + ") above maximum (" + field.max() + "): " + part;
        }
        return low > high ? "beginning of range (" + low + ") beyond end of range (" + high + "): " + part : "";
    }

    /// The value of a number or name; negative when it is neither.
    private static long number(String text, Field field) {
        int named = field.names().indexOf(text.toLowerCase(Locale.ROOT));
        if (named >= 0) {
            return field.min() + (long) named;
        }
        return text.matches("[0-9]{1,9}") && !(field.min() == 1 && field.max() == Integer.MAX_VALUE && text.matches("0+"))
                ? Long.parseLong(text)
                : -1;
    }
}
