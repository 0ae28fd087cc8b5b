package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageSettingsFileTest {
    @TempDir
    Path folder;

    private ImageSettings read(String text) throws IOException {
        return ImageSettingsFile.read(Files.writeString(folder.resolve("images.yaml"), text));
    }

    @Test
    void whatIsNotSaidKeepsItsDefault() throws IOException {
        assertThat(read("")).isEqualTo(ImageSettings.defaults());
        assertThat(read("attempts: 7").limits()).isEqualTo(ImageSettings.defaults().limits());
    }

    @Test
    void everythingCanBeSaid() throws IOException {
        ImageSettings settings = read("""
                registries:
                  docker.io:
                    mirrors: [mirror.example:5000/hub, 'http://10.0.0.1']
                    mirrors-only: true
                  reg.example:5000: {plain-http: true}
                  other.example: {skip-verify: true, ca-file: /etc/ca.pem}
                credentials-file: /root/.docker/config.json
                stall-timeout-seconds: 5
                layer-mib: 100
                disk-high-percent: 70
                disk-low-percent: 60
                keep-blobs: false
                """);
        assertThat(settings.registry("docker.io").mirrors()).isEqualTo(List.of("mirror.example:5000/hub", "http://10.0.0.1"));
        assertThat(settings.registry("docker.io").mirrorsOnly()).isTrue();
        assertThat(settings.registry("reg.example:5000").plainHttp()).isTrue();
        assertThat(settings.registry("other.example").caFile()).isEqualTo(Path.of("/etc/ca.pem"));
        assertThat(settings.credentialsFile()).isEqualTo(Path.of("/root/.docker/config.json"));
        assertThat(settings.transfers().stallTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.limits().layerBytes()).isEqualTo(100L << 20);
        assertThat(settings.disk().highPercent()).isEqualTo(70);
        assertThat(settings.disk().keepBlobs()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "layer-mb: 1 | layer-mib",
        "attempts: many | whole number from 1 to 100",
        "attempts: 0 | whole number from 1 to 100",
        "keep-blobs: maybe | true or false",
        "disk-low-percent: 90 | disk-high-percent",
        "registries: {a.b: {mirror: []}} | mirrors-only",
        "registries: {a.b: {mirrors: [ftp://x]}} | [http://]host",
        "registries: {a.b/c: {}} | host or host:port",
        "registries: [a] | name: value",
        "credentials-file: here | absolute",
        "{ | cannot be read",
    })
    void whatIsWrongIsRefusedWithAHint(String text, String hint) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(ImageException.class)
                .hasMessageContaining("images.yaml").hasMessageContaining(hint);
    }
}
