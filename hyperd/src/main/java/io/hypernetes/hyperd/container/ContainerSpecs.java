package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.images.ImageConfig;
import java.util.List;

/// Puts together what the guest is told of a container.
public final class ContainerSpecs {
    private static final int RLIMIT_NOFILE = 7;
    private static final long OPEN_FILES_SOFT = 65_536;
    private static final long OPEN_FILES_HARD = 1_048_576;

    private ContainerSpecs() {}

    /// A container as the guest prepares it.
    ///
    /// @param plan see [#plan]
    /// @param layers where its layers lie on the layers disk, the lowest first
    public static ContainerSpec of(
            String id, ContainerRequest asked, ProcessPlan plan, List<ContainerSpec.Layer> layers, List<MountSpec> mounts) {
        ContainerRequest.Security security = asked.security();
        return ContainerSpec.builder(id, layers, plan.argv())
                .environment(plan.environment())
                .directory(plan.workingDirectory())
                .user(plan.user())
                .groups(plan.supplementaryGroups())
                .capabilities(plan.capabilities())
                .ambientCapabilities(plan.ambient())
                .noNewPrivileges(security.noNewPrivileges() && !security.privileged())
                .rlimits(List.of(new ContainerSpec.Rlimit(RLIMIT_NOFILE, OPEN_FILES_SOFT, OPEN_FILES_HARD)))
                .readOnlyRoot(security.readOnlyRoot())
                .maskedPaths(plan.maskedPaths())
                .readOnlyPaths(plan.readOnlyPaths())
                .mounts(mounts)
                .tty(asked.terminal().tty())
                .stdin(asked.terminal().stdin())
                .stdinOnce(asked.terminal().stdinOnce())
                .resources(GuestResources.of(asked.resources()))
                .oomScoreAdjust((int) Math.clamp(asked.resources().oomScoreAdjust(), -1000, 1000))
                .privileged(security.privileged())
                .pidNamespaceOf(security.pidOf().isEmpty() ? null : security.pidOf())
                .build();
    }

    /// What its first process is.
    public static ProcessPlan plan(ContainerRequest asked, ImageConfig image) {
        return ProcessPlan.of(asked, image);
    }
}
