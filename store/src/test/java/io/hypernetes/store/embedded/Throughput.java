package io.hypernetes.store.embedded;

import io.hypernetes.store.Operation;
import io.hypernetes.store.keys.KeyRing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// Durable writes a second by number of writers; run by hand: `java … Throughput FOLDER [sealed]`.
final class Throughput {
    private Throughput() {}

    public static void main(String[] arguments) throws Exception {
        byte[] value = new byte[2048];
        new Random(1).nextBytes(value);
        boolean sealed = arguments.length > 1 && arguments[1].equals("sealed");
        for (int writers : new int[] {1, 1, 16, 64, 256}) {
            Path folder = Files.createTempDirectory(Path.of(arguments[0]), "throughput-");
            EmbeddedSettings settings = Folders.settings().withNativeFolder(Path.of(arguments[0], "native"));
            if (sealed) {
                settings = settings.withKeys(KeyRing.open(folder.resolve("keys"), folder.resolve("master.key"), new SecureRandom()));
            }
            try (EmbeddedStore store = EmbeddedStore.open(folder, settings)) {
                AtomicLong done = new AtomicLong();
                long end = System.nanoTime() + 3_000_000_000L;
                Thread[] threads = new Thread[writers];
                for (int w = 0; w < writers; w++) {
                    int writer = w;
                    threads[w] = Thread.startVirtualThread(() -> {
                        for (int n = 0; System.nanoTime() < end; n++) {
                            store.commit(List.of(Operation.put("/pods/" + writer + "/" + n % 1000, value)));
                            done.incrementAndGet();
                        }
                    });
                }
                for (Thread thread : threads) {
                    thread.join();
                }
                System.out.println("writers=" + writers + " puts_per_s=" + done.get() / 3);
            }
            new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor();
        }
    }
}
