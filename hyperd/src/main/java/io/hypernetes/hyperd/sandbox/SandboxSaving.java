package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Machine;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// What a sandbox goes through when it is saved, and when it is restored to what was saved. Whoever calls holds the sandbox's lifecycle lock.
final class SandboxSaving {
    private final House house;
    private final Tether tether;
    private final Standstill standstill;
    private final SandboxVolumes volumes;
    private final SandboxContainers containers;
    private final SandboxEnd end;
    private final Supplier<Container.Surroundings> surroundings;
    private final Consumer<Container> ending;

    /// @param surroundings of its containers
    /// @param ending called when one of them has ended, before others learn it
    SandboxSaving(
            House house,
            Tether tether,
            Standstill standstill,
            SandboxVolumes volumes,
            SandboxContainers containers,
            SandboxEnd end,
            Supplier<Container.Surroundings> surroundings,
            Consumer<Container> ending) {
        this.house = house;
        this.tether = tether;
        this.standstill = standstill;
        this.volumes = volumes;
        this.containers = containers;
        this.end = end;
        this.surroundings = surroundings;
        this.ending = ending;
    }

    /// Stops its time for as long as it is being saved.
    Machine standStill() {
        return standstill.beginSaving();
    }

    /// Ends the session; returns when all that it brought is in the logs.
    void settleLogs() {
        // What changes while nobody can be told comes with the next session.
        tether.cutLine();
        volumes.close();
        containers.all().forEach(Container::settleLog);
    }

    /// Ends [#standStill].
    ///
    /// @param wasPaused whether its time stood still before
    void goOn(boolean wasPaused) {
        standstill.endSaving(wasPaused);
    }

    /// Tells the guest the time, of which it has missed some. One that does not answer goes on with the wrong time.
    void setClock() {
        standstill.setClock();
    }

    /// After a crash of the engine that was saving it.
    void goOnAfterCrash(Checkpointing driver) {
        standstill.endAfterCrash(driver);
    }

    /// Ends as it stands: nobody asks the guest for its last output.
    void endWithoutLastWords(String why) {
        tether.letGo();
        end.stop(why);
    }

    /// Ends the machine; the sandbox and its containers stay what they are to whoever looks, until [#exchangeContainers].
    void dropMachine() {
        end.dropMachine();
    }

    /// Has the machine of a checkpoint made, which takes long.
    Machine loaded(Supplier<Machine> load) {
        return end.loaded(load);
    }

    /// Has the containers of a checkpoint in the place of its own. There is no instant without any: a kubelet would start them anew.
    void exchangeContainers(List<ContainerRecord> saved) {
        containers.all().forEach(Container::retire);
        house.journal().exchangeContainers(containers.ids(), saved);
        containers.exchange(saved, surroundings.get(), ending);
    }
}
