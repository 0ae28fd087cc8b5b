package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPathsTest {
    private final HostPaths paths = HostPaths.below(Path.of("/var/lib/hypernetes"), Path.of("/run/hypernetes"), Path.of("/srv/my cluster/log"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            making /run/hypernetes/machines/s1: no space left | making (a path of the node): no space left
            The disk /var/lib/hypernetes/node/a.img is gone. | The disk (a path of the node) is gone.
            It lies in /var/lib/hypernetes/node/a.img. | It lies in (a path of the node).
            java.nio.file.FileSystemException: /run/hypernetes: busy | java.nio.file.FileSystemException: (a path of the node): busy
            "/run/hypernetes/a" and [/run/hypernetes/b, /run/hypernetes/c] | "(a path of the node)" and [(a path of the node), (a path of the node)]
            /run/hypernetes/a -> /var/lib/hypernetes/b | (a path of the node) -> (a path of the node)
            file:///run/hypernetes/cri.sock | file://(a path of the node)
            blob /var/lib/hypernetes/images/blobs/sha256:ab12 is damaged | blob (a path of the node) is damaged
            in /srv/my cluster/log/pods/x | in (a path of the node)
            """)
    void whatTheNodeHasIsHidden(String said, String told) {
        assertThat(paths.hiddenIn(said)).isEqualTo(told);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "exec: \"/bin/run/hypernetes\": no such file",
        "/run/hypernetes-of-mine/x: permission denied",
        "/run/hypernetes2 is no folder",
        "registry.example/run/hypernetes:1 is unknown",
        "/etc/passwd, /var/lib/mysql and /dev/kvm",
        ""
    })
    void whatContainersAndRegistriesHaveStays(String said) {
        assertThat(paths.hiddenIn(said)).isEqualTo(said);
    }

    @Test
    void theRootOfTheFileSystemHidesNothing() {
        assertThat(HostPaths.below(Path.of("/")).hiddenIn("cd / && ls /etc")).isEqualTo("cd / && ls /etc");
    }
}
