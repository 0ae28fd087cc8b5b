package io.hypernetes.kubelet.cri;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// Everything the runtime holds for one pod, newest first.
public record ObservedPod(List<ObservedSandbox> sandboxes, List<ObservedContainer> containers) {

    public static final ObservedPod NOTHING = new ObservedPod(List.of(), List.of());

    /// The newest sandbox.
    public Optional<ObservedSandbox> sandbox() {
        return sandboxes.stream().findFirst();
    }

    /// The newest sandbox if it is ready.
    public Optional<ObservedSandbox> readySandbox() {
        return sandbox().filter(ObservedSandbox::ready);
    }

    /// The newest container of this name.
    public Optional<ObservedContainer> container(String name) {
        return containers.stream().filter(container -> container.name().equals(name)).findFirst();
    }

    /// All containers of this name, newest first.
    public List<ObservedContainer> containers(String name) {
        return containers.stream().filter(container -> container.name().equals(name)).toList();
    }

    public boolean anyRunning() {
        return containers.stream().anyMatch(ObservedContainer::running);
    }

    /// All but these containers.
    public ObservedPod without(Collection<ObservedContainer> gone) {
        return new ObservedPod(sandboxes, containers.stream().filter(each -> !gone.contains(each)).toList());
    }
}
