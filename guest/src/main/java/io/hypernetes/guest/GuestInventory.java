package io.hypernetes.guest;

import java.util.List;
import java.util.Optional;

/// What is in the guest now.
public record GuestInventory(List<Container> containers, List<Volume> volumes) {

    public GuestInventory {
        containers = List.copyOf(containers);
        volumes = List.copyOf(volumes);
    }

    /// The container with that id.
    public Optional<Container> container(String id) {
        return containers.stream().filter(container -> container.id().equals(id)).findFirst();
    }

    public enum State {
        PREPARED,
        RUNNING,
        EXITED
    }

    /// @param id the container's id
    /// @param state where it stands
    /// @param pid in the guest; 0 before the start
    /// @param startedNanos nanoseconds since 1970; 0 before the start
    /// @param exitedNanos nanoseconds since 1970; 0 before the exit
    /// @param exitCode 0 to 255
    /// @param signal that killed it, else 0
    /// @param oomKilled killed for want of memory
    /// @param tty has a terminal
    /// @param stdin how many bytes of standard input were accepted, and whether it has ended; empty without standard input
    /// @param outputs its output streams
    /// @param uid user of the first process
    /// @param gid group of the first process
    /// @param groups supplementary groups
    /// @param error why it could not be started; empty when it could
    public record Container(
            String id,
            State state,
            int pid,
            long startedNanos,
            long exitedNanos,
            int exitCode,
            int signal,
            boolean oomKilled,
            boolean tty,
            Optional<Input> stdin,
            List<Output> outputs,
            long uid,
            long gid,
            List<Long> groups,
            String error) {

        public Container {
            outputs = List.copyOf(outputs);
            groups = List.copyOf(groups);
        }

        /// The output stream of that kind.
        public Optional<Output> output(OutputKind kind) {
            return outputs.stream().filter(output -> output.kind() == kind).findFirst();
        }
    }

    /// @param accepted bytes of standard input taken by the guest so far
    /// @param ended no more is taken
    public record Input(long accepted, boolean ended) {}

    /// The bytes from `acknowledged` up to `written` are kept in the guest.
    ///
    /// @param ended nothing comes after `written`
    public record Output(OutputKind kind, long acknowledged, long written, boolean ended) {}

    /// A declared volume.
    public record Volume(String name, VolumeSpec.Kind kind) {}
}
