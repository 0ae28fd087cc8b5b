package io.hypernetes.guest;

/// Whom a signal to a container reaches.
public enum SignalTarget {
    FIRST_PROCESS,
    ALL_PROCESSES
}
