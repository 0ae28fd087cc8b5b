package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobsTest {
    private static final byte[] CONTENT = "content".getBytes(UTF_8);
    private static final Digest DIGEST = Digest.sha256(CONTENT);
    private static final Claimant ONE = new Claimant("uid 1");
    private static final Claimant TWO = new Claimant("uid 2");

    @TempDir
    Path folder;

    private Blobs blobs;

    @BeforeEach
    void open() throws IOException {
        blobs = new Blobs(folder);
    }

    private void bring(Claimant claimant, byte[] content) throws IOException {
        blobs.bring(new ImageSource.Layer("layer", CONTENT.length, DIGEST, "registry.example", file -> {
            try {
                Files.write(file, content);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }), claimant);
    }

    private long incoming() throws IOException {
        try (var files = Files.list(folder.resolve("incoming"))) {
            return files.count();
        }
    }

    /// Whoever serves a byte of each of many layers fills no disk, but may take all files that it can have.
    @Test
    void brokenTransfersAreNotKeptInAnyNumber() throws IOException {
        DiskLayers.Hold held = blobs.hold(List.of(DIGEST));
        Files.writeString(folder.resolve("incoming/sha256-" + DIGEST.hex() + ".x.7.part"), "c");
        for (int i = 0; i < Blobs.MOST_INCOMING + 50; i++) {
            Files.writeString(folder.resolve("incoming/sha256-" + Digest.sha256(("" + i).getBytes(UTF_8)).hex() + ".x.7.part"), "c");
        }
        blobs.sweepIncoming(java.time.Instant.EPOCH, Long.MAX_VALUE);
        assertThat(incoming()).isEqualTo(Blobs.MOST_INCOMING);
        assertThat(folder.resolve("incoming/sha256-" + DIGEST.hex() + ".x.7.part")).exists();
        held.close();
    }

    @Test
    void whatIsNotToStayGoesWithTheLastWhoeverThatIs() throws IOException {
        DiskLayers.Hold first = blobs.hold(List.of(DIGEST));
        DiskLayers.Hold second = blobs.hold(List.of(DIGEST));
        bring(ONE, CONTENT);
        bring(TWO, CONTENT);
        blobs.dropIncoming(List.of(DIGEST), ONE);
        first.close();
        assertThat(incoming()).isEqualTo(2);
        blobs.dropIncoming(List.of(DIGEST), TWO);
        second.close();
        assertThat(incoming()).isZero();
    }

    @Test
    void theOperatorForgetsADamagedOneOfAnybodyToo() throws IOException {
        bring(Claimant.ANYBODY, "damaged".getBytes(UTF_8));
        assertThat(blobs.has(DIGEST, Claimant.OPERATOR)).isTrue();
        blobs.discardIfDamaged(DIGEST, Claimant.OPERATOR);
        assertThat(blobs.has(DIGEST, Claimant.OPERATOR)).isFalse();
        assertThat(incoming()).isZero();
    }

    @Test
    void whatHasBecomeAKeptOneIsFound() throws IOException {
        bring(ONE, CONTENT);
        blobs.keep(List.of(DIGEST), ONE);
        for (Claimant each : List.of(ONE, Claimant.OPERATOR)) {
            try (InputStream in = blobs.open(DIGEST, each)) {
                assertThat(in.readAllBytes()).isEqualTo(CONTENT);
            }
            assertThat(blobs.size(DIGEST, each)).isEqualTo(CONTENT.length);
        }
    }

    @Test
    void theOperatorKeepsWhatCameForAnybody() throws IOException {
        bring(Claimant.ANYBODY, CONTENT);
        bring(Claimant.OPERATOR, CONTENT);
        blobs.keep(List.of(DIGEST), Claimant.OPERATOR);
        assertThat(folder.resolve("blobs")).isDirectoryContaining(file -> file.getFileName().toString().contains(DIGEST.hex()));
        assertThat(incoming()).isZero();
    }
}
