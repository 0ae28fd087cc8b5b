package io.hypernetes.guest;

/// The end of a process started by [Guest#exec].
///
/// @param code exit code, 0 to 255; 128 + signal when killed by one
/// @param signal the signal that killed it, else 0
/// @param oomKilled whether the kernel killed it for want of memory
/// @param atNanos nanoseconds since 1970, by the guest's clock
public record ProcessExit(int code, int signal, boolean oomKilled, long atNanos) {}
