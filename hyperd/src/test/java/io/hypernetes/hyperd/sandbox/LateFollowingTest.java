package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.FolderWatch;
import io.hypernetes.hypervisor.MachineRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A session that is met just when its pod ends may come to its volumes behind the end: what it watched then would be watched as long as hyperd lives.
class LateFollowingTest {
    @TempDir
    private Path place;

    private final FolderWatch watch = new FolderWatch();
    private final SandboxVolumes volumes = new SandboxVolumes("pod", watch);
    private Map<String, SandboxRecord.Volume> config = Map.of();

    @BeforeEach
    void aFolder() throws IOException {
        Path folder = Files.createDirectories(place.resolve("config"));
        config = Map.of("config", new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, folder.toString(), 1 << 20));
    }

    @AfterEach
    void close() {
        volumes.close();
        watch.close();
    }

    @Test
    void aLineThatWasCutFollowsNothing() throws IOException {
        GuestLine line = line();
        volumes.catchUp(config, line);
        assertThat(watches()).as("while there is a pod").isEqualTo(1);
        line.close();
        volumes.close();
        assertThat(watches()).as("behind its end").isZero();
        volumes.catchUp(config, line);
        assertThat(watches()).as("by a session that came too late").isZero();
    }

    /// As after a checkpoint.
    @Test
    void theNextLineFollowsAgain() throws IOException {
        GuestLine line = line();
        volumes.catchUp(config, line);
        line.close();
        volumes.close();
        volumes.catchUp(config, line());
        assertThat(watches()).isEqualTo(1);
    }

    /// How often this process watches the folder, as its kernel says.
    private long watches() throws IOException {
        Object inode = Files.getAttribute(place.resolve("config"), "unix:ino");
        String watched = " ino:" + Long.toHexString(((Number) inode).longValue()) + " ";
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fdinfo"))) {
            return descriptors.flatMap(LateFollowingTest::lines).filter(line -> line.startsWith("inotify ") && line.contains(watched)).count();
        }
    }

    private static Stream<String> lines(Path descriptor) {
        try {
            return Files.readAllLines(descriptor).stream();
        } catch (NoSuchFileException closed) {
            return Stream.of();
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private GuestLine line() {
        World world = new World();
        World.Hand hand = new World.Hand(-1);
        MachineRecord record = new MachineRecord(UUID.randomUUID(), "pod", place, 4711, 1, "boot", "cgroup");
        return new GuestLine("pod", new FakeParts.FakeMachine(world, hand, record, new World.MachineState("pod", place)), FakeGuest.door(hand), new GuestLine.Follower() {
            @Override
            public void attached(Guest guest) {}

            @Override
            public void exited(ContainerExit exit) {}

            @Override
            public void outOfMemory(String container, long kills) {}
        });
    }
}
