package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.images.ImageConfig;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
        ContainerRecord.Size terminal = asked.terminal().size();
        return ContainerSpec.builder(id, layers, plan.argv())
                .environment(plan.environment())
                .directory(plan.workingDirectory())
                .user(plan.user())
                .groups(plan.supplementaryGroups())
                .capabilities(plan.capabilities())
                .ambientCapabilities(plan.ambient())
                .noNewPrivileges(security.noNewPrivileges() && !security.privileged())
                .rlimits(rlimits(asked.rlimits()))
                .readOnlyRoot(security.readOnlyRoot())
                .maskedPaths(plan.maskedPaths())
                .readOnlyPaths(plan.readOnlyPaths())
                .mounts(mounts)
                .tty(asked.terminal().tty())
                .terminalSize(terminal == null ? 0 : terminal.rows(), terminal == null ? 0 : terminal.columns())
                .stdin(asked.terminal().stdin())
                .stdinOnce(asked.terminal().stdinOnce())
                .resources(GuestResources.of(asked.resources()))
                .oomScoreAdjust((int) Math.clamp(asked.resources().oomScoreAdjust(), -1000, 1000))
                .privileged(security.privileged())
                .pidNamespaceOf(security.podPid() ? "" : security.pidOf().isEmpty() ? null : security.pidOf())
                .strictGroups(security.strictGroups())
                .devices(asked.devices().stream().map(device -> new ContainerSpec.Device(device.path(), device.source())).toList())
                .seccomp(security.privileged() ? new byte[0] : security.seccomp().program(Capabilities.names(plan.capabilities())))
                .build();
    }

    /// What a container is of which nothing but a command is said.
    public static ContainerSpec.Builder ordinary(String id, List<ContainerSpec.Layer> layers, List<String> argv) {
        return ContainerSpec.builder(id, layers, argv)
                .environment(List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
                .capabilities(Capabilities.ORDINARY)
                .rlimits(rlimits(List.of()));
    }

    private static List<ContainerSpec.Rlimit> rlimits(List<ContainerRequest.Rlimit> asked) {
        Map<Integer, ContainerSpec.Rlimit> all = new TreeMap<>();
        all.put(RLIMIT_NOFILE, new ContainerSpec.Rlimit(RLIMIT_NOFILE, OPEN_FILES_SOFT, OPEN_FILES_HARD));
        asked.forEach(one -> all.put(one.resource(), new ContainerSpec.Rlimit(one.resource(), one.soft(), one.hard())));
        return List.copyOf(all.values());
    }

    /// What its first process is.
    public static ProcessPlan plan(ContainerRequest asked, ImageConfig image) {
        return ProcessPlan.of(asked, image);
    }
}
