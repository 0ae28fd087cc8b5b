package io.hypernetes.hyperd.sandbox;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;

/// Amounts of bytes as Kubernetes writes them: `1048576`, `64Mi`, `1.5G`.
public final class Bytes {
    private static final Map<String, BigDecimal> UNITS = Map.ofEntries(
            Map.entry("", BigDecimal.ONE),
            Map.entry("k", BigDecimal.TEN.pow(3)),
            Map.entry("M", BigDecimal.TEN.pow(6)),
            Map.entry("G", BigDecimal.TEN.pow(9)),
            Map.entry("T", BigDecimal.TEN.pow(12)),
            Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
            Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
            Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
            Map.entry("Ti", BigDecimal.valueOf(1L << 40)));

    private Bytes() {}

    /// The amount, rounded up; 0 for an empty text.
    ///
    /// @throws NumberFormatException when it is no amount, negative, or larger than a long
    public static long parse(String text) {
        if (text.isEmpty()) {
            return 0;
        }
        int end = text.length();
        while (end > 0 && Character.isLetter(text.charAt(end - 1))) {
            end--;
        }
        BigDecimal unit = UNITS.get(text.substring(end));
        // Digits only: an exponent could ask for a number that fills the memory.
        boolean plain = text.substring(0, end).chars().allMatch(c -> c == '.' || Character.isDigit(c));
        if (unit == null || end == 0 || end > 30 || !plain) {
            throw new NumberFormatException("`" + text + "` is no amount of bytes; write it as 1048576 or 64Mi");
        }
        BigDecimal amount = new BigDecimal(text.substring(0, end)).multiply(unit).setScale(0, RoundingMode.UP);
        if (amount.signum() < 0 || amount.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new NumberFormatException("`" + text + "` is out of range");
        }
        return amount.longValue();
    }
}
