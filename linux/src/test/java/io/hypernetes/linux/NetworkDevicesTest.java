package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class NetworkDevicesTest {

    @Test
    void aTapLivesAsLongAsItsDescriptorAndOnlyInItsNamespace() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        CompletableFuture<String> seen = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                int tap = NetworkDevices.openTap("hn-test0");
                String with = links();
                Descriptors.close(tap);
                seen.complete(with + "|" + links());
            } catch (Throwable failure) {
                seen.completeExceptionally(failure);
            }
        });
        String[] links = seen.get(60, TimeUnit.SECONDS).split("\\|");
        assertThat(links[0]).contains("hn-test0");
        assertThat(links[1]).doesNotContain("hn-test0");
    }

    private static String links() throws Exception {
        Process ip = new ProcessBuilder("ip", "-o", "link").start();
        return new String(ip.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
