package io.hypernetes.hyperd.container;

import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/// Names and numbers of Linux signals on x86-64.
public final class Signals {
    public static final int KILL = 9;
    public static final int TERM = 15;

    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1), Map.entry("INT", 2), Map.entry("QUIT", 3), Map.entry("ILL", 4), Map.entry("TRAP", 5),
            Map.entry("ABRT", 6), Map.entry("IOT", 6), Map.entry("BUS", 7), Map.entry("FPE", 8), Map.entry("KILL", 9),
            Map.entry("USR1", 10), Map.entry("SEGV", 11), Map.entry("USR2", 12), Map.entry("PIPE", 13),
            Map.entry("ALRM", 14), Map.entry("TERM", 15), Map.entry("STKFLT", 16), Map.entry("CHLD", 17),
            Map.entry("CLD", 17), Map.entry("CONT", 18), Map.entry("STOP", 19), Map.entry("TSTP", 20),
            Map.entry("TTIN", 21), Map.entry("TTOU", 22), Map.entry("URG", 23), Map.entry("XCPU", 24),
            Map.entry("XFSZ", 25), Map.entry("VTALRM", 26), Map.entry("PROF", 27), Map.entry("WINCH", 28),
            Map.entry("IO", 29), Map.entry("POLL", 29), Map.entry("PWR", 30), Map.entry("SYS", 31),
            Map.entry("RTMIN", 34), Map.entry("RTMAX", 64));

    private Signals() {}

    /// The number of a signal written as `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3` or `SIGRTMINPLUS3`; empty when it is none.
    public static OptionalInt number(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        if (!name.isEmpty() && name.length() <= 2 && name.chars().allMatch(Character::isDigit)) {
            int number = Integer.parseInt(name);
            return number >= 1 && number <= 64 ? OptionalInt.of(number) : OptionalInt.empty();
        }
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        name = name.replace("PLUS", "+").replace("MINUS", "-");
        int sign = Math.max(name.indexOf('+'), name.indexOf('-'));
        String base = sign > 0 ? name.substring(0, sign) : name;
        Integer number = NUMBERS.get(base);
        if (number == null) {
            return OptionalInt.empty();
        }
        if (sign < 0) {
            return OptionalInt.of(number);
        }
        String steps = name.substring(sign + 1);
        if (!base.startsWith("RT") || steps.isEmpty() || steps.length() > 2 || !steps.chars().allMatch(Character::isDigit)) {
            return OptionalInt.empty();
        }
        int moved = number + (name.charAt(sign) == '+' ? 1 : -1) * Integer.parseInt(steps);
        return moved >= 34 && moved <= 64 ? OptionalInt.of(moved) : OptionalInt.empty();
    }
}
