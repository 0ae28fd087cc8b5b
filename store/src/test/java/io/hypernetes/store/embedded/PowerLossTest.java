package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.store.Operation;
import io.hypernetes.store.StoreUnavailableException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store on a disk of its own, an ext4 in a file. A copy of that file is what a machine would find after its power was cut: what was
/// only in memory is not in it. `-Dstore.powerlosses=1000` cuts more often than `./test` does.
class PowerLossTest {
    private static final int LOSSES = Integer.getInteger("store.powerlosses", 3);
    /// So often power is cut for what runs on one disk; the last copy is the disk that the next process goes on with.
    private static final int OF_ONE_LIFE = 4;
    /// So many fit onto one disk, with what is written in between.
    private static final int LIVES = 2;

    @TempDir
    Path folder;

    private Path mounted;

    @BeforeEach
    void makeDisk() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")) && Files.exists(Path.of("/dev/loop-control")),
                "POWER LOSS IS NOT TESTED: mounting a file system in a file needs root and loop devices");
        freshDisk();
    }

    private void freshDisk() throws Exception {
        Path disk = folder.resolve("disk");
        Files.deleteIfExists(disk);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(192 << 20);
        }
        run("mke2fs", "-q", "-F", "-t", "ext4", disk.toString());
        mounted = mount(disk, "mounted");
    }

    @AfterEach
    void unmount() throws Exception {
        for (String name : List.of("mounted", "copy-mounted")) {
            Path point = folder.resolve(name);
            if (Files.exists(point) && new ProcessBuilder("mountpoint", "-q", point.toString()).start().waitFor() == 0) {
                run("umount", point.toString());
            }
        }
    }

    @Test
    void everyWriteAcknowledgedBeforeThePowerFailsIsThere() throws Exception {
        Random random = new Random();
        long kept = 0;
        Ledger ledger = new Ledger(true);
        for (int lost = 0, life = 0; lost < LOSSES; life++) {
            if (life % LIVES == 0 && life > 0) {
                run("umount", mounted.toString());
                freshDisk();
                System.out.println("cut " + lost + " times, " + kept + " acknowledged writes, none lost; on this disk " + ledger.watches());
                ledger = new Ledger(life / LIVES % 2 == 0);
            }
            int losses = Math.min(OF_ONE_LIFE, LOSSES - lost);
            kept += losePower(random, losses, ledger);
            lost += losses;
        }
    }

    /// One process: its power is cut in its midst, on copies, and last in earnest.
    private long losePower(Random random, int losses, Ledger ledger) throws Exception {
        Path copy = folder.resolve("copy");
        try (Acknowledged acknowledged = Acknowledged.start(mounted.resolve("store"), ledger)) {
            for (int loss = 1; loss <= losses; loss++) {
                acknowledged.await(acknowledged.count() + 1 + random.nextInt(500));
                LockSupport.parkNanos(random.nextLong(3_000_000L));
                stop(acknowledged.pid());
                List<String> before = acknowledged.said();
                run("cp", "--sparse=always", folder.resolve("disk").toString(), copy.toString());
                if (loss < losses) {
                    run("kill", "-CONT", Long.toString(acknowledged.pid()));
                    Path point = mount(copy, "copy-mounted");
                    ledger.requireKept(point.resolve("store"), before);
                    run("umount", point.toString());
                }
            }
            acknowledged.kill();
            run("umount", mounted.toString());
            Files.move(copy, folder.resolve("disk"), StandardCopyOption.REPLACE_EXISTING);
            mount(folder.resolve("disk"), "mounted");
            ledger.requireKeptAtEnd(mounted.resolve("store"), acknowledged.said());
            return acknowledged.count();
        }
    }

    /// Stopped, so that the copy is one instant: a real loss of power does not go on writing either. On a busy machine a process goes on for a while
    /// after it was sent the signal; one that is waiting for its disk cannot do anything else meanwhile.
    private static void stop(long pid) throws Exception {
        run("kill", "-STOP", Long.toString(pid));
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!standsStill(pid)) {
            assertThat(System.nanoTime()).as("process " + pid + " stops in time").isLessThan(end);
            LockSupport.parkNanos(200_000);
        }
    }

    private static boolean standsStill(long pid) throws IOException {
        List<Path> threads;
        try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            threads = all.toList();
        }
        for (Path thread : threads) {
            try {
                String stat = Files.readString(thread.resolve("stat"));
                if ("TtDZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0) {
                    return false;
                }
            } catch (NoSuchFileException ended) {
                return false;
            }
        }
        return true;
    }

    @Test
    void aFullDiskRefusesWritesAndLosesNothing() throws Exception {
        EmbeddedSettings settings = Folders.settings().withReservedBytes(0);
        Path place = mounted.resolve("store");
        int kept = 0;
        try (EmbeddedStore store = EmbeddedStore.open(place, settings)) {
            Path ballast = mounted.resolve("ballast");
            Files.write(ballast, new byte[100 << 20]);
            int[] done = new int[1];
            assertThatThrownBy(() -> {
                        for (; done[0] < 400; done[0]++) {
                            byte[] value = new byte[1 << 20];
                            new Random(done[0]).nextBytes(value);
                            store.commit(List.of(Operation.create("/k/" + done[0], value)));
                        }
                    })
                    .isInstanceOf(StoreUnavailableException.class);
            kept = done[0];
            assertThat(kept).isPositive();
            assertThat(store.list("/k/", "", 0).entries()).as("readers go on").hasSize(kept);
            Files.delete(ballast);
            assertThatThrownBy(() -> store.commit(List.of(Operation.put("/after", new byte[0]))))
                    .as("nobody knows what the disk kept")
                    .isInstanceOf(StoreUnavailableException.class);
        }
        try (EmbeddedStore store = EmbeddedStore.open(place, settings)) {
            for (int i = 0; i < kept; i++) {
                assertThat(store.get("/k/" + i)).as("acknowledged write " + i).isPresent();
            }
            store.commit(List.of(Operation.put("/after", new byte[0])));
        }
    }

    private Path mount(Path disk, String name) throws Exception {
        Path point = Files.createDirectories(folder.resolve(name));
        run("mount", "-o", "loop", disk.toString(), point.toString());
        return point;
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(List.of(command) + ": " + output).isZero();
    }
}
