package io.hypernetes.guest;

/// The end of a container's first process.
///
/// @param container its id
/// @param code exit code, 0 to 255; 128 + signal when killed by one
/// @param signal the signal that killed it, else 0
/// @param oomKilled whether the kernel killed it for want of memory
/// @param atNanos nanoseconds since 1970, by the guest's clock
/// @param error why the process could not be started; empty when it ran
public record ContainerExit(
        String container, int code, int signal, boolean oomKilled, long atNanos, String error) {}
