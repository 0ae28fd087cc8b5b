package io.hypernetes.hyperd.seccomp;

import java.util.List;
import java.util.Set;

/// A profile: what happens at which system call.
///
/// @param otherwise what happens at a call that no rule names
/// @param unknown what happens at one that is newer than our table
/// @param conventions those that are let in at all; a call by another one kills
/// @param rules in order: of those with conditions the first that holds, then the first without, decides
record Profile(Action otherwise, Action unknown, Set<Syscalls.Convention> conventions, List<Rule> rules) {
    private static final int ENOSYS = 38;

    Profile {
        conventions = Set.copyOf(conventions);
        rules = List.copyOf(rules);
    }

    /// What happens, as the number that a filter returns.
    record Action(int value) {
        static final Action ALLOW = new Action(0x7FFF0000);
        static final Action LOG = new Action(0x7FFC0000);
        static final Action TRAP = new Action(0x00030000);
        static final Action KILL_THREAD = new Action(0);
        static final Action KILL_PROCESS = new Action(0x80000000);
        static final Action NO_SUCH_CALL = errno(ENOSYS);

        static Action errno(int errno) {
            return new Action(0x00050000 | errno & 0xFFFF);
        }

        boolean isErrno() {
            return (value & 0xFFFF0000) == 0x00050000;
        }
    }

    /// @param name of the call
    /// @param conditions all of which must hold
    record Rule(String name, Action action, List<Condition> conditions) {
        Rule {
            conditions = List.copyOf(conditions);
        }
    }

    /// A comparison of one argument, unsigned and with all its 64 bits.
    ///
    /// @param argument 0 to 5
    /// @param mask for [Comparison#MASKED_EQUAL], else all ones
    record Condition(int argument, Comparison comparison, long mask, long value) {}

    /// How an argument is compared.
    enum Comparison {
        NOT_EQUAL,
        LESS,
        LESS_OR_EQUAL,
        EQUAL,
        GREATER_OR_EQUAL,
        GREATER,
        MASKED_EQUAL
    }
}
