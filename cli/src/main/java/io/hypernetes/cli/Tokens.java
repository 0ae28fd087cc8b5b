package io.hypernetes.cli;

import java.time.Instant;
import java.util.Map;

/// A token that a login method gave.
///
/// @param more what it takes to get the next one
record Tokens(String token, Instant expires, Map<String, String> more) {
    Tokens {
        more = Map.copyOf(more);
    }

    @Override
    public String toString() {
        return "Tokens[until " + expires + "]";
    }
}
