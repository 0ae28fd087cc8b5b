package io.hypernetes.apiserver.fair;

import java.util.HashMap;
import java.util.Map;

/// The requests that have left their seats for a while, by tenant and user: how many they are and how much memory they hold meanwhile. Guarded
/// by the lock of the seats.
final class Absent {
    /// How many may be away before their tenant, or their user, has no further request seated, and the memory beyond which requests keep their
    /// seats while they wait.
    ///
    /// @param perTenant requests of a tenant
    /// @param perUser requests of one of its users
    /// @param bytesPerTenant memory of a tenant's requests
    /// @param bytesOfAll memory of all tenants' requests
    record Limits(int perTenant, int perUser, long bytesPerTenant, long bytesOfAll) {}

    private static final class Group {
        private int requests;
        private long bytes;
        private final Map<String, Integer> users = new HashMap<>();
    }

    private final Limits limits;
    private final Map<String, Group> groups = new HashMap<>();
    private long bytes;

    Absent(Limits limits) {
        this.limits = limits;
    }

    /// Notes that a request goes; false, and nothing is noted, when its tenant's, or all, hold too much memory already.
    boolean goes(String tenant, String user, long bytes) {
        var group = groups.computeIfAbsent(tenant, _ -> new Group());
        if (group.bytes > 0 && (group.bytes + bytes > limits.bytesPerTenant() || this.bytes + bytes > limits.bytesOfAll())) {
            return false;
        }
        group.requests++;
        this.bytes += bytes;
        group.bytes += bytes;
        group.users.merge(user, 1, Integer::sum);
        return true;
    }

    void returns(String tenant, String user, long bytes) {
        var group = groups.get(tenant);
        if (group == null) {
            throw new IllegalStateException("no request of tenant " + tenant + " is away");
        }
        group.requests--;
        this.bytes -= bytes;
        group.bytes -= bytes;
        group.users.computeIfPresent(user, (_, count) -> count == 1 ? null : count - 1);
        if (group.requests == 0) {
            groups.remove(tenant);
        }
    }

    /// Whether a further request of a user may begin.
    boolean admits(String tenant, String user) {
        var group = groups.get(tenant);
        return group == null || group.requests < limits.perTenant() && group.users.getOrDefault(user, 0) < limits.perUser();
    }
}
