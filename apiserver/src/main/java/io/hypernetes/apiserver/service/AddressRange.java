package io.hypernetes.apiserver.service;

import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/// A range of IPv4 addresses for services, such as `10.96.0.0/12`. Its first and last address are never given.
public record AddressRange(int network, int prefixLength) {
    /// How far into the range pods find the API server, by custom.
    public static final int API_SERVER = 1;

    /// How far into the range pods find their name server, by custom.
    public static final int NAME_SERVER = 10;

    private static final int SMALLEST_PREFIX = 8;
    private static final int LONGEST_PREFIX = 29;
    private static final int LARGEST_LOWER_PART = 256;

    public AddressRange {
        if (prefixLength < SMALLEST_PREFIX || prefixLength > LONGEST_PREFIX) {
            throw new IllegalArgumentException("a range of service addresses has a prefix of 8 to 29 bits, not " + prefixLength);
        }
        network &= -1 << (32 - prefixLength);
    }

    /// Reads `ADDRESS/LENGTH`.
    ///
    /// @throws IllegalArgumentException when the text is no such range
    public static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,2}")) {
            throw new IllegalArgumentException("\"" + text + "\" is no address range such as 10.96.0.0/12");
        }
        return new AddressRange(number(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    }

    private static int number(String text) {
        var parts = text.split("\\.", -1);
        int number = 0;
        for (var part : parts) {
            if (parts.length != 4 || !part.matches("[0-9]{1,3}") || Integer.parseInt(part) > 255) {
                throw new IllegalArgumentException("\"" + text + "\" is no IPv4 address");
            }
            number = number << 8 | Integer.parseInt(part);
        }
        return number;
    }

    private static String text(int number) {
        return (number >>> 24) + "." + (number >>> 16 & 255) + "." + (number >>> 8 & 255) + "." + (number & 255);
    }

    /// The address so many beyond the range's own.
    ///
    /// @throws IllegalArgumentException when no service can have it
    public String at(int offset) {
        if (offset <= 0 || offset >= size() - 1) {
            throw new IllegalArgumentException("the range of service addresses " + this + " is too small to hold number " + offset);
        }
        return text(network + offset);
    }

    private int size() {
        return 1 << (32 - prefixLength);
    }

    /// How many addresses from the beginning on are left to those who ask for a certain one.
    private int lowerPart() {
        return Math.min(Math.max(16, size() / 16), Math.min(LARGEST_LOWER_PART, size() / 2));
    }

    /// Whether some address is in this range and in another, which need not be one of services.
    ///
    /// @param other as `ADDRESS/LENGTH`
    /// @throws IllegalArgumentException when that is no range of IPv4 addresses
    public boolean overlaps(String other) {
        int slash = other.indexOf('/');
        if (slash < 0 || !other.substring(slash + 1).matches("[0-9]|[12][0-9]|3[0-2]")) {
            throw new IllegalArgumentException("\"" + other + "\" is no address range such as 10.88.0.0/16");
        }
        int length = Math.min(prefixLength, Integer.parseInt(other.substring(slash + 1)));
        int mask = length == 0 ? 0 : -1 << (32 - length);
        return (network & mask) == (number(other.substring(0, slash)) & mask);
    }

    /// Whether an address may be given.
    public boolean contains(String address) {
        try {
            int number = number(address);
            int offset = number - network;
            return (number & -1 << (32 - prefixLength)) == network && offset != 0 && offset != size() - 1;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// An address of the upper part by chance.
    String upper(RandomGenerator random) {
        return text(network + random.nextInt(lowerPart(), size() - 1));
    }

    /// The first address that is free, the upper part first.
    Optional<String> firstFree(Predicate<String> free) {
        for (int i = lowerPart(); i < size() - 1; i++) {
            if (free.test(text(network + i))) {
                return Optional.of(text(network + i));
            }
        }
        for (int i = 1; i < lowerPart(); i++) {
            if (free.test(text(network + i))) {
                return Optional.of(text(network + i));
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return text(network) + "/" + prefixLength;
    }
}
