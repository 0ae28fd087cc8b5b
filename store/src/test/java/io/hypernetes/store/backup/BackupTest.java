package io.hypernetes.store.backup;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.Entry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is written comes back, and nothing else ever does.
class BackupTest {
    private static final char[] PASSPHRASE = "correct horse battery".toCharArray();
    private static final BackupHeader HEADER = new BackupHeader(Instant.parse("2030-01-02T03:04:05Z"), "acme", 7_000);

    private static byte[] written(char[] passphrase, int entries) throws IOException {
        var out = new ByteArrayOutputStream();
        var random = new Random(4);
        try (var writer = BackupWriter.begin(out, HEADER, passphrase, new SecureRandom())) {
            for (int n = 0; n < entries; n++) {
                byte[] value = new byte[1500];
                random.nextBytes(value);
                writer.entry(new Entry("/acme/ü" + n, value, n + 1, n + 2));
            }
            writer.file("pki/ca.key", "a secret of the authority".getBytes(UTF_8));
            writer.finish();
        }
        return out.toByteArray();
    }

    private static List<BackupItem> read(byte[] backup, char[] passphrase) throws IOException {
        List<BackupItem> items = new ArrayList<>();
        try (var reader = BackupReader.open(new ByteArrayInputStream(backup), passphrase)) {
            assertThat(reader.header()).isEqualTo(HEADER);
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                items.add(item.get());
            }
            assertThat(reader.next()).isEmpty();
        }
        return items;
    }

    @Test
    void allComesBackAsItWas() throws IOException {
        for (char[] passphrase : Arrays.asList(null, PASSPHRASE)) {
            // More than one piece.
            var items = read(written(passphrase, 700), passphrase);
            assertThat(items).hasSize(701);
            var last = ((BackupItem.Stored) items.get(699)).entry();
            assertThat(last.key()).isEqualTo("/acme/ü699");
            assertThat(last.createRevision()).isEqualTo(700);
            assertThat(last.revision()).isEqualTo(701);
            assertThat(((BackupItem.SmallFile) items.get(700)).content()).isEqualTo("a secret of the authority".getBytes(UTF_8));
            assertThat(read(written(passphrase, 0), passphrase)).hasSize(1);
        }
    }

    @Test
    void disksComeBackPartByPart() throws IOException {
        var out = new ByteArrayOutputStream();
        try (var writer = BackupWriter.begin(out, HEADER, null, new SecureRandom())) {
            writer.part(new BackupItem.DiskPart("acme/d", 1L << 40, new byte[] {1, 2}));
            writer.end(new BackupItem.DiskEnd("acme/d", 2L << 40, new byte[] {3}));
            writer.finish();
        }
        assertThat(read(out.toByteArray(), null)).usingRecursiveFieldByFieldElementComparator().containsExactly(
                new BackupItem.DiskPart("acme/d", 1L << 40, new byte[] {1, 2}), new BackupItem.DiskEnd("acme/d", 2L << 40, new byte[] {3}));
    }

    @Test
    void aLockedOneShowsNothingAndOpensWithItsPassphraseOnly() throws IOException {
        byte[] locked = written(PASSPHRASE, 0);
        assertThat(new String(locked, ISO_8859_1)).doesNotContain("secret").doesNotContain("horse").contains("tenant acme\n");
        assertThatThrownBy(() -> read(locked, "correct horse batterz".toCharArray())).isInstanceOf(BackupException.class).hasMessageContaining("passphrase is not the one");
        assertThatThrownBy(() -> read(locked, null)).isInstanceOf(BackupException.class).hasMessageContaining("--passphrase-file");
        assertThat(read(written(null, 0), PASSPHRASE)).hasSize(1);
    }

    @Test
    void aChangedByteIsNoticedWhereverItIs() throws IOException {
        byte[] good = written(null, 3);
        int head = new String(good, ISO_8859_1).indexOf("\n\n") + 2;
        var random = new Random(5);
        for (int n = 0; n < 300; n++) {
            byte[] bad = good.clone();
            int at = n < head ? n : random.nextInt(bad.length);
            bad[at] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> read(bad, null)).as("byte %d of %d", at, good.length).isInstanceOfAny(BackupException.class, AssertionError.class);
        }
    }

    @Test
    void oneThatIsCutOrLongerOrInAnotherOrderIsNoticed() throws IOException {
        byte[] good = written(null, 700);
        for (int length : new int[] {0, 10, 100, 300, 300_000, good.length - 1}) {
            assertThatThrownBy(() -> read(Arrays.copyOf(good, length), null)).isInstanceOf(BackupException.class);
        }
        assertThatThrownBy(() -> read(Arrays.copyOf(good, good.length + 1), null)).isInstanceOf(BackupException.class).hasMessageContaining("behind its end");
        int head = new String(good, ISO_8859_1).indexOf("\n\n") + 2;
        int piece = 4 + (256 << 10) + 16;
        byte[] swapped = good.clone();
        System.arraycopy(good, head, swapped, head + piece, piece);
        System.arraycopy(good, head + piece, swapped, head, piece);
        assertThatThrownBy(() -> read(swapped, null)).isInstanceOf(BackupException.class).hasMessageContaining("damaged at piece 0");
        byte[] without = new byte[good.length - piece];
        System.arraycopy(good, 0, without, 0, head + piece);
        System.arraycopy(good, head + 2 * piece, without, head + piece, without.length - head - piece);
        assertThatThrownBy(() -> read(without, null)).isInstanceOf(BackupException.class).hasMessageContaining("damaged at piece 1");
    }

    @Test
    void oneThatWasNotEndedIsNone() throws IOException {
        var out = new ByteArrayOutputStream();
        try (var writer = BackupWriter.begin(out, HEADER, null, new SecureRandom())) {
            writer.entry(new Entry("/acme/a", new byte[1 << 20], 1, 1));
        }
        assertThatThrownBy(() -> read(out.toByteArray(), null)).isInstanceOf(BackupException.class);
    }
}
