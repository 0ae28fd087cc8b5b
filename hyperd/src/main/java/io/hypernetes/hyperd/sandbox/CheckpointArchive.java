package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A checkpoint as one file: a tar archive of its three files, holes kept as holes, written and read by the host's `tar`. Whoever restores one
/// trusts it as a backup is trusted: it says which processes go on and which image layers they see.
final class CheckpointArchive {
    private static final Duration UNPACK = Duration.ofMinutes(10);
    private static final int MOST_COMPLAINT = 2_000;

    private CheckpointArchive() {}

    /// Puts the archive at its place as a whole and on disk, or not at all; until then it is beside it as `….part`.
    ///
    /// @param files of the checkpoint, in `folder`
    /// @param limit for all of it
    /// @throws HyperdException when it takes longer, or `tar` refuses
    static void pack(Path folder, List<String> files, Path location, Duration limit) throws IOException {
        Path part = location.resolveSibling(location.getFileName() + ".part");
        Files.deleteIfExists(part);
        Files.createFile(part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            List<String> command = new ArrayList<>(List.of(
                    "tar", "--create", "--sparse", "--format=gnu", "--file=" + part, "--force-local", "--directory=" + folder, "--"));
            command.addAll(files);
            run(command, limit, "written");
            try (FileChannel written = FileChannel.open(part, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Files.move(part, location, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
        Path parent = location.getParent();
        if (parent != null) {
            io.hypernetes.linux.Descriptors.syncFolder(parent);
        }
    }

    /// Takes the named files out of an archive, and nothing else that may be in it; they are on disk then.
    ///
    /// @throws HyperdException when it lacks one, or has something else than a file under its name
    static void unpack(Path archive, List<String> files, Path folder) throws IOException {
        if (!Files.isRegularFile(archive)) {
            throw HyperdException.notFound("There is no archive " + archive + " on this node.");
        }
        List<String> command = new ArrayList<>(List.of(
                "tar", "--extract", "--sparse", "--no-same-owner", "--no-same-permissions", "--file=" + archive, "--force-local", "--directory=" + folder, "--"));
        command.addAll(files);
        run(command, UNPACK, "read");
        for (String file : files) {
            Path one = folder.resolve(file);
            if (!Files.isRegularFile(one, LinkOption.NOFOLLOW_LINKS)) {
                throw HyperdException.invalid("The archive " + archive + " is no checkpoint: its " + file + " is no file.");
            }
            try (FileChannel written = FileChannel.open(one, StandardOpenOption.WRITE)) {
                written.force(true);
            }
        }
    }

    private static void run(List<String> command, Duration limit, String done) throws IOException {
        Path complaints = Files.createTempFile("checkpoint-archive-", ".err");
        Process tar = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(complaints.toFile()).start();
        try {
            tar.getOutputStream().close();
            if (!tar.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new HyperdException(HyperdException.Kind.TIMEOUT, "The archive could not be " + done + " within " + limit.toSeconds() + " s; give it more time.");
            }
            if (tar.exitValue() != 0) {
                String said = new String(Files.readAllBytes(complaints), StandardCharsets.UTF_8).strip();
                throw new HyperdException(
                        HyperdException.Kind.UNAVAILABLE,
                        "The archive could not be " + done + " by tar: " + said.substring(0, Math.min(said.length(), MOST_COMPLAINT)));
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "The archive was not " + done + ": hyperd is stopping or the caller went away.", stopping);
        } finally {
            tar.destroyForcibly();
            Files.deleteIfExists(complaints);
        }
    }
}
