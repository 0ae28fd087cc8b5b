package io.hypernetes.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

/// What every driver must do. The guest is `src/test/guest/init.c`.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
public abstract class HypervisorContract {
    protected static final String PARENT = "hn-contract-" + ProcessHandle.current().pid();

    @TempDir
    protected Path temp;

    private Machine machine;
    private Machine other;

    /// A new driver, as after a start of the engine.
    protected abstract Hypervisor hypervisor();

    protected abstract GuestKernel kernel();

    /// Another open tap at each call, if the driver is to be tried with a NIC.
    protected MachineSpec.@Nullable Nic nic() {
        return null;
    }

    /// Fails when something of a destroyed machine is left beyond its process and folder.
    protected abstract void assertNothingLeft(MachineRecord record);

    @AfterEach
    void destroy() {
        if (machine != null) {
            machine.destroy();
        }
        if (other != null) {
            other.destroy();
        }
    }

    private MachineSpec spec() throws Exception {
        return new MachineSpec(
                UUID.randomUUID(), "contract", temp.resolve("vm"), kernel(), 1, 128, scratch("scratch"), nic(), PARENT, 512);
    }

    private Path scratch(String name) throws Exception {
        Path scratch = temp.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(scratch.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        return scratch;
    }

    @Test
    void aMachineLivesThroughDisksAPauseAndANewEngineAndLeavesNothing() throws Exception {
        long begin = System.nanoTime();
        MachineSpec spec = spec();
        try (Hypervisor first = hypervisor()) {
            machine = first.start(spec);
        }
        try (Guest guest = new Guest(machine)) {
            assertThat(guest.ask("echo hello")).isEqualTo("hello");
            System.out.println("first answer of " + getClass().getSimpleName() + " after " + (System.nanoTime() - begin) / 1_000_000 + " ms");
            assertThat(guest.ask("write scratch written-inside")).isEqualTo("ok");
            assertThat(guest.ask("nics")).contains("00:00:00:00:00:00").contains(nicAddress(spec));
            Path one = layer("one", 4096);
            Path two = layer("two", 8192);
            machine.appendLayers(List.of(one));
            assertThat(guest.ask("read layers 0")).isEqualTo("one");
            machine.appendLayers(List.of(one, two));
            assertThat(guest.ask("read layers 0")).isEqualTo("one");
            assertThat(guest.ask("read layers 4096")).isEqualTo("two");
            assertThat(guest.ask("write layers nothing")).isNotEqualTo("ok");
            machine.pause();
            machine.resume();
            assertThat(guest.ask("echo after a pause")).isEqualTo("after a pause");
        }
        MachineRecord record = machine.record();
        try (Hypervisor second = hypervisor()) {
            Machine adopted = second.adopt(record).orElseThrow();
            try (Guest guest = new Guest(adopted)) {
                assertThat(guest.ask("echo again")).isEqualTo("again");
                adopted.appendLayers(List.of(layer("one", 4096), layer("two", 8192), layer("three", 4096)));
                assertThat(guest.ask("read layers 12288")).isEqualTo("three");
            }
            assertThat(adopted.usage().pssBytes()).isBetween(20L << 20, 500L << 20);
            assertThat(adopted.usage().cpuNanos()).isPositive();
            assertThat(adopted.awaitExit(Duration.ofMillis(10))).isEmpty();
            adopted.destroy();
            adopted.destroy();
            assertThat(adopted.awaitExit(Duration.ofSeconds(60))).isPresent();
            assertThat(second.adopt(record)).isEmpty();
        }
        assertThat(Files.readString(spec.scratchDisk()).substring(0, 14)).isEqualTo("written-inside");
        assertThat(ProcessHandle.of(record.pid()).filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(record.folder()).doesNotExist();
        assertNothingLeft(record);
    }

    @Test
    void aVolumeIsWrittenByOneMachineOrReadByMany() throws Exception {
        List<MachineSpec.Volume> volumes = new java.util.ArrayList<>();
        for (int i = 0; i < 5; i++) {
            volumes.add(new MachineSpec.Volume("vol-" + i, scratch("volume-" + i), false));
        }
        try (Hypervisor hypervisor = hypervisor()) {
            machine = hypervisor.start(withVolumes("writer", volumes));
            try (Guest guest = new Guest(machine)) {
                assertThat(guest.ask("write vol-4 kept-for-later")).isEqualTo("ok");
                assertThat(guest.ask("read vol-0 0")).isEmpty();
            }
            MachineSpec.Volume last = volumes.getLast();
            MachineSpec.Volume reading = new MachineSpec.Volume("vol-4", last.file(), true);
            assertThatThrownBy(() -> hypervisor.start(withVolumes("second", List.of(last)))).hasMessageContaining("in use by another machine");
            assertThatThrownBy(() -> hypervisor.start(withVolumes("reader", List.of(reading)))).hasMessageContaining("in use by another machine");
            machine.destroy();
            machine = hypervisor.start(withVolumes("reader", List.of(reading)));
            other = hypervisor.start(withVolumes("other", List.of(reading)));
            try (Guest guest = new Guest(machine)) {
                assertThat(guest.ask("read vol-4 0")).isEqualTo("kept-for-later");
                assertThat(guest.ask("write vol-4 nothing")).isNotEqualTo("ok");
            }
            assertThatThrownBy(() -> hypervisor.start(withVolumes("second", List.of(last)))).hasMessageContaining("in use by another machine");
        }
    }

    private MachineSpec withVolumes(String name, List<MachineSpec.Volume> volumes) throws Exception {
        return new MachineSpec(
                UUID.randomUUID(), name, temp.resolve(name), kernel(), 1, 128, scratch(name + "-scratch"), nic(), PARENT, 512, volumes);
    }

    @Test
    void copiesOfATemplateGoOnWhereItStoodAndBelongToNobodyElse() throws Exception {
        MachineSpec spec = spec();
        try (Hypervisor first = hypervisor()) {
            Templating templating = first.templating().orElse(null);
            assumeTrue(templating != null, "this driver makes no templates");
            MachinePlace nursery = place("template");
            MachineSpec.Nic firstTap = Objects.requireNonNull(nic());
            MachineSpec.Nic secondTap = Objects.requireNonNull(nic());
            Path nurserysDisk = scratch("template-scratch");
            try (Template template = templating.make(new MachineKind(spec.kernel(), 2, 256), nursery, nurserysDisk, running -> remember(running, "seed"))) {
                try (InputStream written = Files.newInputStream(nurserysDisk)) {
                    assertThat(new String(written.readNBytes(15), StandardCharsets.US_ASCII)).isEqualTo("by-the-template");
                }
                assertThat(template.bytes()).isBetween(5L << 20, 400L << 20);
                Path othersDisk = scratch("other-scratch");
                other = template.copy(place("other"), secondTap, () -> othersDisk, 0);
                long begin = System.nanoTime();
                machine = template.copy(place("copy"), firstTap, spec::scratchDisk, 512);
                try (Guest guest = new Guest(machine)) {
                    assertThat(guest.ask("recall")).isEqualTo("seed");
                    System.out.println("first answer of a copy of " + getClass().getSimpleName() + " after " + (System.nanoTime() - begin) / 1_000_000 + " ms");
                    assertThat(guest.ask("remember mine")).isEqualTo("ok");
                    assertThat(guest.ask("write scratch written-inside")).isEqualTo("ok");
                    machine.appendLayers(List.of(layer("one", 4096)));
                    machine.appendLayers(List.of(layer("one", 4096), layer("two", 8192)));
                    assertThat(guest.ask("read layers 0")).isEqualTo("one");
                    assertThat(guest.ask("read layers 4096")).isEqualTo("two");
                }
                try (Guest guest = new Guest(other)) {
                    assertThat(guest.ask("recall")).isEqualTo("seed");
                    assertThat(guest.ask("read scratch 0")).isEmpty();
                }
                other.destroy();
            }
            assertThat(nursery.folder()).doesNotExist();
        }
        // The template is closed and its engine gone; the copy lives on.
        try (Hypervisor second = hypervisor()) {
            Machine adopted = second.adopt(machine.record()).orElseThrow();
            try (Guest guest = new Guest(adopted)) {
                assertThat(guest.ask("recall")).isEqualTo("mine");
                adopted.appendLayers(List.of(layer("one", 4096), layer("two", 8192), layer("three", 4096)));
                assertThat(guest.ask("read layers 12288")).isEqualTo("three");
                assertThat(guest.ask("echo still here")).isEqualTo("still here");
            }
            adopted.destroy();
        }
        assertThat(Files.readString(spec.scratchDisk()).substring(0, 14)).isEqualTo("written-inside");
        assertThat(machine.record().folder()).doesNotExist();
        assertNothingLeft(machine.record());
    }

    @Test
    void aMachineIsWrittenToAFileAndGoesOnFromThere() throws Exception {
        MachineSpec spec = spec();
        try (Hypervisor first = hypervisor()) {
            assumeTrue(first.checkpointing().isPresent(), "this driver makes no checkpoints");
            machine = first.start(spec);
            goesOn(machine, spec.scratchDisk(), "booted");
            if (first.templating().isPresent()) {
                MachineSpec.Nic tap = Objects.requireNonNull(nic());
                try (Template template = first.templating().get().make(new MachineKind(spec.kernel(), 2, 256), place("template"), scratch("template-scratch"), running -> remember(running, "seed"))) {
                    Path disk = scratch("copy-scratch");
                    machine = template.copy(place("copy"), tap, () -> disk, 0);
                    goesOn(machine, disk, "copy");
                }
            }
        }
    }

    /// Saves a machine, lets it go on and end, and meets it again where it was saved: by another engine, with the disk of that time.
    private void goesOn(Machine saved, Path disk, String name) throws Exception {
        Path file = temp.resolve(name + "-saved");
        Path kept = temp.resolve(name + "-disk");
        List<Path> layers = List.of(layer("one", 4096), layer("two", 8192));
        SavedMachine known;
        try (Guest guest = new Guest(saved)) {
            assertThat(guest.ask("remember " + name)).isEqualTo("ok");
            assertThat(guest.ask("write scratch before")).isEqualTo("ok");
            saved.appendLayers(layers);
            assertThat(guest.ask("read layers 0")).isEqualTo("one");
        }
        try (Hypervisor second = hypervisor()) {
            saved.pause();
            known = second.checkpointing().orElseThrow().save(second.adopt(saved.record()).orElseThrow(), layers, file);
            Files.copy(disk, kept);
        }
        System.out.println("saved " + getClass().getSimpleName() + " " + name + ": " + (Files.size(file) >> 20) + " MiB, " + known);
        saved.resume();
        try (Guest guest = new Guest(saved)) {
            assertThat(guest.ask("recall")).isEqualTo(name);
            assertThat(guest.ask("read layers 4096")).isEqualTo("two");
            assertThat(guest.ask("remember later")).isEqualTo("ok");
            assertThat(guest.ask("write scratch later")).isEqualTo("ok");
        }
        saved.destroy();
        Path half = temp.resolve(name + "-half");
        byte[] all = Files.readAllBytes(file);
        Files.write(half, java.util.Arrays.copyOf(all, all.length / 2));
        try (Hypervisor third = hypervisor()) {
            Checkpointing checkpointing = third.checkpointing().orElseThrow();
            MachinePlace place = place(name + "-again");
            assertThatThrownBy(() -> checkpointing.load(known, place, Objects.requireNonNull(nic()), kept, layers, half))
                    .isInstanceOf(HypervisorException.class);
            assertThat(place.folder()).doesNotExist();
            SavedMachine foreign = new SavedMachine("another", known.type(), known.acpi(), known.vcpus(), known.memoryMib(), known.memory());
            assertThatThrownBy(() -> checkpointing.load(foreign, place, Objects.requireNonNull(nic()), kept, layers, file))
                    .hasMessageContaining("another").hasMessageContaining(known.hypervisor());
            machine = checkpointing.load(known, place, Objects.requireNonNull(nic()), kept, layers, file).release(512);
            try (Guest guest = new Guest(machine)) {
                assertThat(guest.ask("recall")).isEqualTo(name);
                assertThat(guest.ask("read scratch 0")).isEqualTo("before");
                assertThat(guest.ask("read layers 4096")).isEqualTo("two");
                assertThat(guest.ask("write scratch after")).isEqualTo("ok");
            }
            assertThat(Files.readString(kept).substring(0, 5)).isEqualTo("after");
            machine.destroy();
        }
    }

    @Test
    void aTemplateWhoseGuestDoesNotComeToRestIsNone() throws Exception {
        MachineSpec spec = spec();
        try (Hypervisor hypervisor = hypervisor()) {
            Templating templating = hypervisor.templating().orElse(null);
            assumeTrue(templating != null, "this driver makes no templates");
            MachinePlace nursery = place("restless");
            assertThatThrownBy(() -> templating.make(new MachineKind(spec.kernel(), 1, 128), nursery, spec.scratchDisk(), running -> {
                        throw new IllegalStateException("no rest");
                    }))
                    .hasMessageContaining("no rest");
            assertThat(nursery.folder()).doesNotExist();
        }
    }

    private MachinePlace place(String name) {
        return new MachinePlace(UUID.randomUUID(), name, temp.resolve(name), PARENT);
    }

    private static void remember(Machine running, String word) {
        try (Guest guest = new Guest(running)) {
            assertThat(guest.ask("remember " + word)).isEqualTo("ok");
            assertThat(guest.ask("write scratch by-the-template")).isEqualTo("ok");
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void aKernelThatIsNoneFailsWithWhatTheHypervisorSaid() throws Exception {
        MachineSpec good = spec();
        Path bad = Files.writeString(temp.resolve("bad"), "not a kernel");
        GuestKernel kernel = new GuestKernel("bad", bad, good.kernel().initramfs(), false);
        MachineSpec spec = new MachineSpec(
                good.uuid(), "bad", good.folder(), kernel, 1, 128, good.scratchDisk(), null, PARENT, 0);
        try (Hypervisor hypervisor = hypervisor()) {
            assertThatThrownBy(() -> hypervisor.start(spec))
                    .isInstanceOf(HypervisorException.class)
                    .hasMessageContaining("bad")
                    .hasMessageContaining("printed: ");
        }
        assertThat(good.folder()).doesNotExist();
    }

    private static String nicAddress(MachineSpec spec) {
        return spec.nic() == null ? "" : spec.nic().mac();
    }

    private Path layer(String text, int size) throws Exception {
        Path file = temp.resolve(text);
        Files.write(file, ByteBuffer.allocate(size).put(text.getBytes(StandardCharsets.UTF_8)).array());
        return file;
    }

    /// The host's end of the test guest.
    private static final class Guest implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader lines;

        Guest(Machine machine) {
            channel = machine.connectGuest();
            lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        }

        String ask(String line) throws Exception {
            channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
            return lines.readLine();
        }

        @Override
        public void close() throws Exception {
            channel.close();
        }
    }
}
