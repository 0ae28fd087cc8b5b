package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.NetworkDevices;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Taps that lead nowhere, each in a network namespace of its own.
final class Taps implements AutoCloseable {
    private final List<Integer> open = new ArrayList<>();

    int open() {
        CompletableFuture<Integer> opened = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                opened.complete(NetworkDevices.openTap("hn-test"));
            } catch (Throwable failure) {
                opened.completeExceptionally(failure);
            }
        });
        open.add(opened.join());
        return open.getLast();
    }

    @Override
    public void close() {
        open.forEach(Descriptors::close);
        open.clear();
    }
}
