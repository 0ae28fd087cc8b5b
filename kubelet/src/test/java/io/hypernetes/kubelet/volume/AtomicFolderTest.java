package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.kubelet.volume.AtomicFolder.Content;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicFolderTest {
    @TempDir
    Path folder;

    private static Content content(String text) {
        return new Content(text.getBytes(), 0640);
    }

    @Test
    void filesChangeTogetherAndOldOnesGo() throws IOException {
        assertThat(AtomicFolder.write(folder, Map.of("a", content("1"), "sub/b", content("2")), "v1", null)).isTrue();
        assertThat(folder.resolve("a")).hasContent("1");
        assertThat(folder.resolve("sub/b")).hasContent("2");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("a")))).isEqualTo("rw-r-----");
        assertThat(AtomicFolder.write(folder, Map.of("a", content("1"), "sub/b", content("2")), "v2", null)).isFalse();
        assertThat(Files.readSymbolicLink(folder.resolve("..data"))).hasToString("..v1");
        assertThat(AtomicFolder.write(folder, Map.of("c", content("3")), "v3", null)).isTrue();
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("..data", "..v3", "c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/etc/x", "a/../../x", "..x", "", "a/../b"})
    void noPathLeavesTheFolder(String path) {
        assertThatThrownBy(() -> AtomicFolder.write(folder, Map.of(path, content("1")), "v1", null)).isInstanceOf(VolumeException.class);
        assertThat(folder.toFile().list()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\0b", "a\ud800"})
    void aPathThatIsNoneIsRefused(String path) {
        assertThatThrownBy(() -> AtomicFolder.write(folder, Map.of(path, content("1")), "v1", null)).isInstanceOf(VolumeException.class);
    }

    @Test
    void aPathLeadsNoDeeperThanTheRuntimeReads() throws IOException {
        String most = "d/".repeat(31) + "f";
        assertThat(AtomicFolder.write(folder, Map.of(most, content("1")), "v1", null)).isTrue();
        assertThatThrownBy(() -> AtomicFolder.write(folder, Map.of("d/" + most, content("1")), "v2", null)).isInstanceOf(VolumeException.class);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("..data", "..v1", "d");
    }

    @Test
    void whatCannotBeWrittenLeavesNothing() throws IOException {
        AtomicFolder.write(folder, Map.of("a", content("1")), "v1", null);
        for (String version : new String[] {"v2", "v3"}) {
            assertThatThrownBy(() -> AtomicFolder.write(folder, Map.of("a", content("2"), "z".repeat(300), content("3")), version, null)).isInstanceOf(IOException.class);
        }
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("..data", "..v1", "a");
        assertThat(folder.resolve("a")).hasContent("1");
    }

    @Test
    void whatSomebodyBeganWhoDiedGoes() throws IOException {
        AtomicFolder.write(folder, Map.of("a", content("1")), "v1", null);
        Files.createDirectories(folder.resolve("..v2/sub"));
        Files.createSymbolicLink(folder.resolve("..data_tmp"), Path.of("..v2"));
        AtomicFolder.write(folder, Map.of("a", content("2")), "v3", null);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("..data", "..v3", "a");
        assertThat(folder.resolve("a")).hasContent("2");
    }

    @Test
    void whateverDiffersIsSeen() throws IOException {
        AtomicFolder.write(folder, Map.of("a", content("1"), "b", content("2")), "v1", null);
        assertThat(AtomicFolder.write(folder, Map.of("a", content("1")), "v2", null)).as("one fewer").isTrue();
        assertThat(AtomicFolder.write(folder, Map.of("a", content("3")), "v3", null)).as("as long").isTrue();
        assertThat(AtomicFolder.write(folder, Map.of("a", new Content("3".getBytes(), 0600)), "v4", null)).as("another mode").isTrue();
        assertThat(AtomicFolder.write(folder, Map.of("a/b", content("3")), "v5", null)).as("a folder of its name").isTrue();
        assertThat(AtomicFolder.write(folder, Map.of("a/b", content("3")), "v6", null)).isFalse();
    }

    @Test
    void theFilesAreTheGroupsThatIsAskedFor() throws IOException {
        org.junit.jupiter.api.Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "only root gives files away");
        AtomicFolder.write(folder, Map.of("a", content("1")), "v1", 1001);
        assertThat(Files.getAttribute(folder.resolve("a"), "unix:gid")).isEqualTo(1001);
    }
}
