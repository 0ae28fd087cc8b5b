package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.hypervisor.SavedMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Machines of a [World] that are saved in it, and loaded as often as somebody likes.
///
/// @param hand every change is two steps, as those of [FakeParts]
record FakeCheckpointing(World world, World.Hand hand) implements Checkpointing {

    @Override
    public SavedMachine save(Machine machine, List<Path> layers, Path file) {
        hand.step("save machine");
        try {
            // What tells it from others when the checkpoint has got its name.
            Files.writeString(file, machine.record().uuid().toString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        world.whileSaving.accept(((FakeParts.FakeMachine) machine).state());
        world.saved.put(machine.record().uuid(), ((FakeParts.FakeMachine) machine).state().copy());
        hand.step("machine saved");
        return new SavedMachine("fake", "fake", false, 1, 64, "");
    }

    @Override
    public void abandon(Machine machine, List<Path> layers) {
        hand.alive();
    }

    @Override
    public ParkedMachine load(SavedMachine saved, MachinePlace place, MachineSpec.Nic nic, Path scratchDisk, List<Path> layers, Path file) {
        hand.step("load machine");
        world.whileLoading.run();
        World.MachineState state = Objects.requireNonNull(world.saved.get(place.uuid())).copy();
        if (world.machines.putIfAbsent(place.uuid(), state) != null) {
            throw new IllegalStateException("machine " + place.uuid() + " was started twice");
        }
        hand.step("machine loaded");
        MachineRecord record = new MachineRecord(place.uuid(), place.name(), place.folder(), 4711, 1, "boot", place.cgroupParent() + "/" + place.name());
        return new Parked(new FakeParts.FakeMachine(world, hand, record, state));
    }

    private record Parked(FakeParts.FakeMachine machine) implements ParkedMachine {
        @Override
        public MachineRecord record() {
            return machine.record();
        }

        @Override
        public Machine release(int hostMemoryLimitMib) {
            machine.resume();
            return machine;
        }

        @Override
        public Optional<String> ended() {
            return Optional.empty();
        }

        @Override
        public void destroy() {
            machine.destroy();
        }
    }
}
