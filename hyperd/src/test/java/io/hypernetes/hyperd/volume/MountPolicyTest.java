package io.hypernetes.hyperd.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MountPolicyTest {
    private final MountPolicy policy = new MountPolicy(Path.of("/var/lib/pods"));

    @Test
    void volumes() {
        assertThat(policy.of("u1", "/var/lib/pods/u1/volumes/kubernetes.io~secret/s", "/s"))
                .isEqualTo(new MountSource.Volume("s", MountSource.Kind.FILES, Path.of("/var/lib/pods/u1/volumes/kubernetes.io~secret/s"), ""));
        assertThat(policy.of("u1", "/var/lib/pods/u1/volumes/kubernetes.io~empty-dir/d/a/b", "/d"))
                .isEqualTo(new MountSource.Volume(
                        "d", MountSource.Kind.EMPTY_DIR, Path.of("/var/lib/pods/u1/volumes/kubernetes.io~empty-dir/d"), "a/b"));
    }

    @Test
    void filesOfThePod() {
        assertThat(policy.of("u1", "/var/lib/pods/u1/etc-hosts", "/etc/hosts")).isInstanceOf(MountSource.Hosts.class);
        assertThat(policy.of("u1", "/var/lib/pods/u1/resolv", "/etc/resolv.conf")).isInstanceOf(MountSource.MadeByGuest.class);
        assertThat(policy.of("u1", "/var/lib/pods/u1/containers/c/0", "/dev/termination-log"))
                .isInstanceOf(MountSource.TerminationFile.class);
        assertThat(policy.of("u1", "/var/lib/pods/u1/plugins/x", "/x")).isInstanceOf(MountSource.SingleFile.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "/", "/proc/cpuinfo", "/dev/null", "/sys", "/not/there", "/var/lib", "/var/lib/pods", "/var/lib/pods/u1", "/var/lib/pods/u2/volumes/kubernetes.io~secret/s", "relative",
        "/var/lib/pods/u1/../u2/volumes/kubernetes.io~secret/s", "/var/lib/podsu1/x", "/var/lib/pods/u1/volumes/kubernetes.io~secret"
    })
    void nothingElseOfTheHost(String path) {
        assertThatThrownBy(() -> policy.of("u1", path, "/x"))
                .isInstanceOfSatisfying(HyperdException.class, refused ->
                        assertThat(refused.kind()).isEqualTo(HyperdException.Kind.INVALID));
    }

    @Test
    void whatTheHostHasElsewhereIsCopied(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        assertThat(policy.of("u1", folder.toString(), "/x")).isEqualTo(new MountSource.HostCopy(folder.toRealPath()));
        assertThat(policy.of("u1", link.toString(), "/x")).isEqualTo(new MountSource.SingleFile(file.toRealPath()));
    }

    @Test
    void aKindThatIsNotThereYetIsNamed() {
        assertThatThrownBy(() -> policy.of("u1", "/var/lib/pods/u1/volumes/kubernetes.io~csi/pv", "/x"))
                .isInstanceOfSatisfying(HyperdException.class, refused ->
                        assertThat(refused.kind()).isEqualTo(HyperdException.Kind.UNSUPPORTED))
                .hasMessageContaining("csi");
    }
}
