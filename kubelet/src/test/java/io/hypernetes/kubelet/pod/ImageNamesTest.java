package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// The names are those of the distribution project's own tests (`reference/normalize_test.go`, `reference/reference_test.go`).
class ImageNamesTest {
    private static final String HEX = "2d6f3e7a".repeat(8);

    @Test
    void whatNamesAnImage() {
        for (String name : List.of("busybox", "busybox:1", "library/busybox", "docker.io/library/busybox:latest", "localhost/app", "localhost:5000/app:v1",
                "127.0.0.1:5000/docker/docker", "[2001:db8::1]:5000/repo:tag", "docker/docker-ce", "foo__bar/b---z.q_r", "Uppercase:5000/app", "FOO/bar",
                "app@sha256:" + HEX, "app:1@sha256:" + HEX, "sha256:" + HEX, "xn--n3h.com/myimage", "a".repeat(63) + "." + "b".repeat(63) + ".com/" + "c".repeat(100))) {
            assertThat(ImageNames.fault(name)).as(name).isEmpty();
        }
    }

    @Test
    void whatNamesNone() {
        for (String name : List.of("", ":1", "app:", "app: 1", "-foo/bar", "foo//bar", "foo/bar/", "docker.io/", "_foo", "foo.", "foo..bar", "a_-b", "https://github.com/docker/docker",
                "app:" + "t".repeat(129), "app@sha256:abc", "app@" + HEX, "\u00e9", "x".repeat(100_000))) {
            assertThat(ImageNames.fault(name)).as(name).hasValue("invalid reference format");
        }
        assertThat(ImageNames.fault("Docker")).hasValue("invalid reference format: repository name (library/Docker) must be lowercase");
        assertThat(ImageNames.fault("aa/Asdf$$^/aa")).hasValue("invalid reference format: repository name (aa/Asdf$$^/aa) must be lowercase");
        assertThat(ImageNames.fault(HEX)).hasValue("invalid repository name (" + HEX + "), cannot specify 64-byte hexadecimal strings");
        assertThat(ImageNames.fault("r.example.com/" + "a".repeat(250))).hasValue("repository name must not be more than 255 characters");
    }
}
