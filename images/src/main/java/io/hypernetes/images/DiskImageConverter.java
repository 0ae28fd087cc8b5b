package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/// Turns layer blobs into squashfs files.
///
/// The tar is taken apart and cleaned in this process; `sqfstar` gets the clean one on its standard input. Under root it runs as
/// nobody, in its own pid, network and ipc namespaces, without capabilities, its memory, time and file size limited. It reaches
/// the one folder it may write by being started in it.
final class DiskImageConverter {
    private static final String FILE = "layer.sqsh";
    private static final String NOBODY = "65534";
    private static final int MOST_ROUNDS = 3;
    private static final long ALWAYS_UNPACKED = 256L << 20;
    private static final long MEMORY_MIB = 128;
    /// What `sqfstar` may hold back of what it was given: what it keeps in memory, with room for tables.
    private static final long HELD_BACK = (MEMORY_MIB + 32) << 20;
    private static final long STEP = 1 << 20;

    private final ImageSettings settings;
    private final Path work;
    private final NativeZstd zstd;
    private final String program;

    /// @param work an existing folder for half-made files
    DiskImageConverter(ImageSettings settings, Path work, NativeZstd zstd) {
        this(settings, work, zstd, "sqfstar");
    }

    /// @param program what is run in the place of `sqfstar`, with the same arguments
    DiskImageConverter(ImageSettings settings, Path work, NativeZstd zstd, String program) {
        this.program = program;
        this.settings = settings;
        this.work = work;
        this.zstd = zstd;
    }

    /// @param folder for the caller to delete
    /// @param file the squashfs file in it, synced, for the caller to move
    /// @param coversRoot whether the layer hides all below it
    record Converted(Path folder, Path file, Digest diffId, boolean coversRoot) {}

    /// Opens the blob anew; conversion may have to read it twice.
    interface Blob {
        InputStream open() throws IOException;
    }

    /// Converts one layer.
    ///
    /// @throws ImageException CORRUPT when the layer is not what it should be, NO_SPACE when the disk is full
    ///
    /// @param blobBytes length of the blob: what unpacks to a multiple beyond reason is no layer
    /// @param space asked for room before and while the disk is written, as nobody knows its size before
    Converted convert(String layer, long blobBytes, Blob blob, DiskLayers.Space space) {
        long most = mostUnpacked(blobBytes);
        try {
            Set<Integer> skipped = new HashSet<>();
            for (int round = 0; round < MOST_ROUNDS; round++) {
                Path folder = Files.createTempDirectory(work, "convert-");
                boolean kept = false;
                Feed feed = new Feed(folder.resolve("out").resolve(FILE));
                try (DiskLayers.Room room = space.reserve("converting layer " + layer, feed.missing(), feed::missing)) {
                    Attempt attempt = attempt(most, blob, skipped, folder, feed.in(room));
                    if (attempt.superseded.isEmpty()) {
                        Converted made = new Converted(folder, finished(folder), attempt.diffId, attempt.coversRoot);
                        kept = true;
                        return made;
                    }
                    skipped.addAll(attempt.superseded);
                } finally {
                    if (!kept) {
                        Folders.delete(folder);
                    }
                }
            }
            throw new ImageException(ImageException.Reason.CORRUPT,
                    "layer " + layer + " replaces its own files in a way that cannot be followed");
        } catch (IOException e) {
            throw Folders.failure(e, "converting layer " + layer);
        }
    }

    /// What a layer is called by what it unpacks to, without a disk made of it.
    Digest diffId(String layer, long blobBytes, Blob blob) {
        try (InputStream opened = blob.open();
                LayerStream tar = LayerStream.over(opened, mostUnpacked(blobBytes), zstd)) {
            return tar.finish();
        } catch (IOException e) {
            throw Folders.failure(e, "unpacking layer " + layer);
        }
    }

    private long mostUnpacked(long blobBytes) {
        return Math.min(settings.limits().unpackedBytes(), Math.max(ALWAYS_UNPACKED, blobBytes * settings.limits().ratio()));
    }

    private record Attempt(Digest diffId, Set<Integer> superseded, boolean coversRoot) {}

    /// What is given to `sqfstar`, and what of that may still come on the disk. It compresses, but nobody knows how well.
    private static final class Feed {
        private final Path file;
        private volatile long given = STEP;

        Feed(Path file) {
            this.file = file;
        }

        long missing() {
            return Math.clamp(given - Folders.sizeOf(file), 0, HELD_BACK);
        }

        UnaryOperator<OutputStream> in(DiskLayers.Room room) {
            return out -> new FilterOutputStream(out) {
                private long written;

                @Override
                public void write(int value) throws IOException {
                    write(new byte[] {(byte) value}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    if (written + length > given) {
                        given = written + length + STEP;
                        room.check();
                    }
                    out.write(bytes, from, length);
                    written += length;
                }
            };
        }
    }

    private Attempt attempt(long most, Blob blob, Set<Integer> skipped, Path folder, UnaryOperator<OutputStream> feed) throws IOException {
        Path messages = folder.resolve("messages");
        Path output = Files.createDirectory(folder.resolve("out"), PosixFilePermissions.asFileAttribute(
                PosixFilePermissions.fromString("rwx------")));
        boolean root = isRoot();
        if (root) {
            Files.setOwner(output, output.getFileSystem().getUserPrincipalLookupService()
                    .lookupPrincipalByName("nobody"));
        }
        Process process = new ProcessBuilder(command(root))
                .directory(output.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(messages.toFile())
                .start();
        Thread watchdog = Thread.startVirtualThread(() -> killLate(process));
        try (InputStream opened = blob.open();
                LayerStream tar = LayerStream.over(opened, most, zstd)) {
            LayerSanitiser sanitiser;
            try (OutputStream out = new BufferedOutputStream(feed.apply(process.getOutputStream()), 1 << 16)) {
                sanitiser = new LayerSanitiser(settings.limits(), skipped, out);
                sanitiser.run(tar);
            } catch (IOException e) {
                // A converter that gave up shows itself as a broken pipe here; its own words say more.
                process.getOutputStream().close();
                if (!waitFor(process, 5) || process.exitValue() != 0) {
                    String said = said(messages);
                    throw said.isEmpty() || e instanceof TooLargeException ? e : new IOException(e.getMessage() + "; the converter said: " + said, e);
                }
                throw e;
            }
            Digest diffId = tar.finish();
            if (!waitFor(process, settings.limits().conversionTimeout().toSeconds()) || process.exitValue() != 0) {
                throw new IOException("sqfstar failed with " + (process.isAlive() ? "no end in sight" : "status " + process.exitValue())
                        + ": " + said(messages));
            }
            return new Attempt(diffId, sanitiser.superseded(), sanitiser.coversRoot());
        } finally {
            process.destroyForcibly();
            watchdog.interrupt();
        }
    }

    private List<String> command(boolean root) {
        List<String> command = new ArrayList<>();
        if (root) {
            command.addAll(List.of("unshare", "--pid", "--fork", "--kill-child=KILL", "--net", "--ipc",
                    "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--no-new-privs",
                    "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL"));
        }
        command.addAll(List.of("prlimit", "--as=" + (2L << 30), "--fsize=" + (settings.limits().unpackedBytes() + (1L << 30)),
                "--cpu=" + settings.limits().conversionTimeout().toSeconds(), "--core=0", "--nofile=64",
                program, "-comp", "lz4", "-no-progress", "-quiet", "-exit-on-error", "-processors", "2", "-mem", MEMORY_MIB + "M",
                "-mkfs-time", "0", "-root-mode", "0755", "-root-time", "0", FILE));
        return command;
    }

    /// Makes the file root's own and read-only, whole and on the disk.
    private static Path finished(Path folder) throws IOException {
        Path made = folder.resolve("out").resolve(FILE);
        Path own = folder.resolve(FILE);
        if (!Files.isRegularFile(made, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("sqfstar left no file");
        }
        Files.move(made, own);
        if (isRoot()) {
            Files.setOwner(own, own.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("root"));
        }
        try (FileChannel channel = FileChannel.open(own, StandardOpenOption.WRITE)) {
            long length = channel.size();
            if (length % 4096 != 0) { // a guest's block device has whole pages
                channel.write(java.nio.ByteBuffer.allocate((int) (4096 - length % 4096)), length);
            }
            channel.force(true);
        }
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("r--r--r--"));
        return own;
    }

    private void killLate(Process process) {
        try {
            if (!process.waitFor(settings.limits().conversionTimeout().toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            // The conversion is over.
        }
    }

    private static boolean waitFor(Process process, long seconds) throws IOException {
        try {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the layer was converted", e);
        }
    }

    private static String said(Path messages) throws IOException {
        try (InputStream in = Files.newInputStream(messages)) {
            return Text.shortened(new String(in.readNBytes(4096), UTF_8));
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
