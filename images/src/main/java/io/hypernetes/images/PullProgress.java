package io.hypernetes.images;

/// Told how a pull or load goes on; calls come from several threads and must return at once.
public interface PullProgress {

    /// A progress that nobody looks at.
    PullProgress NONE = (layer, step, doneBytes, totalBytes) -> {};

    /// @param layer short digest of the layer concerned
    /// @param totalBytes -1 when unknown
    void update(String layer, Step step, long doneBytes, long totalBytes);

    /// What happens to a layer.
    enum Step {
        DOWNLOADING,
        CONVERTING,
        READY
    }
}
