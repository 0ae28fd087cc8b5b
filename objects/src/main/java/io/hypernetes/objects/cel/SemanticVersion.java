package io.hypernetes.objects.cel;

import java.util.Comparator;
import java.util.regex.Pattern;

/// A version by the rules of semver.org.
record SemanticVersion(long major, long minor, long patch, String prerelease) implements Comparable<SemanticVersion> {
    private static final Pattern FORM = Pattern.compile(
            "(0|[1-9]\\d{0,17})\\.(0|[1-9]\\d{0,17})\\.(0|[1-9]\\d{0,17})(?:-([0-9A-Za-z.-]{1,200}))?(?:\\+[0-9A-Za-z.-]{1,200})?");

    static SemanticVersion parse(String text) {
        var matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is not a semantic version");
        }
        String prerelease = matcher.group(4);
        return new SemanticVersion(
                Long.parseLong(matcher.group(1)),
                Long.parseLong(matcher.group(2)),
                Long.parseLong(matcher.group(3)),
                prerelease == null ? "" : prerelease);
    }

    /// Of the text that it holds, in characters.
    int length() {
        return prerelease.length();
    }

    @Override
    public int compareTo(SemanticVersion other) {
        int numbers = Comparator.comparingLong(SemanticVersion::major)
                .thenComparingLong(SemanticVersion::minor)
                .thenComparingLong(SemanticVersion::patch)
                .compare(this, other);
        if (numbers != 0 || prerelease.equals(other.prerelease)) {
            return numbers;
        }
        if (prerelease.isEmpty() || other.prerelease.isEmpty()) {
            return prerelease.isEmpty() ? 1 : -1;
        }
        String[] left = prerelease.split("\\.", -1);
        String[] right = other.prerelease.split("\\.", -1);
        for (int i = 0; i < Math.min(left.length, right.length); i++) {
            int order = identifiers(left[i], right[i]);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.length, right.length);
    }

    private static int identifiers(String a, String b) {
        boolean aNumber = a.matches("\\d{1,18}");
        boolean bNumber = b.matches("\\d{1,18}");
        if (aNumber && bNumber) {
            return Long.compare(Long.parseLong(a), Long.parseLong(b));
        }
        return aNumber == bNumber ? a.compareTo(b) : aNumber ? -1 : 1;
    }
}
