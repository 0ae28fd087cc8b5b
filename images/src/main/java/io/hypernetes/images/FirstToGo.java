package io.hypernetes.images;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// Which image goes when some have to: one of those of whom most could be had, so that who pulls without end has its own images go and not those of everybody else, which were used
/// longer ago because theirs is an ordinary life.
final class FirstToGo {
    private FirstToGo() {}

    /// @param mayGo images that nothing uses
    /// @param yield what the removal of some would bring
    /// @return the longest unused of the owner whose images would bring most together
    static Optional<Catalogue.Item> of(Collection<Catalogue.Item> mayGo, ToLongFunction<List<Catalogue.Item>> yield) {
        Map<String, List<Catalogue.Item>> byOwner = mayGo.stream().collect(Collectors.groupingBy(Catalogue.Item::owner));
        return byOwner.values().stream()
                .max(Comparator.comparingLong(yield))
                .flatMap(most -> most.stream().min(Comparator.comparingLong(Catalogue.Item::usedSeconds)));
    }
}
