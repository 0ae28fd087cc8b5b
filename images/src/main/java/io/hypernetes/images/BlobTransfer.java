package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.function.LongConsumer;

/// One blob on its way from one place into a file, hashed on the way. It goes on where it broke off as long as there is time, if only each few tries bring something. For one thread.
final class BlobTransfer {
    private final Documents.Descriptor blob;
    private final Path file;
    private final Source source;
    private final Retries retries;
    private final Duration stallTimeout;
    private final TransferTime time;
    private final LongConsumer progress;
    private final String what;
    private MessageDigest hash;
    private OutputStream out = OutputStream.nullOutputStream();
    private long done;

    /// Where the blob is.
    interface Source {
        /// @param from how many bytes are here already
        /// @return an answer of status 200, 206, or 416 if bytes are here
        HttpAnswer ask(long from) throws IOException;
    }

    /// @param file may hold the beginning
    /// @param progress told how many bytes are here
    /// @param what is brought, for messages
    BlobTransfer(Documents.Descriptor blob, Path file, Source source, Retries retries, Duration stallTimeout, TransferTime time, LongConsumer progress, String what) {
        this.blob = blob;
        this.file = file;
        this.source = source;
        this.retries = retries;
        this.stallTimeout = stallTimeout;
        this.time = time;
        this.progress = progress;
        this.what = what;
        this.hash = blob.digest().hasher();
    }

    /// @throws ImageException when it cannot be had; `file` holds a beginning then, or is gone when its content was wrong
    void run() {
        try {
            boolean resumed = Files.exists(file) && Files.size(file) > 0;
            Digest found = transferred();
            if (resumed && !found.equals(blob.digest())) { // the beginning was not what it should have been
                Files.deleteIfExists(file);
                found = transferred();
            }
            if (!found.equals(blob.digest())) {
                Files.deleteIfExists(file);
                throw Documents.forged(what, found);
            }
        } catch (IOException e) {
            throw Folders.failure(e, "storing " + what);
        }
    }

    private Digest transferred() throws IOException {
        begin();
        try {
            if (done < blob.size() || blob.size() == 0) {
                retries.until(what, () -> {
                    receive();
                    return "";
                }, () -> done);
            }
        } catch (ImageException e) {
            if (e.reason() == ImageException.Reason.CORRUPT) {
                Files.deleteIfExists(file);
            }
            throw e;
        } finally {
            out.close();
        }
        return Digest.of(blob.digest().algorithm(), hash.digest());
    }

    /// Behind what the file holds; one longer than the blob is none of its beginnings.
    private void begin() throws IOException {
        hash = blob.digest().hasher();
        done = 0;
        if (!Files.exists(file) || Files.size(file) > blob.size()) {
            out = Files.newOutputStream(file);
            return;
        }
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
                done += read;
            }
        }
        out = Files.newOutputStream(file, StandardOpenOption.APPEND);
    }

    private void receive() throws IOException {
        if (time.isOver()) {
            throw tooSlow();
        }
        try (HttpAnswer answer = source.ask(done)) {
            long from = done;
            boolean follows = answer.status() == 206 && from > 0
                    && answer.header("Content-Range").map(value -> value.startsWith("bytes " + from + "-")).orElse(true);
            if (!follows && done > 0) { // no ranges here, or another than asked for: from the start again
                out.close();
                out = Files.newOutputStream(file);
                hash = blob.digest().hasher();
                done = 0;
                if (answer.status() != 200) {
                    throw new Retries.TryLater("the registry sent another part than asked for", Duration.ZERO);
                }
            }
            receive(answer);
        }
    }

    private void receive(HttpAnswer answer) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (StallGuard guard = new StallGuard(answer.body(), stallTimeout, time.left())) {
            for (int read = guard.read(buffer); read >= 0; read = guard.read(buffer)) {
                done += read;
                time.came(read);
                if (done > blob.size()) {
                    throw Documents.corrupt(what + ": the registry sends more than the stated " + blob.size() + " bytes");
                }
                hash.update(buffer, 0, read);
                try {
                    out.write(buffer, 0, read);
                } catch (IOException e) {
                    throw Folders.failure(e, "storing " + what);
                }
                progress.accept(done);
                if (time.isOver() && done < blob.size()) {
                    throw tooSlow();
                }
            }
        } catch (IOException e) {
            if (done != blob.size()) {
                throw e;
            }
            // Nothing but the end is missing: the digest says whether this is all.
        }
        if (done < blob.size()) {
            throw new IOException("the registry ended the transfer after " + done + " of " + blob.size() + " bytes");
        }
    }

    private ImageException tooSlow() {
        return new ImageException(ImageException.Reason.UNREACHABLE, what + ": " + done + " of " + blob.size() + " bytes came in "
                + time.passed().toSeconds() + " s, and no layer may take longer; the next pull goes on from there");
    }
}
