package io.hypernetes.apiserver.rbac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CoverageTest {
    private final Random random = new Random(7);

    private static Set<String> words(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).collect(Collectors.toSet());
    }

    private Set<String> some(List<String> words) {
        var some = new HashSet<String>();
        for (int i = random.nextInt(4); i > 0; i--) {
            some.add(words.get(random.nextInt(words.size())));
        }
        return some;
    }

    private Rule rule() {
        return random.nextInt(5) == 0
                ? new Rule(some(List.of("get", "put", "*")), Set.of(), Set.of(), random.nextInt(9) == 0 ? Set.of("x") : Set.of(), some(List.of("/a", "/a/b", "/a/*", "*")))
                : new Rule(
                        some(List.of("get", "put", "list", "*")),
                        some(List.of("", "apps", "*")),
                        some(List.of("pods", "pods/log", "jobs/log", "*/log", "*")),
                        random.nextBoolean() ? Set.of() : some(List.of("", "x", "y")),
                        random.nextInt(9) == 0 ? Set.of("/a") : Set.of());
    }

    @Test
    void findsWhatGoingThroughAllPartsFinds() {
        int empty = 0;
        for (int round = 0; round < 20_000; round++) {
            var held = new ArrayList<Rule>();
            for (int i = random.nextInt(6); i > 0; i--) {
                held.add(rule());
            }
            var wanted = List.of(rule(), rule());
            var missing = missing(held, wanted);
            if (missing.size() < Coverage.MOST_TOLD) {
                assertThat(Coverage.missing(held, wanted)).as("%s of %s", wanted, held).containsExactlyElementsOf(missing);
            } else {
                assertThat(Coverage.missing(held, wanted)).as("%s of %s", wanted, held).hasSize(Coverage.MOST_TOLD).isSubsetOf(missing);
            }
            empty += missing.isEmpty() ? 1 : 0;
        }
        assertThat(empty).isBetween(2_000, 18_000);
    }

    private static TreeSet<String> missing(List<Rule> held, List<Rule> wanted) {
        var missing = new TreeSet<String>();
        for (var rule : wanted) {
            for (var verb : rule.verbs()) {
                for (var group : rule.groups()) {
                    for (var resource : rule.resources()) {
                        for (var name : rule.names().isEmpty() ? Set.of("every") : rule.names()) {
                            boolean every = rule.names().isEmpty();
                            if (held.stream().noneMatch(own -> has(own.verbs(), verb) && has(own.groups(), group) && (has(own.resources(), resource)
                                            || resource.contains("/") && own.resources().contains("*" + resource.substring(resource.indexOf('/'))))
                                    && (own.names().isEmpty() || !every && own.names().contains(name)))) {
                                missing.add(new Rule(Set.of(verb), Set.of(group), Set.of(resource), every ? Set.of() : Set.of(name), Set.of()).text());
                            }
                        }
                    }
                }
                for (var url : rule.urls()) {
                    if (held.stream().noneMatch(own -> has(own.verbs(), verb) && own.names().isEmpty() && own.urls().stream()
                            .anyMatch(one -> one.equals(url) || one.endsWith("*") && url.startsWith(one.substring(0, one.length() - 1))))) {
                        missing.add(new Rule(Set.of(verb), Set.of(), Set.of(), Set.of(), Set.of(url)).text());
                    }
                }
            }
        }
        return missing;
    }

    private static boolean has(Set<String> words, String word) {
        return words.contains("*") || words.contains(word);
    }

    /// Twenty kilobytes that say a billion things.
    @Test
    @Timeout(10)
    void aRuleIsNotMultipliedOut() {
        var wanted = List.of(new Rule(words("v", 1000), words("g", 1000), words("r", 1000), words("n", 1000), Set.of()));
        assertThat(Coverage.missing(List.of(), wanted)).hasSize(Coverage.MOST_TOLD);
        var all = new ArrayList<Rule>();
        for (int i = 0; i < 100; i++) {
            all.add(new Rule(words("v", 10 * i + 10), words("g", 1000), Set.of("*"), Set.of(), Set.of()));
        }
        assertThat(Coverage.missing(all, wanted)).isEmpty();
        all.removeLast();
        assertThat(Coverage.missing(all, wanted)).hasSize(Coverage.MOST_TOLD).allMatch(text -> text.contains("Verbs:[\"v99"));
    }

    @Test
    void whatIsToldIsShort() {
        var wanted = List.of(new Rule(Set.of("get"), Set.of(""), Set.of("r".repeat(1 << 20)), Set.of(), Set.of()));
        assertThat(Coverage.missing(List.of(), wanted)).singleElement().asString().hasSizeLessThan(400).contains("rrr...");
    }

    /// Rules of which each has something of its own.
    @Test
    @Timeout(10)
    void whatTakesTooLongIsSaid() {
        var held = new ArrayList<Rule>();
        for (int i = 0; i < 3_000; i++) {
            held.add(new Rule(odd("v", i), odd("g", i), odd("r", i), Set.of(), Set.of()));
        }
        var wanted = List.of(new Rule(words("v", 1000), words("g", 1000), words("r", 1000), Set.of(), Set.of()));
        assertThatThrownBy(() -> Coverage.missing(held, wanted)).isInstanceOf(Coverage.TooMuch.class);
    }

    private Set<String> odd(String prefix, int seed) {
        var words = words(prefix, 1000);
        words.removeIf(word -> (word.hashCode() ^ seed * 31) % 97 == 0);
        return words;
    }
}
