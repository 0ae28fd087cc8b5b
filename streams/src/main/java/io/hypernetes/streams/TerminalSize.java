package io.hypernetes.streams;

/// The size of a client's terminal.
///
/// @param columns 0 to 65535
/// @param rows 0 to 65535
public record TerminalSize(int columns, int rows) {}
