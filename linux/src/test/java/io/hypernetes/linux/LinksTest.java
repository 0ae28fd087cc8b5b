package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinksTest {
    @BeforeEach
    void needRoot() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
    }

    @Test
    void aPortIsIsolatedAndWithoutAddressWhenItIsUp() throws Exception {
        String[] seen = inNewNamespace(() -> {
            run("ip", "link", "add", "bridge0", "type", "bridge");
            int tap = NetworkDevices.openTap("port0");
            try {
                Links.join("port0", "bridge0", 1400, Links.Port.ISOLATED);
                return new String[] {run("ip", "-d", "link", "show", "dev", "port0"), run("bridge", "-d", "link", "show", "dev", "port0")};
            } finally {
                Descriptors.close(tap);
            }
        });
        assertThat(seen[0]).contains("mtu 1400").contains("master bridge0").contains(",UP").contains("addrgenmode none");
        assertThat(seen[1]).contains("isolated on");
    }

    @Test
    void aPortMayGetBackWhatItSent() throws Exception {
        String seen = inNewNamespace(() -> {
            run("ip", "link", "add", "bridge0", "type", "bridge");
            assertThat(Links.exists("port0")).isFalse();
            int tap = NetworkDevices.openTap("port0");
            try {
                assertThat(Links.exists("port0")).isTrue();
                Links.join("port0", "bridge0", 1500, Links.Port.HAIRPIN);
                return run("bridge", "-d", "link", "show", "dev", "port0");
            } finally {
                Descriptors.close(tap);
            }
        });
        assertThat(seen).contains("hairpin on").contains("isolated off");
    }

    @Test
    void whatIsMovedIsThereAndNoLongerHere() throws Exception {
        CompletableFuture<Path> other = new CompletableFuture<>();
        CountDownLatch moved = new CountDownLatch(1);
        CompletableFuture<String> there = CompletableFuture.supplyAsync(() -> {
            try {
                return inNewNamespace(() -> {
                    other.complete(Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self"))).resolve("ns/net"));
                    moved.await();
                    return run("ip", "-o", "link");
                });
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
        });
        String here = inNewNamespace(() -> {
            int tap = NetworkDevices.openTap("moved0");
            try {
                Links.move("moved0", other.get(60, TimeUnit.SECONDS));
                return run("ip", "-o", "link");
            } finally {
                moved.countDown();
                assertThat(there.get(60, TimeUnit.SECONDS)).contains("moved0");
                Descriptors.close(tap);
            }
        });
        assertThat(here).doesNotContain("moved0");
    }

    @Test
    void whatIsNotThereIsRefusedByItsName() throws Exception {
        inNewNamespace(() -> {
            assertThatThrownBy(() -> Links.join("nothing0", "lo", 1500, Links.Port.ISOLATED)).isInstanceOf(ErrnoException.class).hasMessageContaining("nothing0");
            assertThatThrownBy(() -> Links.join("lo", "nothing0", 1500, Links.Port.HAIRPIN)).isInstanceOf(ErrnoException.class).hasMessageContaining("ENODEV");
            assertThatThrownBy(() -> Links.move("nothing0", Path.of("/proc/self/ns/net"))).isInstanceOf(ErrnoException.class).hasMessageContaining("ENODEV");
            return "";
        });
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

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
