package io.hypernetes.store;

/// A commit's precondition did not hold; nothing was changed.
public final class ConflictException extends StoreException {
    private static final long serialVersionUID = 1L;

    private final String key;
    private final long revision;

    /// @param key the key or prefix concerned
    /// @param revision the revision the key has now, 0 when it does not exist
    public ConflictException(String key, long revision, String message) {
        super(message);
        this.key = key;
        this.revision = revision;
    }

    /// The key or prefix concerned.
    public String key() {
        return key;
    }

    /// The revision the key has now, 0 when it does not exist.
    public long revision() {
        return revision;
    }
}
