package io.hypernetes.controllers.endpoints;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How many endpoints of a Service are due to each zone, and who has to give to whom so that each has them; arithmetic alone, see [ZoneShares].
record ZoneDues(SortedMap<String, Due> byZone) implements ZoneShares.Answer {
    /// Less than half an endpoint is not worth that one goes to another zone.
    private static final double WORTH_MOVING = 0.5;

    ZoneDues {
        byZone = Collections.unmodifiableSortedMap(new TreeMap<>(byZone));
    }

    /// What is due to a zone.
    ///
    /// @param least without which its endpoints had too much to do
    /// @param most with which there is enough for the others
    /// @param wanted its exact share, or the least when that is more
    record Due(int least, int most, double wanted) {}

    /// Whole endpoints, by zone, that zones give and that others receive: the same number in all.
    record Exchange(SortedMap<String, Integer> giving, SortedMap<String, Integer> receiving) {
        /// To which zone an endpoint of a zone goes, which is then accounted for; null when it stays.
        @Nullable String take(String zone) {
            if (!giving.containsKey(zone) || receiving.isEmpty()) {
                return null;
            }
            String other = receiving.firstKey();
            giving.computeIfPresent(zone, (key, count) -> count == 1 ? null : count - 1);
            receiving.computeIfPresent(other, (key, count) -> count == 1 ? null : count - 1);
            return other;
        }
    }

    /// Counts the hints of a slice that others are to leave as it is; null when it must change: an endpoint is for nobody, or for a zone that
    /// is due nothing, or with what is counted already so many are for one zone that there are too few for another.
    ///
    /// @param hints of each ready endpoint, the zones that it is for
    /// @param already counted of other slices
    @Nullable Map<String, Integer> count(List<List<String>> hints, Map<String, Integer> already) {
        Map<String, Integer> counts = new HashMap<>();
        for (List<String> zones : hints) {
            if (zones.isEmpty() || !byZone.keySet().containsAll(zones)) {
                return null;
            }
            zones.forEach(zone -> counts.merge(zone, 1, Integer::sum));
        }
        boolean fits = counts.entrySet().stream().allMatch(zone -> {
            Due due = byZone.get(zone.getKey());
            return due != null && zone.getValue() + already.getOrDefault(zone.getKey(), 0) <= due.most;
        });
        return fits ? counts : null;
    }

    /// What has to move when so many are for each zone now. Those that have most too many give first, to those that lack most.
    Exchange exchange(Map<String, Integer> now) {
        SortedMap<String, Double> surplus = new TreeMap<>();
        SortedMap<String, Double> lack = new TreeMap<>();
        byZone.forEach((zone, due) -> {
            double over = now.getOrDefault(zone, 0) - due.wanted;
            if (over > 0) {
                surplus.put(zone, over);
            } else if (over < 0) {
                lack.put(zone, -over);
            }
        });
        Exchange exchange = new Exchange(new TreeMap<>(), new TreeMap<>());
        while (true) {
            String giver = most(surplus);
            String taker = most(lack);
            if (giver == null || taker == null) {
                return exchange;
            }
            double over = surplus.getOrDefault(giver, 0.0);
            double under = lack.getOrDefault(taker, 0.0);
            if (over < WORTH_MOVING || under < WORTH_MOVING || (over < 1 && under < 1)) {
                return exchange;
            }
            exchange.giving.merge(giver, 1, Integer::sum);
            exchange.receiving.merge(taker, 1, Integer::sum);
            surplus.put(giver, over - 1);
            lack.put(taker, under - 1);
        }
    }

    private static @Nullable String most(SortedMap<String, Double> zones) {
        String found = null;
        double most = 0;
        for (Map.Entry<String, Double> zone : zones.entrySet()) {
            if (zone.getValue() > most) {
                found = zone.getKey();
                most = zone.getValue();
            }
        }
        return found;
    }
}
