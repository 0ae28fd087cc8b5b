package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Change;
import io.hypernetes.store.Commit;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Watch;
import io.hypernetes.store.keys.KeyRing;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// A process that writes, reads and watches as fast as it can until it is killed, and prints what it was told, one line each, the end marked:
///
/// * `A W N REVISION`: the store acknowledged commit N of writer W. That makes `/w/W/000…N`, sets `/last/W` to N, and now and then begins or
///   ends an owner of its own, whose key begins and ends with it in a sealed store;
/// * `G W N`: a reader saw N in `/last/W`;
/// * `E F W N REVISION`: follower F saw `/w/W/000…N` on its watch, which it gives up and begins anew all the time;
/// * `L F REVISION N…`: follower F was told that its history is gone, and listed: the last N of each writer.
///
/// Arguments: folder, native folder, `sealed` or `open`, and for each follower where it was in a life before: `LAST-REVISION`, `-1` when nowhere.
final class WriterUnderLoad {
    static final int WRITERS = 16;
    static final int FOLLOWERS = 2;
    static final String END = ".";
    private static final int OWNER_EVERY = 20;
    private static final int OWNER_LIVES = 30;

    private final EmbeddedStore store;
    private final PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, UTF_8);

    private WriterUnderLoad(EmbeddedStore store) {
        this.store = store;
    }

    public static void main(String[] arguments) throws Exception {
        EmbeddedSettings settings =
                EmbeddedSettings.defaults().withNativeFolder(Path.of(arguments[1])).withReservedBytes(1 << 20);
        WriterUnderLoad load = new WriterUnderLoad(open(Path.of(arguments[0]), settings, arguments[2].equals("sealed")));
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < WRITERS; w++) {
            int writer = w;
            threads.add(Thread.ofVirtual().unstarted(() -> load.write(writer)));
        }
        for (int f = 0; f < FOLLOWERS; f++) {
            int follower = f;
            long after = Long.parseLong(arguments[3 + f]);
            threads.add(Thread.ofVirtual().unstarted(() -> load.follow(follower, after)));
        }
        threads.add(Thread.ofVirtual().unstarted(load::read));
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /// The store in `folder`; its keys, when it has any, are beside it.
    static EmbeddedStore open(Path folder, EmbeddedSettings settings, boolean sealed) {
        return EmbeddedStore.open(folder, sealed
                ? settings.withKeys(KeyRing.open(folder.resolveSibling(folder.getFileName() + ".keys"),
                        folder.resolveSibling(folder.getFileName() + ".master"), new SecureRandom()))
                : settings);
    }

    private void write(int writer) {
        for (long n = last(writer) + 1; ; n++) {
            List<Operation> operations = new ArrayList<>(List.of(
                    Operation.create(key(writer, n), content(writer, n)), Operation.put("/last/" + writer, Long.toString(n).getBytes(UTF_8))));
            if (n % OWNER_EVERY == 0) {
                operations.add(Operation.create(ownerKey(writer, n), content(writer, n)));
            } else if (n >= OWNER_LIVES && (n - OWNER_LIVES) % OWNER_EVERY == 0) {
                operations.add(Operation.delete(ownerKey(writer, n - OWNER_LIVES)));
            }
            Commit commit = store.commit(operations);
            print(true, "A", writer, n, commit.revision());
        }
    }

    private void read() {
        long[] seen = new long[WRITERS];
        Arrays.fill(seen, -1);
        while (true) {
            for (int writer = 0; writer < WRITERS; writer++) {
                long last = last(writer);
                if (last > seen[writer]) {
                    seen[writer] = last;
                    print(false, "G", writer, last);
                }
            }
            Thread.yield();
        }
    }

    private void follow(int follower, long from) {
        Random random = new Random();
        long after = from;
        while (true) {
            try (Watch watch = store.watch("/w/", after)) {
                for (int left = 1 + random.nextInt(400); left > 0; left--) {
                    Optional<Change> change = watch.next(Duration.ofSeconds(1));
                    if (change.isPresent()) {
                        String[] parts = change.get().entry().key().split("/");
                        after = change.get().entry().revision();
                        print(false, "E", follower, parts[2], Long.parseLong(parts[3]), after);
                    }
                }
            } catch (CompactedException e) {
                after = list(follower);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private long list(int follower) {
        Page page = store.list("/w/", "", 0);
        long[] last = new long[WRITERS];
        Arrays.fill(last, -1);
        page.entries().forEach(entry -> {
            String[] parts = entry.key().split("/");
            last[Integer.parseInt(parts[2])] = Long.parseLong(parts[3]);
        });
        print(false, "L", follower, page.revision(), Arrays.stream(last).mapToObj(Long::toString).collect(Collectors.joining(" ")));
        return page.revision();
    }

    private long last(int writer) {
        return store.get("/last/" + writer).map(entry -> Long.parseLong(new String(entry.value(), UTF_8))).orElse(-1L);
    }

    private void print(boolean now, Object... parts) {
        String line = Arrays.stream(parts).map(Object::toString).collect(Collectors.joining(" ")) + " " + END;
        synchronized (out) {
            out.println(line);
            if (now) {
                out.flush();
            }
        }
    }

    static String key(int writer, long n) {
        return "/w/%d/%09d".formatted(writer, n);
    }

    /// 200 to 4,296 bytes that cannot be compressed.
    static byte[] content(int writer, long n) {
        SplittableRandom random = new SplittableRandom(writer * 1_000_003L + n);
        byte[] content = new byte[200 + random.nextInt(4097)];
        random.nextBytes(content);
        return content;
    }

    /// What the owners of a writer that ended with commit `last` are to hold.
    static List<String> ownerKeys(int writer, long last) {
        List<String> keys = new ArrayList<>();
        for (long n = 0; n <= last; n += OWNER_EVERY) {
            if (n + OWNER_LIVES > last) {
                keys.add(ownerKey(writer, n));
            }
        }
        return keys;
    }

    private static String ownerKey(int writer, long n) {
        return "/own-%d-%d/x".formatted(writer, n);
    }
}
