package io.hypernetes.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Raw file descriptors, by number. Stateless and safe for use by many threads; whoever opened a descriptor closes it once.
public final class Descriptors {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CLOSE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("close"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private Descriptors() {}

    /// Closes descriptor `number`; see close(2). Errors of close are of no use to a caller and are not reported.
    public static void close(int number) {
        try {
            int ignored = (int) CLOSE.invokeExact(number);
        } catch (Throwable failure) {
            throw new IllegalStateException("calling close(2) on descriptor " + number, failure);
        }
    }
}
