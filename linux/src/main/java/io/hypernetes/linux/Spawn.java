package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// A process to be started with exactly the descriptors named, which [ProcessBuilder] cannot do. No shell is involved.
///
/// @param command program (looked up in `PATH` when it has no slash) and arguments
/// @param environment the whole environment of the child
/// @param descriptors the child's descriptors: entry `i` is our descriptor that becomes its number `i`. All others are closed
/// @param folder working folder; null for ours
/// @param newSession whether it leads a session of its own, out of reach of our terminal
public record Spawn(
        List<String> command,
        Map<String, String> environment,
        List<Integer> descriptors,
        @Nullable Path folder,
        boolean newSession) {
    private static final short SETSIGDEF = 0x04;
    private static final short SETSIGMASK = 0x08;
    private static final short SETSID = 0x80;
    // Both opaque types are smaller than this on every architecture (80 and 336 bytes on x86-64).
    private static final int OPAQUE_SIZE = 1024;
    private static final int SIGSET_SIZE = 128;

    private static final long CLONE_NEWPID = 0x20000000;

    private static final Libc UNSHARE = Libc.function("unshare");
    private static final Libc POSIX_SPAWNP = Libc.function("posix_spawnp");
    private static final Libc ACTIONS_INIT = Libc.function("posix_spawn_file_actions_init");
    private static final Libc ACTIONS_DESTROY = Libc.function("posix_spawn_file_actions_destroy");
    private static final Libc ADD_DUP2 = Libc.function("posix_spawn_file_actions_adddup2");
    private static final Libc ADD_OPEN = Libc.function("posix_spawn_file_actions_addopen");
    private static final Libc ADD_CHDIR = Libc.function("posix_spawn_file_actions_addchdir_np");
    private static final Libc ADD_CLOSEFROM = Libc.function("posix_spawn_file_actions_addclosefrom_np");
    private static final Libc ATTR_INIT = Libc.function("posix_spawnattr_init");
    private static final Libc ATTR_DESTROY = Libc.function("posix_spawnattr_destroy");
    private static final Libc ATTR_SETFLAGS = Libc.function("posix_spawnattr_setflags");
    private static final Libc ATTR_SETSIGDEFAULT = Libc.function("posix_spawnattr_setsigdefault");
    private static final Libc ATTR_SETSIGMASK = Libc.function("posix_spawnattr_setsigmask");
    private static final Libc SIGFILLSET = Libc.function("sigfillset");

    public Spawn {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        descriptors = List.copyOf(descriptors);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("a process needs a program");
        }
    }

    /// A child with our environment, our folder, and our standard input, output and error.
    public static Spawn of(List<String> command) {
        return new Spawn(command, System.getenv(), List.of(0, 1, 2), null, false);
    }

    public Spawn withEnvironment(Map<String, String> whole) {
        return new Spawn(command, whole, descriptors, folder, newSession);
    }

    public Spawn withDescriptors(List<Integer> ours) {
        return new Spawn(command, environment, ours, folder, newSession);
    }

    public Spawn inFolder(Path working) {
        return new Spawn(command, environment, descriptors, working, newSession);
    }

    public Spawn inNewSession() {
        return new Spawn(command, environment, descriptors, folder, true);
    }

    /// Starts it. The child has no signal blocked or ignored.
    ///
    /// @throws ErrnoException when the program cannot be run
    public HostProcess start() {
        return start(null);
    }

    /// Starts it as the first process of a new process id namespace: it sees and reaches no process but its own. Here its number is an
    /// ordinary one. Needs CAP_SYS_ADMIN.
    ///
    /// @throws ErrnoException when the program cannot be run
    public HostProcess startAmongItself() {
        CompletableFuture<HostProcess> started = new CompletableFuture<>();
        // The namespace of future children belongs to the thread, which therefore is used once.
        Thread.ofPlatform().name("spawn").start(() -> {
            try {
                UNSHARE.call("CLONE_NEWPID", CLONE_NEWPID);
                started.complete(start());
            } catch (Throwable failure) {
                started.completeExceptionally(failure);
            }
        });
        try {
            return started.join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof RuntimeException known ? known : failure;
        }
    }

    /// @param terminal path of a terminal that becomes descriptors 0, 1 and 2 and the controlling terminal
    HostProcess start(@Nullable String terminal) {
        List<Integer> moved = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            int count = terminal == null ? descriptors.size() : 3;
            MemorySegment actions = arena.allocate(OPAQUE_SIZE, 16);
            check(ACTIONS_INIT, ACTIONS_INIT.callPlain(actions.address()));
            try {
                if (terminal == null) {
                    // Ours first move above all the child's numbers, so that no dup2 runs over one that is still to come.
                    for (int ours : descriptors) {
                        moved.add(Descriptors.duplicate(ours, count + 3));
                    }
                    for (int i = 0; i < count; i++) {
                        check(ADD_DUP2, ADD_DUP2.callPlain(actions.address(), moved.get(i), i));
                    }
                } else {
                    // The leader of a fresh session that opens a terminal gets it as its controlling one.
                    long path = arena.allocateFrom(terminal).address();
                    check(ADD_OPEN, ADD_OPEN.callPlain(actions.address(), 0, path, 2, 0));
                    check(ADD_DUP2, ADD_DUP2.callPlain(actions.address(), 0, 1));
                    check(ADD_DUP2, ADD_DUP2.callPlain(actions.address(), 0, 2));
                }
                if (folder != null) {
                    long path = arena.allocateFrom(folder.toString()).address();
                    check(ADD_CHDIR, ADD_CHDIR.callPlain(actions.address(), path));
                }
                check(ADD_CLOSEFROM, ADD_CLOSEFROM.callPlain(actions.address(), count));
                return spawn(arena, actions, terminal != null || newSession);
            } finally {
                ACTIONS_DESTROY.callPlain(actions.address());
            }
        } finally {
            moved.forEach(Descriptors::close);
        }
    }

    private HostProcess spawn(Arena arena, MemorySegment actions, boolean session) {
        MemorySegment attributes = arena.allocate(OPAQUE_SIZE, 16);
        check(ATTR_INIT, ATTR_INIT.callPlain(attributes.address()));
        try {
            MemorySegment all = arena.allocate(SIGSET_SIZE, 8);
            SIGFILLSET.callPlain(all.address());
            ATTR_SETSIGDEFAULT.callPlain(attributes.address(), all.address());
            ATTR_SETSIGMASK.callPlain(attributes.address(), arena.allocate(SIGSET_SIZE, 8).address());
            ATTR_SETFLAGS.callPlain(attributes.address(), SETSIGDEF | SETSIGMASK | (session ? SETSID : 0));
            MemorySegment argv = strings(arena, command);
            MemorySegment envp = strings(
                    arena,
                    environment.entrySet().stream()
                            .map(e -> e.getKey() + "=" + e.getValue())
                            .toList());
            MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
            long error = POSIX_SPAWNP.callPlain(
                    pid.address(),
                    argv.get(ValueLayout.ADDRESS, 0).address(),
                    actions.address(),
                    attributes.address(),
                    argv.address(),
                    envp.address());
            check(POSIX_SPAWNP, error);
            int number = pid.get(ValueLayout.JAVA_INT, 0);
            return HostProcess.find(number)
                    .orElseThrow(() -> new IllegalStateException("child " + number + " vanished before it was waited for"));
        } finally {
            ATTR_DESTROY.callPlain(attributes.address());
        }
    }

    private static MemorySegment strings(Arena arena, List<String> strings) {
        MemorySegment array = arena.allocate(ValueLayout.ADDRESS, strings.size() + 1L);
        for (int i = 0; i < strings.size(); i++) {
            array.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(strings.get(i)));
        }
        return array;
    }

    private void check(Libc function, long error) {
        if ((int) error != 0) {
            throw new ErrnoException(function.name(), command.getFirst(), (int) error);
        }
    }
}
