package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FilterSetsTest {
    private static final String TABLE = """
            table bridge t {
              set pods { type ifname . ether_addr . ipv4_addr; }
              set taps { type ifname; }
            }
            """;

    @BeforeEach
    void needRoot() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
    }

    private static FilterSets.Element pod(String tap) {
        return new FilterSets.Element(FilterSets.Family.BRIDGE, "t", "pods", FilterSets.interfaceName(tap),
                FilterSets.hardwareAddress("0a:58:0a:ff:00:02"), FilterSets.address("10.255.0.2"));
    }

    private static FilterSets.Element tap(String name) {
        return new FilterSets.Element(FilterSets.Family.BRIDGE, "t", "taps", FilterSets.interfaceName(name));
    }

    @Test
    void nftSeesWhatItWouldHaveMadeItself() throws Exception {
        String[] seen = inNewNamespace(() -> {
            run(TABLE, "nft", "-f", "-");
            FilterSets.add(List.of(pod("hyp-1"), tap("hyp-1"), tap("hyp-2")));
            FilterSets.add(List.of(tap("hyp-2")));
            String with = run("", "nft", "list", "ruleset");
            // What nft adds is the same element, and what it removes was that one.
            run("add element bridge t pods { \"hyp-1\" . 0a:58:0a:ff:00:02 . 10.255.0.2 }\n", "nft", "-f", "-");
            String again = run("", "nft", "list", "ruleset");
            FilterSets.remove(List.of(pod("hyp-1"), pod("hyp-9"), tap("hyp-2")));
            return new String[] {with, again, run("", "nft", "list", "ruleset")};
        });
        assertThat(seen[0]).contains("\"hyp-1\" . 0a:58:0a:ff:00:02 . 10.255.0.2").contains("\"hyp-2\"");
        assertThat(seen[1]).isEqualTo(seen[0]);
        assertThat(seen[2]).contains("elements = { \"hyp-1\" }").doesNotContain("10.255.0.2").doesNotContain("hyp-2");
    }

    @Test
    void aChangeIsTakenAsAWhole() throws Exception {
        String seen = inNewNamespace(() -> {
            run(TABLE, "nft", "-f", "-");
            FilterSets.Element elsewhere = new FilterSets.Element(FilterSets.Family.BRIDGE, "t", "none", FilterSets.interfaceName("hyp-2"));
            assertThatThrownBy(() -> FilterSets.add(List.of(tap("hyp-1"), elsewhere)))
                    .isInstanceOf(ErrnoException.class).hasMessageContaining("set none of table t").hasMessageContaining("ENOENT");
            FilterSets.Element shorter = new FilterSets.Element(FilterSets.Family.BRIDGE, "t", "pods", FilterSets.interfaceName("hyp-2"));
            assertThatThrownBy(() -> FilterSets.add(List.of(tap("hyp-1"), shorter))).isInstanceOf(ErrnoException.class).hasMessageContaining("EINVAL");
            return run("", "nft", "list", "ruleset");
        });
        assertThat(seen).contains("set taps").doesNotContain("hyp-1");
    }

    @Test
    void whatIsNoAddressIsRefused() {
        assertThatThrownBy(() -> FilterSets.interfaceName("sixteen-letters-")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("15 bytes");
        assertThatThrownBy(() -> FilterSets.address("10.0.0")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("10.0.0");
        assertThatThrownBy(() -> FilterSets.address("10.0.0.256")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FilterSets.hardwareAddress("0a:58")).isInstanceOf(IllegalArgumentException.class);
    }

    private static <T> T inNewNamespace(Callable<T> action) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                result.complete(action.call());
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        return result.get(120, TimeUnit.SECONDS);
    }

    private static String run(String input, String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var to = process.getOutputStream()) {
            to.write(input.getBytes(StandardCharsets.UTF_8));
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
