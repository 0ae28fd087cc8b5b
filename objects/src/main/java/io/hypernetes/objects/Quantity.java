package io.hypernetes.objects;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

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

    private static final String[] BINARY = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    private static final String DECIMAL = "num kMGTPE";
    /// The place of no suffix among them.
    private static final int ONES = 3;
    private static final int MAX_LENGTH = 64;
    private static final int MAX_EXPONENT_DIGITS = 4;

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
        int end = text.length() <= MAX_LENGTH ? endOfNumber(text) : 0;
        if (end > 0) {
            BigDecimal number = new BigDecimal(text.substring(0, end));
            String suffix = text.substring(end);
            int binary = suffix.length() == 2 && suffix.charAt(1) == 'i' ? "KMGTPE".indexOf(suffix.charAt(0)) + 1 : 0;
            if (binary > 0) {
                return new Quantity(number.multiply(new BigDecimal(BigInteger.ONE.shiftLeft(10 * binary))), Format.BINARY_SI);
            }
            int decimal = suffix.isEmpty() ? ONES : suffix.length() == 1 && !suffix.equals(" ") ? DECIMAL.indexOf(suffix) : -1;
            if (decimal >= 0) {
                return new Quantity(scaled(number, 3 * (decimal - ONES)), Format.DECIMAL_SI);
            }
            if (isExponent(suffix)) {
                return new Quantity(scaled(number, Integer.parseInt(suffix, 1, suffix.length(), 10)), Format.DECIMAL_EXPONENT);
            }
        }
        throw new IllegalArgumentException("not a quantity: " + FieldError.quoted(text)
                + " (a number, optionally followed by one of n u m k M G T P E Ki Mi Gi Ti Pi Ei or an exponent)");
    }

    /// Where the number at the beginning ends, `[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)`; 0 when there is none. Each create reads quantities several times, and a
    /// pattern takes most of that.
    private static int endOfNumber(String text) {
        int from = !text.isEmpty() && isSign(text.charAt(0)) ? 1 : 0;
        int whole = afterDigits(text, from);
        if (whole == text.length() || text.charAt(whole) != '.') {
            return whole > from ? whole : 0;
        }
        int end = afterDigits(text, whole + 1);
        return end > from + 1 ? end : 0;
    }

    /// Whether it is `[eE][+-]?[0-9]{1,4}`.
    private static boolean isExponent(String suffix) {
        int from = suffix.length() > 1 && isSign(suffix.charAt(1)) ? 2 : 1;
        return (suffix.charAt(0) == 'e' || suffix.charAt(0) == 'E')
                && suffix.length() > from
                && suffix.length() <= from + MAX_EXPONENT_DIGITS
                && afterDigits(suffix, from) == suffix.length();
    }

    private static int afterDigits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }

    private static boolean isSign(char c) {
        return c == '+' || c == '-';
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
        String text = toString();
        return format == Format.BINARY_SI && !text.endsWith("i") ? parse(text).toString() : text;
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
        return digits + DECIMAL.charAt(exponent / 3 + ONES);
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
