package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.hyperd.docker.Runs.Run;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One Docker container: a sandbox with one container while it runs, a disk and a record while it does not. Safe for use by many threads.
final class DockerContainer {
    private final DockerHouse house;
    private final Runs runs;
    private final RunControl control;
    private final Standing standing;
    private final ContainerLife life;

    DockerContainer(DockerRecord record, DockerHouse house, Consumer<DockerContainer> removed) {
        this.standing = new Standing(record, house.journal());
        this.house = house;
        this.runs = new Runs(house);
        this.control = new RunControl(house, record.id());
        this.life = new ContainerLife(standing, house, () -> removed.accept(this));
    }

    DockerRecord record() {
        return standing.record();
    }

    String id() {
        return record().id();
    }

    boolean isGone() {
        return standing.isGone();
    }

    Run running() {
        Run now = life.run();
        if (now == null || !record().isRunning()) {
            throw new DockerFailure(409, "container " + id() + " is not running");
        }
        return now;
    }

    @Nullable Run runNow() {
        return life.run();
    }

    /// How it fares by its checks; null when it has none or does not run.
    @Nullable Health health() {
        return life.health();
    }

    /// A line of `docker ps`.
    ObjectNode row() {
        ObjectNode row = ContainerJson.row(record(), house.now(), house.volumes(), life.health());
        return isPaused() ? ContainerJson.pausedRow(row) : row;
    }

    /// What `docker inspect` prints.
    ObjectNode whole() {
        ObjectNode whole = ContainerJson.whole(record(), house.log(id()).toString(), house.volumes(), life.health());
        Run now = life.run();
        if (now != null && !now.sandbox().coldReason().isEmpty()) {
            whole.withObject("State").put("StartedCold", now.sandbox().coldReason());
        }
        return isPaused() ? ContainerJson.pausedWhole(whole) : whole;
    }

    /// As [ContainerLife#start].
    boolean start() {
        return life.start();
    }

    /// As [ContainerLife#stop].
    boolean stop(int signal, int seconds) throws InterruptedException {
        return life.stop(signal, seconds);
    }

    /// As [ContainerLife#remove].
    void remove(boolean force, boolean volumes) throws InterruptedException {
        life.remove(force, volumes);
    }

    /// As [ContainerLife#recover].
    void recover(@Nullable Sandbox sandbox) {
        life.recover(sandbox);
    }

    void kill(int signal) {
        Run of = running();
        if (signal != 9 && of.sandbox().isPaused()) {
            throw new DockerFailure(409, "container " + record().name() + " is paused: unpause it before it can take a signal");
        }
        if (signal == 9) {
            update(record().with(record().state().stoppedByUser(true)));
        }
        control.signal(of, signal, SignalTarget.FIRST_PROCESS);
        tell("kill", Map.of("signal", Integer.toString(signal)));
    }

    /// Puts it into one more network, at once when it runs.
    void join(NetworkRecord network, DockerRecord.Endpoint place) {
        life.holding(() -> {
            if (record().endpoint(network.id()).isPresent()) {
                if (life.run() == null) {
                    return;
                }
                throw new DockerFailure(403, "endpoint with name " + record().name() + " already exists in network " + network.name());
            }
            List<DockerRecord.Endpoint> all = new ArrayList<>(record().networks());
            all.add(place);
            house.networks().holding(List.of(place), () -> move(all));
            house.networks().tell("connect", network, Map.of("container", id()));
        });
    }

    /// Takes it out of a network, at once when it runs.
    void leave(NetworkRecord network) {
        life.holding(() -> {
            if (record().endpoint(network.id()).isEmpty()) {
                throw new DockerFailure(403, "container " + id() + " is not connected to network " + network.name());
            }
            move(record().networks().stream().filter(endpoint -> !endpoint.network().equals(network.id())).toList());
            house.networks().tell("disconnect", network, Map.of("container", id()));
        });
    }

    // The record first: a process that comes after makes the rules what it says.
    private void move(List<DockerRecord.Endpoint> networks) {
        update(record().in(networks));
        Run now = life.run();
        if (now != null) {
            house.networks().moved(record(), now.sandbox());
        }
    }

    boolean isPaused() {
        Run now = life.run();
        return now != null && now.sandbox().isPaused();
    }

    /// @throws DockerFailure 409 when it does not run, or is paused
    Run unpaused(String before) {
        Run now = running();
        if (now.sandbox().isPaused()) {
            throw new DockerFailure(409, "container " + record().name() + " is paused, unpause the container before " + before);
        }
        return now;
    }

    /// Stops time for its whole machine, or lets it go on.
    void pause(boolean yes) {
        life.holding(() -> {
            Run of = running();
            if (of.sandbox().isSurelyPaused() == yes) {
                throw new DockerFailure(409, "container " + record().name() + (yes ? " is already paused" : " is not paused"));
            }
            if (yes) {
                of.sandbox().pause();
            } else {
                of.sandbox().resume();
            }
            tell(yes ? "pause" : "unpause", Map.of());
        });
    }

    /// Changes limits and restart policy, in its machine too when it runs. What is 0 or empty in `asked` stays.
    void change(JsonNode asked) {
        life.holding(() -> {
            DockerRecord next = record().withHostConfig(Changes.applied(record().hostConfig(), asked));
            Run now = life.run();
            if (now != null && record().isRunning() && Changes.ofResources(asked)) {
                control.limit(unpaused("its limits are changed"), next);
            }
            update(next);
            tell("update", Map.of());
        });
    }

    /// Something done with the guest in which a container is.
    interface WithGuest {
        void act(Guest guest) throws IOException;
    }

    /// Does it in its machine; when there is none, in one made for the purpose, where the container is there without being started.
    void withGuest(WithGuest action) throws IOException {
        if (life.run() != null && record().isRunning()) {
            action.act(unpaused("its files are copied").sandbox().guest());
            return;
        }
        life.holding(() -> {
            if (life.run() != null) {
                action.act(unpaused("its files are copied").sandbox().guest());
                return;
            }
            // After a crash it is found without a started container, and removed.
            Run made = runs.makeApart(record());
            try {
                action.act(made.sandbox().guest());
            } finally {
                runs.end(made, record());
            }
        });
    }

    StandardStreams streams() {
        return life.streams();
    }

    /// Waits until it does not run, ends the next time, or is removed.
    ///
    /// @param abandoned whether nobody wants to know any more; asked at each change and [#wake]
    void await(String condition, int seen, BooleanSupplier abandoned) throws InterruptedException {
        standing.await(() -> abandoned.getAsBoolean() || switch (condition) {
            case "removed" -> false;
            case "next-exit" -> ends() > seen;
            default -> life.run() == null && record().state().phase() != DockerRecord.Phase.RESTARTING;
        });
    }

    /// Lets those who wait ask again whether anybody still wants to know.
    void wake() {
        standing.wake();
    }

    int ends() {
        return standing.ends();
    }

    void rename(String name) {
        update(record().named(name));
        tell("rename", Map.of());
    }

    void tell(String action, Map<String, String> more) {
        house.tell(record(), action, more);
    }

    private void update(DockerRecord next) {
        standing.update(next);
    }
}
