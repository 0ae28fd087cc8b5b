package io.hypernetes.linux;

/// How a process ended.
public sealed interface ExitStatus {

    /// It exited by itself.
    record Code(int code) implements ExitStatus {
        @Override
        public String toString() {
            return "exit code " + code;
        }
    }

    /// A signal killed it.
    record Signal(int signal) implements ExitStatus {
        @Override
        public String toString() {
            return "signal " + signal;
        }
    }

    /// It ended, but only its parent learns how, and that was not us.
    record Unknown() implements ExitStatus {
        @Override
        public String toString() {
            return "unknown exit status";
        }
    }
}
