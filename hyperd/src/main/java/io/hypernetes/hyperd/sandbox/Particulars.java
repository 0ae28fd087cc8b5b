package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.container.ProcessPlan;
import io.hypernetes.hyperd.journal.SandboxRecord;
import java.util.List;
import java.util.Map;

/// What the Docker face asks of a container beyond what CRI knows.
///
/// @param id the container's id, given from outside so that a later run finds its writable layer again; empty for a new one
/// @param user as in an image, `name:group` too; empty for what the request says
/// @param volumes volumes to declare, by name in the guest
/// @param mounts mounts besides those of the request
/// @param hosts content of `/etc/hosts`; empty for the guest's own
public record Particulars(String id, String user, Map<String, SandboxRecord.Volume> volumes, List<MountSpec> mounts, String hosts) {

    static final Particulars NONE = new Particulars("", "", Map.of(), List.of(), "");

    public Particulars {
        volumes = Map.copyOf(volumes);
        mounts = List.copyOf(mounts);
    }

    ProcessPlan applied(ProcessPlan plan) {
        return user.isEmpty()
                ? plan
                : new ProcessPlan(
                        plan.argv(), plan.environment(), plan.workingDirectory(), user, plan.supplementaryGroups(), plan.capabilities(),
                        plan.ambient(), plan.maskedPaths(), plan.readOnlyPaths(), plan.stopSignal());
    }
}
