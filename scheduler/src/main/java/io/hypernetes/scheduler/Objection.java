package io.hypernetes.scheduler;

import java.util.List;

/// Why a node cannot take a pod.
///
/// @param reasons as users read them
/// @param lasting whether no pod that went away would help
record Objection(List<String> reasons, boolean lasting) {

    static Objection lasting(String... reasons) {
        return new Objection(List.of(reasons), true);
    }

    static Objection passing(String reason) {
        return new Objection(List.of(reason), false);
    }
}
