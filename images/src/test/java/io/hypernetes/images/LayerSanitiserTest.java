package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerSanitiserTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarWriter tar = new TarWriter(bytes);

    @Test
    void whiteoutsBecomeWhatOverlayfsWants() throws IOException {
        file("etc/.wh.gone", "");
        folder("var");
        file("var/.wh..wh..opq", "");
        file("var/new", "x");
        file(".wh..wh.plnk", "");

        Map<String, TarEntry> clean = sanitised();
        assertThat(clean.get("etc/gone").type()).isEqualTo(TarEntry.Type.CHARACTER_DEVICE);
        assertThat(clean.get("etc/gone").deviceMajor()).isZero();
        assertThat(clean.get("var").attributes()).containsEntry("trusted.overlay.opaque", new byte[] {'y'});
        assertThat(clean.get("etc").attributes()).isEmpty();
        assertThat(clean.keySet()).containsExactlyInAnyOrder("etc", "etc/gone", "var", "var/new");
    }

    @Test
    void aFolderRemovedAndMadeAnewShowsNothingOfTheOld() throws IOException {
        folder("a");
        file("a/x", "x");
        file(".wh.a", "");
        file(".wh.f", "");
        file("f", "new");

        Map<String, TarEntry> clean = sanitised();
        assertThat(clean.get("a").attributes()).containsKey("trusted.overlay.opaque");
        assertThat(clean.get("f").type()).isEqualTo(TarEntry.Type.FILE);
    }

    @Test
    void attributesOfALayerAreOnlyThoseOfAContainer() throws IOException {
        byte[] capability = {1, 0, 0, 2, (byte) 0x80, 0, (byte) 0xff, 0, 10};
        write(new TarEntry("d", TarEntry.Type.FOLDER, 0755, 0, 0, 0, 0, "", 0, 0, Map.of(
                "trusted.overlay.opaque", new byte[] {'y'}, "trusted.overlay.redirect", "/etc".getBytes(ISO_8859_1),
                "security.capability", capability, "security.selinux", new byte[1], "user.a", new byte[] {'b'})), "");

        assertThat(sanitised().get("d").attributes()).containsOnlyKeys("security.capability", "user.a")
                .containsEntry("security.capability", capability);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../etc/passwd", "a/../../b", "..", "a/b/../../../c"})
    void aPathThatLeavesTheLayerIsRefused(String path) throws IOException {
        file(path, "x");
        assertThatThrownBy(this::sanitised).isInstanceOf(IOException.class).hasMessageContaining("leads out of the layer");
    }

    @Test
    void anAbsolutePathIsMeantInsideTheLayer() throws IOException {
        file("//etc/./x/../passwd", "x");
        assertThat(sanitised()).containsOnlyKeys("etc", "etc/passwd");
    }

    @Test
    void aFileBehindASymbolicLinkStaysInTheLayer() throws IOException {
        write(TarEntry.symbolicLink("evil", "/../../host"), "");
        write(TarEntry.symbolicLink("host/again", "../../outside"), "");
        file("evil/again/key", "x");
        write(TarEntry.symbolicLink("loop", "loop"), "");

        Map<String, TarEntry> clean = sanitised();
        assertThat(clean.get("outside/key").size()).isEqualTo(1);
        assertThat(clean.get("evil").linkName()).isEqualTo("/../../host"); // the guest's own business
        file("loop/x", "x");
        assertThatThrownBy(this::sanitised).hasMessageContaining("too many symbolic links");
    }

    @Test
    void aHardLinkPointsToAFileOfTheLayer() throws IOException {
        file("a", "x");
        link("b", "/./a");
        assertThat(sanitised().get("b").linkName()).isEqualTo("a");
        link("c", "../../etc/shadow");
        assertThatThrownBy(this::sanitised).hasMessageContaining("leads out");
    }

    @Test
    void aHardLinkToNothingIsRefused() throws IOException {
        link("c", "etc/shadow");
        assertThatThrownBy(this::sanitised).hasMessageContaining("which this layer does not hold");
    }

    @Test
    void theLastEntryOfAPathCounts() throws IOException {
        file("a", "first");
        file("d/x", "x");
        file("d/sub/y", "y");
        file("e", "e");
        file("a", "second!");
        file("d", "now a file");
        file("e/inside", "e is a folder now");

        Map<String, TarEntry> clean = sanitised();
        assertThat(clean).containsOnlyKeys("a", "d", "e", "e/inside");
        assertThat(clean.get("a").size()).isEqualTo(7);
        assertThat(clean.get("e").type()).isEqualTo(TarEntry.Type.FOLDER);
    }

    @Test
    void limitsHold() throws IOException {
        for (int i = 0; i < 11; i++) {
            file("f" + i, "0123456789");
        }
        assertThatThrownBy(() -> run(Limits.of(1, 1 << 20, 10), Set.of()))
                .isInstanceOf(TooLargeException.class);
        assertThatThrownBy(() -> run(Limits.of(1, 100, 100), Set.of()))
                .isInstanceOf(TooLargeException.class);
    }

    @Test
    void foldersBeyondReasonAreRefused() throws IOException {
        file("a/".repeat(600) + "b", "");
        assertThatThrownBy(this::sanitised).hasMessageContaining("more than 512 folders");
    }

    @Test
    void namesTakeBoundedMemory() throws IOException {
        for (int i = 0; i < 300; i++) {
            file(i + "/" + "n".repeat(200) + "/" + "n".repeat(200), ""); // each with folders of its own
        }
        ImageSettings.Limits d = ImageSettings.defaults().limits();
        ImageSettings.Limits few = new ImageSettings.Limits(
                d.layerBytes(), d.unpackedBytes(), d.ratio(), d.entries(), 100_000, d.conversionTimeout());
        assertThatThrownBy(() -> run(few, Set.of())).isInstanceOf(TooLargeException.class).hasMessageContaining("names");
        run(d, Set.of());
    }

    @Test
    void linksThatMultiplyAreCutOff() throws IOException {
        for (int i = 1; i < 30; i++) { // each leads through the one before twice: 2^29 steps
            write(TarEntry.symbolicLink("l" + i, ("l" + (i - 1) + "/../").repeat(2) + "l" + (i - 1)), "");
        }
        file("l29/x", "");
        assertThatThrownBy(this::sanitised).isInstanceOf(IOException.class);
    }

    /// Each folder becomes a file behind it. Looking at all names for each of them would take minutes.
    @Test
    void aLayerThatReplacesFolderAfterFolderTakesNoLongerThanAnyOther() throws IOException {
        int many = 60_000;
        for (int i = 0; i < many; i++) {
            folder("d" + i);
        }
        for (int i = 0; i < many; i++) {
            file("d" + i, "");
        }
        assertTimeout(Duration.ofSeconds(10), () -> assertThat(sanitised()).hasSize(many).allSatisfy((name, entry) -> assertThat(entry.type()).isEqualTo(TarEntry.Type.FILE)));
    }

    @Test
    void endlessHeadersAreRefused() throws IOException {
        ByteArrayOutputStream endless = new ByteArrayOutputStream();
        for (int i = 0; i < 100; i++) {
            file("x".repeat(150), ""); // a pax header and the file's own
            endless.write(bytes.toByteArray(), 0, 2 * TarReader.BLOCK);
            bytes.reset();
        }
        assertThatThrownBy(() -> new TarReader(new ByteArrayInputStream(endless.toByteArray())).next())
                .isInstanceOf(IOException.class).hasMessageContaining("headers");
    }

    @Test
    void aPathThatIsTooLongIsRefused() throws IOException {
        file("a/".repeat(3000) + "b", "");
        assertThatThrownBy(this::sanitised).hasMessageContaining("too long");
    }

    @Test
    void longNamesLargeNumbersAndOddBytesAreKept() throws IOException {
        String name = "d".repeat(120) + "/\u00ff\u00fe " + "n".repeat(200);
        write(new TarEntry(name, TarEntry.Type.FILE, 0644, 3_000_000, 2_500_000, 0, -5, "", 0, 0, Map.of()), "");
        write(TarEntry.symbolicLink("l", "t".repeat(300)), "");

        Map<String, TarEntry> clean = sanitised();
        assertThat(clean.get(name).uid()).isEqualTo(3_000_000);
        assertThat(clean.get(name).modifiedSeconds()).as("squashfs begins in 1970").isZero();
        assertThat(clean.get("l").linkName()).hasSize(300);
    }

    @Property(tries = 500)
    void noTarMakesTheReaderHangOrThrowAnythingButIoException(@ForAll byte[] noise, @ForAll int seed) throws IOException {
        LayerSanitiserTest good = new LayerSanitiserTest();
        good.file("a", "content");
        good.write(TarEntry.symbolicLink("b", "x".repeat(150)), "");
        good.tar.finish();
        byte[] damaged = good.bytes.toByteArray();
        for (int i = 0; i < noise.length; i++) {
            damaged[Math.floorMod(seed * 31 + i * 7919, damaged.length)] = noise[i];
        }
        try {
            new LayerSanitiser(ImageSettings.defaults().limits(), Set.of(), new ByteArrayOutputStream())
                    .run(new ByteArrayInputStream(damaged));
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotNull();
        }
    }

    private void folder(String name) throws IOException {
        write(TarEntry.folder(name + "/", 0755), "");
    }

    private void file(String name, String content) throws IOException {
        write(TarEntry.file(name, 0644, content.length()), content);
    }

    private void link(String name, String target) throws IOException {
        write(new TarEntry(name, TarEntry.Type.HARD_LINK, 0644, 0, 0, 0, 0, target, 0, 0, Map.of()), "");
    }

    private void write(TarEntry entry, String content) throws IOException {
        tar.write(entry, new ByteArrayInputStream(content.getBytes(ISO_8859_1)));
    }

    /// Entries by path after as many rounds as it takes; each path must come once.
    private Map<String, TarEntry> sanitised() throws IOException {
        Set<Integer> skipped = new HashSet<>();
        while (true) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            LayerSanitiser sanitiser = new LayerSanitiser(ImageSettings.defaults().limits(), skipped, out);
            sanitiser.run(input());
            if (sanitiser.superseded().isEmpty()) {
                Map<String, TarEntry> entries = new LinkedHashMap<>();
                TarReader reader = new TarReader(new ByteArrayInputStream(out.toByteArray()));
                for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                    assertThat(entries.put(entry.name(), entry)).as("twice: " + entry.name()).isNull();
                }
                return entries;
            }
            assertThat(skipped.addAll(sanitiser.superseded())).isTrue();
        }
    }

    private void run(ImageSettings.Limits limits, Set<Integer> skipped) throws IOException {
        new LayerSanitiser(limits, skipped, new ByteArrayOutputStream()).run(input());
    }

    private InputStream input() throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        bytes.writeTo(whole);
        new TarWriter(whole).finish();
        return new ByteArrayInputStream(whole.toByteArray());
    }
}
