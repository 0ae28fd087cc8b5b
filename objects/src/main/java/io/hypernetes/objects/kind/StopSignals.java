package io.hypernetes.objects.kind;

import java.util.ArrayList;
import java.util.List;

/// The signals by which a container may be asked to end.
final class StopSignals {
    /// Those of Linux, in the words of the API.
    static final List<String> LINUX = linux();

    private StopSignals() {}

    private static List<String> linux() {
        List<String> names = new ArrayList<>(List.of(
                "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL",
                "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP",
                "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX"));
        for (int i = 1; i <= 15; i++) {
            names.add("SIGRTMIN+" + i);
        }
        for (int i = 1; i <= 14; i++) {
            names.add("SIGRTMAX-" + i);
        }
        return List.copyOf(names);
    }

    /// @param os what the pod says of its system; empty when it says nothing
    static void validate(String signal, String os, String at, Errors errors) {
        if (signal.isEmpty()) {
            return;
        }
        if (os.isEmpty()) {
            // The names of signals are a system's own.
            errors.forbidden(at, "may not be set for containers with empty `spec.os.name`");
        } else {
            errors.oneOf(at, signal, LINUX);
        }
    }
}
