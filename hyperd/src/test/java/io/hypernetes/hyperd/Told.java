package io.hypernetes.hyperd;

/// How far a call has come for its caller.
enum Told {
    NOT_ASKED,
    ASKED,
    DONE;

    /// How many there are at least of what one call makes and another ends.
    static int least(Told making, Told ending) {
        return making == DONE && ending == NOT_ASKED ? 1 : 0;
    }

    /// How many there are at most.
    static int most(Told making, Told ending) {
        return making != NOT_ASKED && ending != DONE ? 1 : 0;
    }
}
