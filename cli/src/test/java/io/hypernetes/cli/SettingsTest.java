package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @TempDir
    private Path folder;

    @Test
    void defaultsThenFileThenFlags() throws Exception {
        Path file = folder.resolve("config.yaml");
        assertThat(Settings.read(file, List.of()).port("api-port")).isEqualTo(6443);
        Files.writeString(file, "api-port: 7443\nkubelet-port: 20250\n");
        Settings settings = Settings.read(file, List.of("kubelet-port=30250"));
        assertThat(settings.port("api-port")).isEqualTo(7443);
        assertThat(settings.port("kubelet-port")).isEqualTo(30250);
    }

    @Test
    void rememberedFlagsHoldForWhatIsTypedLaterAndLeaveTheRestOfTheFile() throws Exception {
        Path file = folder.resolve("made/config.yaml");
        Settings.remember(file, List.of("api-port=7443"));
        Files.writeString(file, "# mine\nbridge: br7\n" + Files.readString(file));
        Settings.remember(file, List.of("api-port=8443", "node-name=it's"));
        Settings settings = Settings.read(file, List.of());
        assertThat(settings.port("api-port")).isEqualTo(8443);
        assertThat(settings.text("node-name")).isEqualTo("it's");
        assertThat(settings.text("bridge")).isEqualTo("br7");
        assertThat(Files.readString(file)).contains("# mine").doesNotContain("7443");
    }

    @Test
    void anUnknownSettingIsRefusedWithTheNearestName() throws Exception {
        Path file = folder.resolve("config.yaml");
        Files.writeString(file, "api-prot: 7443\n");
        assertThatThrownBy(() -> Settings.read(file, List.of())).isInstanceOf(UsageException.class).hasMessageContaining("'api-prot'").hasMessageContaining("'api-port'");
        assertThatThrownBy(() -> Settings.read(folder.resolve("none"), List.of("brigde=x"))).hasMessageContaining("'bridge'");
    }

    @Test
    void valuesAreCheckedWithTheirRange() {
        Settings settings = Settings.read(folder.resolve("none"), List.of("api-port=70000", "kubelet-port=many"));
        assertThatThrownBy(() -> settings.port("api-port")).hasMessageContaining("70000").hasMessageContaining("65535");
        assertThatThrownBy(() -> settings.port("kubelet-port")).hasMessageContaining("many");
        assertThatThrownBy(() -> Settings.read(folder.resolve("none"), List.of("api-port"))).hasMessageContaining("name=value");
    }

    @Test
    void aFileThatIsNoSettingsFileIsRefused() throws Exception {
        Path file = folder.resolve("config.yaml");
        Files.writeString(file, "- a\n- b\n");
        assertThatThrownBy(() -> Settings.read(file, List.of())).hasMessageContaining(file.toString());
        Files.writeString(file, "a: [\n");
        assertThatThrownBy(() -> Settings.read(file, List.of())).hasMessageContaining(file.toString());
    }
}
