package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// One function of the C library, called with up to six integers or addresses.
///
/// Every function gets the same shape, six machine words in and one out: on the architectures that Java supports on Linux,
/// integer arguments travel in registers whatever their width, and registers a function does not look at do no harm. So one
/// generated stub serves all calls, which keeps start-up short.
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final int MOST_ARGUMENTS = 6;
    private static final FunctionDescriptor SHAPE = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    private final String name;
    private final MethodHandle handle;

    private Libc(String name) {
        this.name = name;
        this.handle = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), SHAPE, Linker.Option.captureCallState("errno"));
    }

    static Libc function(String name) {
        return new Libc(name);
    }

    /// Calls a function that returns an `int`, -1 for failure; calls again when a signal interrupted it.
    ///
    /// @param what what it is called on, for the message of a failure
    int call(Object what, long... arguments) {
        while (true) {
            int result = tryCall(arguments);
            if (result >= 0) {
                return result;
            }
            if (-result != ErrnoException.EINTR) {
                throw new ErrnoException(name, what.toString(), -result);
            }
        }
    }

    /// Calls a function that returns an `int`; the result, or the negated error number. For callers to whom some failures are
    /// answers.
    int tryCall(long... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result = (int) invoke(state, arguments);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        }
    }

    /// As [#tryCall], of a function that returns a `long`.
    long tryCallLong(long... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = invoke(state, arguments);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        }
    }

    /// Calls a function that returns the error number itself, or an address.
    long callPlain(long... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            return invoke(arena.allocate(STATE), arguments);
        }
    }

    private long invoke(MemorySegment state, long... arguments) {
        long[] a = Arrays.copyOf(arguments, MOST_ARGUMENTS);
        try {
            return (long) handle.invokeExact(state, a[0], a[1], a[2], a[3], a[4], a[5]);
        } catch (Throwable failure) {
            throw new IllegalStateException("calling " + name + " of the C library", failure);
        }
    }

    String name() {
        return name;
    }

    static String errnoText(int errno) {
        String name = cString(function("strerrorname_np").callPlain(errno));
        return (name.isEmpty() ? "errno " + errno : name) + ", " + cString(function("strerror").callPlain(errno));
    }

    private static String cString(long address) {
        return address == 0 ? "" : MemorySegment.ofAddress(address).reinterpret(256).getString(0);
    }
}
