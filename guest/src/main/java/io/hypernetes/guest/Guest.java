package io.hypernetes.guest;

import java.time.Duration;
import java.util.List;

/// One session with the init of a machine. Safe for use by many threads; a slow stream delays nothing but itself.
///
/// Each verb blocks until the guest's answer or its deadline and throws [GuestException], whose kind tells a refusal from a lost
/// session. All the `deadline`s are for the answer.
public interface Guest extends AutoCloseable {

    /// Opens a session; an older session of the same machine ends with it. Garbage left in the byte stream is skipped.
    ///
    /// @param machine the machine's name, for messages and logs
    /// @param connection a new connection to the machine's byte stream; the session closes it, also when this fails
    /// @param freshness whether another session may have used the byte stream before
    /// @param listener hears events, and the end of the session if this returned one
    /// @param deadline until the guest has answered. A machine that is still booting answers when it is up, so the boot is in it
    /// @throws GuestException when there is no answer in time: connect again and attach again
    static Guest attach(
            String machine, GuestConnection connection, Freshness freshness, GuestListener listener, Duration deadline) {
        return GuestSession.attach(machine, connection, freshness, listener, deadline);
    }

    /// Whether a byte stream may hold remains of an older session.
    enum Freshness {
        /// The first connection ever to a machine that was just booted.
        JUST_BOOTED,
        /// Any other.
        USED_BEFORE
    }

    /// The nonce that [#resume] brought to this machine, empty before. The way to see that a machine is the expected one.
    byte[] instance();

    HelloAnswer hello(Duration deadline);

    /// Gives a fresh machine its identity. Again with the same nonce it sets the clock and stirs the entropy.
    ///
    /// @throws GuestException with EBUSY when the machine has another nonce
    void resume(Resume resume, Duration deadline);

    /// Sets the interface's addresses and routes.
    void network(NetworkConfig network, Duration deadline);

    /// Prepares volumes and containers in order, and stops at the first that fails; what was done before stays.
    ///
    /// @return ids of the containers prepared
    List<String> plan(PodPlan plan, Duration deadline);

    /// [#resume], [#network] and [#plan] of a fresh machine, in one: the guest goes from each to the next without waiting for us.
    ///
    /// @param deadline for all answers together
    /// @throws GuestException the first refusal; what follows it may have been done all the same
    default void begin(Resume resume, NetworkConfig network, PodPlan plan, Duration deadline) {
        resume(resume, deadline);
        network(network, deadline);
        plan(plan, deadline);
    }

    /// Starts a prepared container. A command that cannot be run is refused at step `exec`, with ENOENT or EACCES, and the container
    /// has then exited with code 127 or 126.
    StartedContainer start(String container, Duration deadline);

    /// @param signal 1 to 64
    /// @throws GuestException with ESRCH when it does not run
    void signal(String container, int signal, SignalTarget target, Duration deadline);

    /// Runs a process in a running container. Refused as [#start] is.
    GuestProcess exec(ExecSpec exec, Duration deadline);

    /// Sets the size of a container's terminal.
    void resizeTty(String container, int rows, int columns, Duration deadline);

    GuestInventory list(Duration deadline);

    /// Joins an output of a container; only one reader at a time may.
    ///
    /// @param offset where to begin, from what has been acknowledged up to what has been written
    /// @throws GuestException with ERANGE when the offset is outside, with EBUSY when it is being read in this session
    ContainerOutput openOutput(String container, OutputKind kind, long offset, Duration deadline);

    /// Joins the standard input of a container that has one.
    ContainerInput openInput(String container, Duration deadline);

    /// Makes a machine that has run nothing of a tenant's what it was before [#resume]: without identity, names, and disks in use, which the
    /// host may then exchange.
    ///
    /// @throws GuestException with EBUSY while there is a container or a volume
    void forget(Duration deadline);

    /// Kills what runs in a container and forgets it with its output. Removing what is not there succeeds.
    void remove(String container, Duration deadline);

    /// Replaces a container's limits, all of them; an empty id means the pod as a whole.
    ///
    /// @throws GuestException with EBUSY when more memory is in use already than would be allowed
    void update(String container, Resources resources, Duration deadline);

    /// Usage of the pod and of all its containers.
    GuestStats stats(Duration deadline);

    /// Makes the file system of a volume that has a disk of its own as large as that disk has become, while containers use it. Harmless when it
    /// fits already.
    ///
    /// @param bytes what the disk holds at least; the machine has been told before
    /// @throws GuestException with EOPNOTSUPP when the machine was started with an init that knows no such thing
    void grow(String volume, long bytes, Duration deadline);

    /// Puts files into a volume.
    ///
    /// @return whether anything changed
    boolean writeFiles(FilePush files, Duration deadline);

    /// Reads a file, also of an exited container; of that only its own root is left, without what was mounted in it.
    FileContent readFile(FileRequest file, Duration deadline);

    /// Copies files out of or into a container; see [CopySpec] for how it ends.
    GuestProcess copy(CopySpec copy, Duration deadline);

    /// What is at a path of a container.
    ///
    /// @throws GuestException with ENOENT when nothing is
    default FileStatus fileStatus(String container, String path, Duration deadline) {
        return Copying.status(this, container, path, deadline);
    }

    /// Connects to a TCP port inside the guest.
    ///
    /// @param address the pod's address as text; empty for loopback
    /// @param port 1 to 65,535
    /// @param timeout of the connection; the guest's answer is waited for a little longer
    /// @throws GuestException with connect's error, such as ECONNREFUSED
    GuestSocket connect(String address, int port, Duration timeout);

    /// Ends all containers, gently for the time of grace, then the machine. Returns when the disks are clean.
    void shutdown(Duration grace, Duration deadline);

    /// False when the session is over.
    boolean isOpen();

    /// Leaves the guest. Containers run on; the session's processes and sockets end. Idempotent.
    @Override
    void close();
}
