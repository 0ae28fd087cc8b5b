package io.hypernetes.store.embedded;

/// The order of keys: that of their UTF-8 bytes, which is the order in which the disk gives them back.
///
/// `String.compareTo` differs from it where surrogate pairs (code points above U+FFFF) meet U+E000 to U+FFFF.
final class Utf8Order {
    private Utf8Order() {}

    static int compare(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        for (int i = 0; i < shorter; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // A surrogate stands for a code point above every other char.
                boolean xLast = Character.isSurrogate(x);
                return xLast == Character.isSurrogate(y) ? x - y : xLast ? 1 : -1;
            }
        }
        return a.length() - b.length();
    }

    /// Whether every surrogate in `key` has its partner; without that a key has no UTF-8 form.
    static boolean isWellFormed(String key) {
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == key.length()
                        || !Character.isLowSurrogate(key.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
