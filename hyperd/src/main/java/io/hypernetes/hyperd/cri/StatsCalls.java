package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerStats;
import io.hypernetes.cri.v1.ContainerStatsFilter;
import io.hypernetes.cri.v1.PodSandboxStats;
import io.hypernetes.cri.v1.PodSandboxStatsFilter;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The usage of one or of many. Of many, those whose guests do not answer are left out.
final class StatsCalls {
    private static final Logger LOG = LoggerFactory.getLogger(StatsCalls.class);

    private final Sandboxes sandboxes;
    private final Selections selections;
    private final StatsViews views;

    StatsCalls(Sandboxes sandboxes, Selections selections, StatsViews views) {
        this.sandboxes = sandboxes;
        this.selections = selections;
        this.views = views;
    }

    ContainerStats container(String id) {
        Sandboxes.Found found = sandboxes.getContainer(id);
        return views.containers(found.sandbox(), container -> container == found.container()).stream()
                .findFirst()
                .orElseThrow(() -> HyperdException.notFound("Container " + id + " does not run and has no usage."));
    }

    PodSandboxStats sandbox(String id) {
        return views.sandbox(sandboxes.get(id));
    }

    List<ContainerStats> containers(ContainerStatsFilter filter) {
        List<ContainerStats> all = new ArrayList<>();
        for (Sandbox sandbox : sandboxes.list()) {
            if (sandbox.isReady() && sandbox.containers().stream().anyMatch(container -> selections.matches(container, filter))) {
                unlessSilent(sandbox, () -> all.addAll(views.containers(sandbox, container -> selections.matches(container, filter))));
            }
        }
        return all;
    }

    List<PodSandboxStats> sandboxes(PodSandboxStatsFilter filter) {
        List<PodSandboxStats> all = new ArrayList<>();
        for (Sandbox sandbox : selections.sandboxes(filter)) {
            unlessSilent(sandbox, () -> all.add(views.sandbox(sandbox)));
        }
        return all;
    }

    private static void unlessSilent(Sandbox sandbox, Runnable work) {
        try {
            work.run();
        } catch (GuestException | HyperdException silent) {
            LOG.info("event=no-stats sandbox={} error=\"{}\"", sandbox.id(), silent.getMessage());
        }
    }
}
