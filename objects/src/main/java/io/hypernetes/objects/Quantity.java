package io.hypernetes.objects;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An amount of a resource: a decimal number with a suffix, such as `500m`, `1.5Gi`, `2e3`. Immutable.
///
/// Values have nano precision (finer ones round up, away from zero) and are capped at 2^63-1 in magnitude. Two quantities
/// of different notation can be equal in value: use [#compareTo]; [#equals] compares value only.
public final class Quantity implements Comparable<Quantity> {
    /// The notation a quantity is written in; arithmetic keeps that of the left operand, unless it is zero.
    public enum Format {
        /// `12e6`
        DECIMAL_EXPONENT,
        /// `12Mi`
        BINARY_SI,
        /// `12M`
        DECIMAL_SI
    }

    // Before ZERO, whose making needs it.
    private static final BigDecimal MAX = new BigDecimal(Long.MAX_VALUE);

    /// Nothing.
    public static final Quantity ZERO = new Quantity(BigDecimal.ZERO, Format.DECIMAL_SI);

    private static final Pattern FORM = Pattern.compile(
            "([+-]?)([0-9]+\\.?[0-9]*|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,4})?");
    private static final String[] BINARY = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    private static final String DECIMAL = "num kMGTPE";
    private static final int MAX_LENGTH = 64;

    private final BigDecimal value;
    private final Format format;

    private Quantity(BigDecimal value, Format format) {
        this.value = bounded(value);
        this.format = format;
    }

    /// Reads a quantity.
    ///
    /// @throws IllegalArgumentException when the text is none
    public static Quantity parse(String text) {
        Matcher m = text.length() <= MAX_LENGTH ? FORM.matcher(text) : FORM.matcher("");
        if (!m.matches()) {
            throw new IllegalArgumentException("not a quantity: " + FieldError.quoted(text)
                    + " (a number, optionally followed by one of n u m k M G T P E Ki Mi Gi Ti Pi Ei or an exponent)");
        }
        String suffix = m.group(3) == null ? "" : m.group(3);
        BigDecimal number = new BigDecimal(m.group(1) + m.group(2));
        if (suffix.endsWith("i")) {
            int power = "KMGTPE".indexOf(suffix.charAt(0)) + 1;
            return new Quantity(number.multiply(new BigDecimal(BigInteger.ONE.shiftLeft(10 * power))), Format.BINARY_SI);
        }
        if (suffix.length() > 1) {
            int exponent = Integer.parseInt(suffix.substring(1).replace("+", ""));
            return new Quantity(scaled(number, exponent), Format.DECIMAL_EXPONENT);
        }
        int exponent = suffix.isEmpty() ? 0 : 3 * (DECIMAL.indexOf(suffix.charAt(0)) - 3);
        return new Quantity(scaled(number, exponent), Format.DECIMAL_SI);
    }

    /// A whole number, written without a suffix where possible.
    public static Quantity of(long value) {
        return new Quantity(BigDecimal.valueOf(value), Format.DECIMAL_SI);
    }

    /// Thousandths, as CPU is counted.
    public static Quantity ofMillis(long millis) {
        return new Quantity(BigDecimal.valueOf(millis, 3), Format.DECIMAL_SI);
    }

    /// Bytes, written with binary suffixes.
    public static Quantity ofBytes(long bytes) {
        return new Quantity(BigDecimal.valueOf(bytes), Format.BINARY_SI);
    }

    /// The exact number.
    public BigDecimal decimal() {
        return value;
    }

    /// The number rounded up to a whole one; capped at the range of long.
    public long value() {
        return value.setScale(0, RoundingMode.UP).min(MAX).max(MAX.negate()).longValueExact();
    }

    /// The thousandths rounded up; capped at the range of long.
    public long millis() {
        return value.movePointRight(3).setScale(0, RoundingMode.UP).min(MAX).max(MAX.negate()).longValueExact();
    }

    /// The notation.
    public Format format() {
        return format;
    }

    public Quantity plus(Quantity other) {
        return new Quantity(value.add(other.value), isZero() ? other.format : format);
    }

    public Quantity minus(Quantity other) {
        return new Quantity(value.subtract(other.value), isZero() ? other.format : format);
    }

    public Quantity negated() {
        return new Quantity(value.negate(), format);
    }

    public Quantity max(Quantity other) {
        return compareTo(other) >= 0 ? this : other;
    }

    /// -1, 0 or 1.
    public int signum() {
        return value.signum();
    }

    public boolean isZero() {
        return value.signum() == 0;
    }

    @Override
    public int compareTo(Quantity other) {
        return value.compareTo(other.value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Quantity q && compareTo(q) == 0;
    }

    @Override
    public int hashCode() {
        return value.stripTrailingZeros().hashCode();
    }

    /// The canonical form: no fraction, the largest suffix that allows it.
    @Override
    public String toString() {
        if (isZero()) {
            return "0";
        }
        // Binary suffixes cannot express fractions, and below 1024 they are not used.
        if (format == Format.BINARY_SI && value.abs().compareTo(BigDecimal.valueOf(1024)) >= 0 && isWhole()) {
            return binary();
        }
        return decimalForm();
    }

    /// The canonical form that reads back as itself. The two differ for bytes that no binary suffix expresses: `10562.5Ki` is
    /// `10816000`, which read again is a decimal quantity and becomes `10816k`. What is stored must not change by being read.
    public String settled() {
        return parse(toString()).toString();
    }

    private boolean isWhole() {
        return value.stripTrailingZeros().scale() <= 0;
    }

    private String binary() {
        BigInteger number = value.toBigIntegerExact();
        int power = Math.min(number.getLowestSetBit() / 10, BINARY.length - 1);
        return number.shiftRight(10 * power) + BINARY[power];
    }

    private String decimalForm() {
        BigDecimal stripped = value.stripTrailingZeros();
        int exponent = Math.floorDiv(-stripped.scale(), 3) * 3;
        int limit = format == Format.DECIMAL_EXPONENT ? Integer.MAX_VALUE : 18;
        exponent = Math.clamp(exponent, -9, limit);
        String digits = stripped.movePointLeft(exponent).toBigIntegerExact().toString();
        if (exponent == 0) {
            return digits;
        }
        if (format == Format.DECIMAL_EXPONENT) {
            return digits + "e" + exponent;
        }
        return digits + DECIMAL.charAt(exponent / 3 + 3);
    }

    private static BigDecimal scaled(BigDecimal number, int exponent) {
        // Keeps a huge exponent from building a huge number: beyond these powers the cap or the floor decides anyway.
        if (number.signum() == 0) {
            return BigDecimal.ZERO;
        }
        return number.scaleByPowerOfTen(Math.clamp(exponent, -200, 200));
    }

    private static BigDecimal bounded(BigDecimal value) {
        BigDecimal rounded = value.scale() > 9 ? value.setScale(9, RoundingMode.UP) : value;
        return rounded.min(MAX).max(MAX.negate());
    }
}
