package io.hypernetes.apiserver.rbac;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Which parts of wanted rules no held rule allows. A part is one verb, group, resource and name (or verb and URL), and one held rule must allow it alone, as
/// with upstream (`pkg/registry/rbac/validation/policy_comparator.go`).
///
/// A rule of a few kilobytes has a billion parts, so they are never made: words that the same held rules have are looked at once, and only as many parts as
/// somebody would read are put into words. The work is bounded whatever the rules are. For one question of one thread.
final class Coverage {
    /// How many parts are told.
    static final int MOST_TOLD = 50;

    /// Looks at one word of one rule, a second at most. A thousand kinds in `admin` against a thousand in `edit` are nine million.
    private static final int MOST_STEPS = 25_000_000;
    private static final int LONGEST_WORD = 253;

    private final List<Rule> held;
    private final TreeSet<String> missing = new TreeSet<>();
    private int steps;

    /// The rules are too many or too large for that.
    static final class TooMuch extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooMuch() {
            super("more than " + MOST_STEPS + " comparisons", null, false, false);
        }
    }

    /// What a held rule has of each list of words of a wanted one.
    ///
    /// @param words null for all of them
    private record Share(@Nullable BitSet[] words) {
        boolean has(int list, int word) {
            return words[list] == null || words[list].get(word);
        }

        /// Whether it has all words of a list and of those after it.
        boolean hasAllFrom(int list) {
            for (int i = list; i < words.length; i++) {
                if (words[i] != null) {
                    return false;
                }
            }
            return true;
        }
    }

    private Coverage(List<Rule> held) {
        this.held = held;
    }

    /// The parts that are missing, as texts in their order, as many as are told; empty when nothing is.
    ///
    /// @throws TooMuch when that cannot be found out within bounds
    static Set<String> missing(List<Rule> held, List<Rule> wanted) {
        var coverage = new Coverage(held);
        try {
            for (var rule : wanted) {
                if (coverage.isFull()) {
                    break;
                }
                coverage.lookAt(rule);
            }
        } catch (TooMuch e) {
            if (coverage.missing.isEmpty()) {
                throw e;
            }
        }
        return coverage.missing;
    }

    private boolean isFull() {
        return missing.size() >= MOST_TOLD;
    }

    private void lookAt(Rule rule) {
        // Whoever may do something with some objects, one without a name among them, may not do it with all.
        boolean wantsEvery = rule.names().isEmpty();
        var names = wantsEvery ? List.of("") : sorted(rule.names());
        var lists = List.of(sorted(rule.verbs()), sorted(rule.groups()), sorted(rule.resources()), names);
        compare(
                lists,
                own -> {
                    boolean everyName = own.names().isEmpty();
                    return List.of(own::hasVerb, own::hasGroup, own::hasResource, name -> everyName || !wantsEvery && own.names().contains(name));
                },
                part -> resource(part, wantsEvery));
        compare(
                List.of(sorted(rule.verbs()), sorted(rule.urls())),
                own -> List.of(own::hasVerb, url -> {
                    step(own.urls().size());
                    return own.names().isEmpty() && own.hasUrl(url);
                }),
                part -> new Rule(Set.of(part[0]), Set.of(), Set.of(), Set.of(), Set.of(part[1])));
    }

    /// @param lists of words, of which each choice of one from each is a part
    /// @param has what a held rule has of each
    /// @param asRule makes one of a part
    private void compare(List<List<String>> lists, Function<Rule, List<Predicate<String>>> has, Function<String[], Rule> asRule) {
        if (lists.stream().anyMatch(List::isEmpty)) {
            return;
        }
        var shares = new ArrayList<Share>();
        for (var own : held) {
            add(shares, lists, has.apply(own));
            if (!shares.isEmpty() && shares.getLast().hasAllFrom(0)) {
                return;
            }
        }
        descend(lists, shares, new ArrayList<>(), asRule);
    }

    /// Adds what one held rule has, unless that is nothing.
    private void add(List<Share> shares, List<List<String>> lists, List<Predicate<String>> has) {
        var words = new BitSet[lists.size()];
        for (int list = 0; list < words.length; list++) {
            var some = new BitSet();
            int size = lists.get(list).size();
            step(size + 1);
            for (int word = 0; word < size; word++) {
                some.set(word, has.get(list).test(lists.get(list).get(word)));
            }
            if (some.isEmpty()) {
                return;
            }
            words[list] = some.cardinality() == size ? null : some;
        }
        shares.add(new Share(words));
    }

    /// @param shares of the held rules that have something of the words chosen so far
    /// @param chosen words of the lists before, which are alike to all that follows
    /// @param asRule makes one of a part
    private void descend(List<List<String>> lists, List<Share> shares, List<List<String>> chosen, Function<String[], Rule> asRule) {
        int list = chosen.size();
        if (isFull()) {
            return;
        }
        if (shares.isEmpty()) {
            var parts = new ArrayList<>(chosen);
            parts.addAll(lists.subList(list, lists.size()));
            tell(parts, new String[parts.size()], 0, asRule);
            return;
        }
        step(shares.size());
        if (shares.stream().anyMatch(share -> share.hasAllFrom(list))) {
            return;
        }
        // By comparison: whoever writes rules could make all their hashes one.
        var alike = new TreeMap<long[], List<String>>(Arrays::compare);
        var words = lists.get(list);
        for (int word = 0; word < words.size(); word++) {
            step(shares.size());
            var by = new BitSet(shares.size());
            for (int i = 0; i < shares.size(); i++) {
                by.set(i, shares.get(i).has(list, word));
            }
            alike.computeIfAbsent(by.toLongArray(), _ -> new ArrayList<>()).add(words.get(word));
        }
        alike.forEach((by, same) -> {
            var those = new ArrayList<Share>();
            BitSet.valueOf(by).stream().forEach(i -> those.add(shares.get(i)));
            chosen.add(same);
            descend(lists, those, chosen, asRule);
            chosen.removeLast();
        });
    }

    private void tell(List<List<String>> lists, String[] part, int at, Function<String[], Rule> asRule) {
        if (at == part.length) {
            missing.add(asRule.apply(part).text());
            return;
        }
        for (var word : lists.get(at)) {
            if (isFull()) {
                return;
            }
            part[at] = word.length() <= LONGEST_WORD ? word : word.substring(0, LONGEST_WORD) + "...";
            tell(lists, part, at + 1, asRule);
        }
    }

    private static Rule resource(String[] part, boolean everyName) {
        return new Rule(Set.of(part[0]), Set.of(part[1]), Set.of(part[2]), everyName ? Set.of() : Set.of(part[3]), Set.of());
    }

    private void step(int count) {
        steps += count;
        if (steps > MOST_STEPS) {
            throw new TooMuch();
        }
    }

    private static List<String> sorted(Collection<String> words) {
        return List.copyOf(new TreeSet<>(words));
    }
}
