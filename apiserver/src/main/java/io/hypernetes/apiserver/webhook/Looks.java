package io.hypernetes.apiserver.webhook;

import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Who is to look at an object again because others changed it after them: in one second round, each at most once. For one request.
final class Looks {
    private final Set<Object> unchangedSince = new HashSet<>();
    private final Set<Object> due = new HashSet<>();
    private boolean second;
    private @Nullable ObjectNode left;

    /// A round begins with an object, which others may have changed since the last one ended.
    void begin(@Nullable ObjectNode object) {
        if (second && !Objects.equals(left, object)) {
            changed();
        }
    }

    /// Whether somebody is to look in this round.
    boolean isDue(Object who) {
        return !second || due.contains(who);
    }

    /// Somebody has looked.
    ///
    /// @param wantsAnother whether a later change calls for another look
    void looked(Object who, boolean wantsAnother, boolean changed) {
        if (changed) {
            changed();
        }
        if (wantsAnother && !second) {
            unchangedSince.add(who);
        }
    }

    /// A round ends.
    void end(@Nullable ObjectNode object) {
        left = object;
    }

    /// Which round it is; the first is 0.
    int round() {
        return second ? 1 : 0;
    }

    /// The second round comes.
    void again() {
        second = true;
    }

    private void changed() {
        due.addAll(unchangedSince);
        unchangedSince.clear();
    }
}
