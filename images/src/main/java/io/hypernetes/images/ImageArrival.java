package io.hypernetes.images;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// How the parts of an image come: its layers side by side, and its documents. Whoever calls holds what is to stay. Safe for use by many threads.
final class ImageArrival {
    private final DiskLayers layers;
    private final Blobs blobs;
    private final boolean keepsBlobs;

    /// @param keepsBlobs whether manifests and layers are kept as they came, beside what was made of them
    ImageArrival(DiskLayers layers, Blobs blobs, boolean keepsBlobs) {
        this.layers = layers;
        this.blobs = blobs;
        this.keepsBlobs = keepsBlobs;
    }

    /// All layers at a time as far as the limits allow; the first failure ends the others.
    ///
    /// @param requester whom it is for
    void bring(List<ImageSource.Layer> sources, List<String> diffIds, Requester requester, Claimant claimant, PullProgress progress)
            throws InterruptedException {
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                ImageSource.Layer layer = sources.get(i);
                String diffId = diffIds.get(i);
                running.add(threads.submit(() -> {
                    layers.ensure(diffId, layer, requester, claimant, progress);
                    return null;
                }));
            }
            for (Future<?> layer : running) {
                layer.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ImageException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            threads.shutdownNow();
            threads.close(); // the hold must outlast every thread that uses it
        }
    }

    /// Has what came stay as it came, where that is wished for.
    ///
    /// @return digests of what stays
    TreeSet<String> keep(ImageSource source, List<Digest> digests, Claimant claimant) throws IOException {
        TreeSet<String> kept = new TreeSet<>();
        if (keepsBlobs) {
            for (ImageSource.Document document : source.documents()) {
                blobs.put(document.digest(), document.content());
                kept.add(document.digest().toString());
            }
            blobs.keep(digests, claimant);
            digests.forEach(digest -> kept.add(digest.toString()));
        } else {
            blobs.dropIncoming(digests, claimant);
        }
        return kept;
    }
}
