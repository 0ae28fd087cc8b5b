package io.hypernetes.store.embedded;

/// A key that is looked for among others, each of which is compared with it. In the order of [Utf8Order], but as fast as `String.compareTo` where that is
/// the same: a key without surrogates and what comes after them is never one of the two between which the orders differ.
record Sought(String key, boolean plain) {
    Sought(String key) {
        this(key, isPlain(key));
    }

    /// How another key stands to this one: negative when it comes before.
    int order(String other) {
        return plain ? other.compareTo(key) : Utf8Order.compare(other, key);
    }

    private static boolean isPlain(String key) {
        for (int i = 0; i < key.length(); i++) {
            if (key.charAt(i) >= Character.MIN_SURROGATE) {
                return false;
            }
        }
        return true;
    }
}
