package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Commit;
import io.hypernetes.store.Operation;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/// A process that writes as fast as it can until it is killed. Writer `w` makes `/w/W/000…N` and sets `/last/W` to N in one commit, and
/// prints `W N revision` only after the store acknowledged it.
final class WriterUnderLoad {
    static final int WRITERS = 16;

    private WriterUnderLoad() {}

    public static void main(String[] arguments) throws Exception {
        EmbeddedStore store = EmbeddedStore.open(
                Path.of(arguments[0]),
                EmbeddedSettings.defaults().withNativeFolder(Path.of(arguments[1])).withReservedBytes(1 << 20));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, UTF_8);
        byte[] payload = new byte[500];
        Thread[] threads = new Thread[WRITERS];
        for (int w = 0; w < WRITERS; w++) {
            int writer = w;
            long first = store.get("/last/" + writer).map(entry -> Long.parseLong(new String(entry.value(), UTF_8)) + 1).orElse(0L);
            threads[w] = Thread.startVirtualThread(() -> {
                for (long n = first; ; n++) {
                    Commit commit = store.commit(List.of(
                            Operation.create(key(writer, n), payload),
                            Operation.put("/last/" + writer, Long.toString(n).getBytes(UTF_8))));
                    synchronized (out) {
                        out.println(writer + " " + n + " " + commit.revision());
                        out.flush();
                    }
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    static String key(int writer, long n) {
        return "/w/%d/%09d".formatted(writer, n);
    }
}
