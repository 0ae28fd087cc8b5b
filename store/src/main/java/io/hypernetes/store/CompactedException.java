package io.hypernetes.store;

/// The history asked for is no longer kept.
public final class CompactedException extends StoreException {
    private static final long serialVersionUID = 1L;

    private final String key;
    private final long revision;

    /// @param key the key or prefix concerned
    /// @param revision the oldest revision from which history is kept
    public CompactedException(String key, long revision, String message) {
        super(message);
        this.key = key;
        this.revision = revision;
    }

    /// The key or prefix concerned.
    public String key() {
        return key;
    }

    /// The oldest revision from which history is kept.
    public long revision() {
        return revision;
    }
}
