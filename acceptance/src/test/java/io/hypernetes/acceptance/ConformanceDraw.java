package io.hypernetes.acceptance;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Which behaviours of upstream's conformance suite are tested first: chosen by lot, so that nobody picks what is easy.
final class ConformanceDraw {
    private static final long SEED = 137;
    private static final double SIZE = 64;

    private ConformanceDraw() {}

    /// One behaviour.
    ///
    /// @param group the folder of upstream's `test/e2e` that it stands in
    record Behaviour(String group, String name) {
        /// @param file its source file, from the root of upstream's repository
        static Behaviour of(String file, String name) {
            String below = file.replaceFirst("^test/e2e(_node)?/", "");
            return new Behaviour(below.substring(0, below.lastIndexOf('/')), name);
        }
    }

    /// From each group as many as its part of the whole, at least one; what is not `possible` is passed over.
    static List<Behaviour> of(List<Behaviour> all, Predicate<Behaviour> possible) {
        Map<String, List<String>> groups = new TreeMap<>();
        all.forEach(each -> groups.computeIfAbsent(each.group(), _ -> new ArrayList<>()).add(each.name()));
        Random random = new Random(SEED);
        List<Behaviour> drawn = new ArrayList<>();
        groups.forEach((group, names) -> {
            long share = Math.max(1, Math.round(SIZE * names.size() / all.size()));
            Collections.sort(names);
            Collections.shuffle(names, random);
            names.stream().map(name -> new Behaviour(group, name)).filter(possible).limit(share).forEach(drawn::add);
        });
        return List.copyOf(drawn);
    }
}
