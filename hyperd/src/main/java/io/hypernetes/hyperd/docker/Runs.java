package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.Errno;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.container.AttachedClient;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import io.hypernetes.hyperd.volume.Ext4Disk;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.network.PortTakenException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes and ends the machines of Docker containers: a container's own disk and those of its volumes are attached to one machine for each run.
/// Safe for use by many threads.
final class Runs {
    private final DockerHouse house;

    Runs(DockerHouse house) {
        this.house = house;
    }

    /// A container in a machine.
    record Run(Sandbox sandbox, Container container) {}

    /// Somebody joined to a run.
    record Joined(Run run, AttachedClient client) {}

    /// A machine in which the container is, without being started.
    Run make(DockerRecord of, List<DockerRecord.Published> ports) {
        return make(of, ports, () -> house.networks().place(of));
    }

    /// A machine for its files alone, in no network.
    Run makeApart(DockerRecord of) {
        return make(of, List.of(), () -> DockerNetworks.Place.NOWHERE);
    }

    private Run make(DockerRecord of, List<DockerRecord.Published> ports, Supplier<DockerNetworks.Place> place) {
        List<MachineSpec.Volume> disks = house.volumes().attach(of);
        Sandbox sandbox = null;
        try {
            SandboxRequest machine = Wish.sandbox(of, ports, disks, place.get());
            Ext4Disk.make(house.disk(of.id()), Ext4Disk.ORDINARY_BYTES);
            sandbox = house.sandboxes().run(machine, house.disk(of.id()));
            Container container = house.sandboxes().create(
                    sandbox, Wish.container(of, machine, house.log(of.id())),
                    Wish.particulars(of, disks, ExtraHosts.file(of.hostConfig(), of.config().path("Hostname").asString(""), sandbox.record().attachment())));
            return new Run(sandbox, container);
        } catch (RuntimeException failure) {
            discard(sandbox, of);
            throw failure;
        }
    }

    /// Ends a machine so that all its disks are clean, and forgets it.
    void end(Run run, DockerRecord of) {
        house.sandboxes().shutDown(run.sandbox(), Duration.ZERO);
        discard(run.sandbox(), of);
    }

    /// Ends a machine whose own disk goes too, and forgets it. Volumes are left clean.
    void discard(@Nullable Sandbox sandbox, DockerRecord of) {
        if (sandbox != null) {
            house.sandboxes().remove(sandbox);
        }
        house.volumes().release(of);
    }

    /// Why a container could not be started, in the words that clients know.
    static DockerFailure told(RuntimeException failure, DockerRecord of) {
        String why = String.valueOf(failure.getMessage());
        if (failure instanceof GuestException refused && refused.kind() == GuestException.Kind.REFUSED && refused.step().equals("exec")) {
            return new DockerFailure(400, "failed to start the container's process: " + execRefusal(Wish.argv(of.config()).getFirst(), refused.errno()));
        }
        if (failure instanceof PortTakenException taken) {
            String at = taken.port().hostAddress();
            return new DockerFailure(500, "driver failed programming external connectivity on endpoint " + of.name() + ": Bind for "
                    + (at.isEmpty() ? "0.0.0.0" : at) + ":" + taken.port().hostPort() + " failed: port is already allocated: choose another, or end what has it,"
                    + " which docker ps shows if it is a container");
        }
        return failure instanceof DockerFailure known ? known : new DockerFailure(500, why);
    }

    /// The exit code of a container that could not be started.
    static int code(DockerFailure told) {
        String why = String.valueOf(told.getMessage());
        return why.contains("executable file not found") || why.contains("no such file") ? 127 : why.contains("permission denied") ? 126 : 128;
    }

    /// Why a program cannot be run.
    static String execRefusal(String program, int errno) {
        String reason = errno == Errno.ENOENT
                ? program.contains("/") ? "no such file or directory" : "executable file not found in $PATH"
                : errno == Errno.EACCES ? "permission denied" : Errno.name(errno);
        return "exec: \"" + program + "\": " + reason;
    }

    /// The address of a run's machine; empty when it has none.
    static String address(Sandbox sandbox) {
        var attachment = sandbox.record().attachment();
        return attachment == null ? "" : attachment.addresses().getFirst().split("/")[0];
    }
}
