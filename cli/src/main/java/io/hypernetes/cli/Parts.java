package io.hypernetes.cli;

import java.util.Deque;

/// Closing what a process is made of.
final class Parts {
    private Parts() {}

    /// Closes the parts in the reverse order of their start (the last one started is first in the deque), all of them even when some fail.
    ///
    /// @throws Exception the first failure, with the others suppressed
    static void close(Deque<AutoCloseable> parts) throws Exception {
        Exception first = null;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
