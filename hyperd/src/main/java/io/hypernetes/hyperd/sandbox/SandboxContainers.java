package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The containers of one sandbox. Safe for use by many threads.
final class SandboxContainers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxContainers.class);

    private final Map<String, Container> containers = new ConcurrentHashMap<>();

    /// Those that may be seen, oldest first.
    List<Container> visible() {
        return containers.values().stream()
                .filter(container -> container.record().isVisible())
                .sorted(Comparator.comparingLong(container -> container.record().createdNanos()))
                .toList();
    }

    /// Also those that nobody may see.
    List<Container> all() {
        return List.copyOf(containers.values());
    }

    Collection<String> ids() {
        return List.copyOf(containers.keySet());
    }

    Optional<Container> find(String id) {
        return Optional.ofNullable(containers.get(id));
    }

    void add(Container container) {
        containers.put(container.id(), container);
    }

    void forget(Container container) {
        containers.remove(container.id());
    }

    /// Takes up a container of the journal; one whose log cannot be opened goes on without.
    ///
    /// @param ending called when it has ended, before others learn it
    void restore(ContainerRecord known, Container.Surroundings surroundings, Consumer<Container> ending) {
        Container container;
        try {
            container = new Container(known, surroundings, ending);
        } catch (HyperdException noLog) {
            LOG.error("event=log-lost container={} error=\"{}\" effect=\"its output goes nowhere\"", known.id(), noLog.getMessage());
            container = new Container(known.withoutLog(), surroundings, ending);
        }
        add(container);
    }

    /// Takes up others in the place of all that there are.
    ///
    /// @param next as journalled
    void exchange(List<ContainerRecord> next, Container.Surroundings surroundings, Consumer<Container> ending) {
        List<Container> former = all();
        next.forEach(known -> restore(known, surroundings, ending));
        former.forEach(container -> containers.remove(container.id(), container));
    }

    /// Stops following them; they go on.
    @Override
    public void close() {
        containers.values().forEach(Container::close);
    }
}
