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

    @Test
    void theFilesAreTheGroupsThatIsAskedFor() throws IOException {
        org.junit.jupiter.api.Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "only root gives files away");
        AtomicFolder.write(folder, Map.of("a", content("1")), "v1", 1001);
        assertThat(Files.getAttribute(folder.resolve("a"), "unix:gid")).isEqualTo(1001);
    }
}
