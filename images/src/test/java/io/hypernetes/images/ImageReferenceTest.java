package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "busybox, docker.io/library/busybox:latest",
        "busybox:1.36, docker.io/library/busybox:1.36",
        "grafana/grafana, docker.io/grafana/grafana:latest",
        "docker.io/busybox, docker.io/library/busybox:latest",
        "index.docker.io/a/b, docker.io/a/b:latest",
        "127.0.0.1:5000/a/b:tag, 127.0.0.1:5000/a/b:tag",
        "localhost/x, localhost/x:latest",
        "localhost:5000/x, localhost:5000/x:latest",
        "[::1]:5000/x:1, [::1]:5000/x:1",
        "[::1]/x, [::1]/x:latest",
        "registry.example.org/a__b/c.d-e:V_1.2-3, registry.example.org/a__b/c.d-e:V_1.2-3",
        "Host/x, Host/x:latest"
    })
    void aNameIsCompletedAsDockerDoes(String text, String full) {
        assertThat(ImageReference.parse(text)).hasToString(full);
        assertThat(ImageReference.parse(full)).hasToString(full);
    }

    @Test
    void aDigestWinsOverATag() {
        ImageReference reference = ImageReference.parse("busybox:1@sha256:" + HEX);
        assertThat(reference.tag()).isNull();
        assertThat(reference).hasToString("docker.io/library/busybox@sha256:" + HEX);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "UPPER", "a//b", "/a", "a/", "a:", "a:-x", "a@sha256:12", "a@md5:0123", "a b", "../etc", "a/../b", "host:port/x",
        "-h.example/x", "a:tag:tag", "x@", "http://host/x", "a\nb", "a---", "127.0.0.1:999999/a"
    })
    void whatIsNoNameIsRefused(String text) {
        assertThatThrownBy(() -> ImageReference.parse(text))
                .isInstanceOfSatisfying(ImageException.class,
                        e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.INVALID_REFERENCE));
    }
}
