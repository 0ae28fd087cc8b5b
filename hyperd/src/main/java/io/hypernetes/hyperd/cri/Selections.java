package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerFilter;
import io.hypernetes.cri.v1.ContainerStatsFilter;
import io.hypernetes.cri.v1.PodSandboxFilter;
import io.hypernetes.cri.v1.PodSandboxStatsFilter;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.util.List;
import java.util.Map;

/// What the filters of list calls let through.
final class Selections {
    private final Sandboxes sandboxes;

    Selections(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Sandbox> sandboxes(PodSandboxFilter filter) {
        return sandboxes.list().stream()
                .filter(sandbox -> sandbox.id().startsWith(filter.getId()))
                .filter(sandbox -> !filter.hasState() || Views.state(sandbox.record()) == filter.getState().getState())
                .filter(sandbox -> matches(sandbox.record().identity().labels(), filter.getLabelSelectorMap()))
                .toList();
    }

    List<Sandbox> sandboxes(PodSandboxStatsFilter filter) {
        return sandboxes.list().stream()
                .filter(Sandbox::isReady)
                .filter(sandbox -> sandbox.id().startsWith(filter.getId()))
                .filter(sandbox -> matches(sandbox.record().identity().labels(), filter.getLabelSelectorMap()))
                .toList();
    }

    List<Container> containers(ContainerFilter filter) {
        return sandboxes.list().stream()
                .filter(sandbox -> sandbox.id().startsWith(filter.getPodSandboxId()))
                .flatMap(sandbox -> sandbox.containers().stream())
                .filter(container -> container.id().startsWith(filter.getId()))
                .filter(container -> !filter.hasState() || Views.state(container.record()) == filter.getState().getState())
                .filter(container -> matches(container.record().identity().labels(), filter.getLabelSelectorMap()))
                .toList();
    }

    boolean matches(Container container, ContainerStatsFilter filter) {
        return container.id().startsWith(filter.getId())
                && container.record().sandboxId().startsWith(filter.getPodSandboxId())
                && matches(container.record().identity().labels(), filter.getLabelSelectorMap());
    }

    private static boolean matches(Map<String, String> labels, Map<String, String> wanted) {
        return wanted.entrySet().stream().allMatch(entry -> entry.getValue().equals(labels.get(entry.getKey())));
    }
}
