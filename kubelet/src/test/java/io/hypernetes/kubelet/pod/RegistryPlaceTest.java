package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.kubelet.probe.HostLookups;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RegistryPlaceTest {

    private static Optional<String> refusal(String image, Predicate<InetAddress> operators) throws IOException {
        return RegistryPlace.refusal("acme", image, new HostLookups(InetAddress::getAllByName), Duration.ofSeconds(20), operators);
    }

    /// It could be anywhere when it is looked up once more. How long is waited is for [HostLookups] to say.
    @Test
    void aRegistryOfWhichNobodyTellsWhereItIsIsNotPulledFrom() {
        HostLookups broken = new HostLookups(host -> {
            throw new IOException("no answer");
        });
        assertThatThrownBy(() -> RegistryPlace.refusal("acme", "registry.test/a", broken, Duration.ofSeconds(20), _ -> false))
                .isInstanceOf(IOException.class).hasMessageContaining("registry.test").hasMessageContaining("no answer");
    }

    @Test
    void tenantsNameNoRegistryOnTheNodeOrItsWire() throws IOException {
        for (String image : new String[] {
            "127.0.0.1:5000/a:1", "localhost/a", "LOCALHOST/a", "Localhost/a/b:1", "localhost:10250/a", "169.254.169.254/latest/meta-data", "[::1]:5000/a", "[fe80::1]/a", "0.0.0.0:1/a", "127.1.2.3/a@sha256:0", "224.0.0.1/a"}) {
            assertThat(refusal(image, _ -> false)).as(image).isPresent();
        }
        for (String image : new String[] {"192.0.2.1:5000/a:1", "10.0.0.5/a", "[2001:db8::1]:5000/a", "no-such-host.invalid/a"}) {
            assertThat(refusal(image, _ -> false)).as(image).isEmpty();
        }
    }

    @Test
    void tenantsNameNoRegistryAtTheOperatorsAddresses() throws IOException {
        assertThat(refusal("10.0.0.5:5000/a:1", address -> address.isSiteLocalAddress())).hasValueSatisfying(
                why -> assertThat(why).contains("10.0.0.5").contains("registry-cidrs"));
        assertThat(refusal("192.0.2.1/a", address -> address.isSiteLocalAddress())).isEmpty();
    }

    @Test
    void aNameWithoutARegistryIsTheDefaultOnes() {
        assertThat(RegistryPlace.registry("busybox:1")).isEqualTo("docker.io");
        assertThat(RegistryPlace.registry("library/busybox")).isEqualTo("docker.io");
        assertThat(RegistryPlace.registry("hypernetes.io/sample/busybox:1")).isEqualTo("hypernetes.io");
    }
}
