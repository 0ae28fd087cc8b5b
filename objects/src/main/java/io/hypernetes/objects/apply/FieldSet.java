package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A set of paths in an object, as a trie. Immutable once it is handed out.
///
/// A path may be in the set without the paths below it, and the other way round: who owns one item of a list does not own
/// the list. Elements are kept in the notation of `FieldsV1`, which [PathElement] explains, so that reading and writing a set
/// costs no more than walking it.
public final class FieldSet {
    /// The set of no paths.
    public static final FieldSet EMPTY = new FieldSet();

    /// The most steps of a path. Whoever owns something that lies deeper owns, as it is written, all that lies as deep as that: no program that
    /// reads objects has to be ready for more, and what a client writes is no such set.
    static final int MOST_STEPS = 200;

    private static final String SELF = ".";

    private final TreeMap<String, Node> nodes = new TreeMap<>();

    /// What is known of one element: whether its own path is in the set, and what is below it.
    private record Node(boolean member, FieldSet below) {
        /// This node itself when nothing of it is in the other; null when nothing is left of it.
        @Nullable Node without(Node other, boolean deep) {
            if (deep && other.member) {
                return null;
            }
            boolean stays = member && !other.member;
            FieldSet left = below.difference(other.below, deep);
            return stays == member && left == below ? this : stays || !left.isEmpty() ? new Node(stays, left) : null;
        }
    }

    FieldSet() {}

    /// Reads `FieldsV1`.
    ///
    /// @throws MalformedJsonException when it is not in that notation, or has longer paths than are written
    public static FieldSet parse(JsonNode fields) {
        return parse(fields, MOST_STEPS);
    }

    private static FieldSet parse(JsonNode fields, int steps) {
        if (fields.isEmpty()) {
            return EMPTY;
        }
        if (steps == 0) {
            throw new MalformedJsonException("FieldsV1: a path has more than " + MOST_STEPS + " steps");
        }
        FieldSet set = new FieldSet();
        for (Map.Entry<String, JsonNode> entry : fields.properties()) {
            if (entry.getKey().equals(SELF)) {
                continue;
            }
            if (!(entry.getValue() instanceof ObjectNode below)) {
                throw new MalformedJsonException("FieldsV1: the value of \"" + entry.getKey() + "\" is not an object");
            }
            set.add(PathElement.canonical(entry.getKey()), below.isEmpty() || below.has(SELF), parse(below, steps - 1));
        }
        return set;
    }

    /// The set as `FieldsV1`.
    public ObjectNode toJson() {
        return toJson(false, MOST_STEPS);
    }

    /// @param self whether the path of what the set is below is in a set too
    private ObjectNode toJson(boolean self, int steps) {
        ObjectNode json = Json.object();
        if (steps == 0) {
            return json;
        }
        if (self && !nodes.isEmpty()) {
            json.putObject(SELF);
        }
        nodes.forEach((element, node) -> json.set(element, node.below.toJson(node.member, steps - 1)));
        return json;
    }

    /// The set of these paths, each a list of elements.
    public static FieldSet of(List<List<String>> paths) {
        FieldSet set = new FieldSet();
        for (List<String> path : paths) {
            FieldSet one = EMPTY;
            for (int i = path.size() - 1; i >= 0; i--) {
                FieldSet outer = new FieldSet();
                outer.add(path.get(i), i == path.size() - 1, one);
                one = outer;
            }
            set = set.union(one);
        }
        return set;
    }

    /// Adds to a set that is still being made.
    void add(String element, boolean member, FieldSet below) {
        if (member || !below.isEmpty()) {
            nodes.put(element, new Node(member, below));
        }
    }

    public boolean isEmpty() {
        return nodes.isEmpty();
    }

    /// Whether the path of this element is in the set.
    boolean has(String element) {
        Node node = nodes.get(element);
        return node != null && node.member;
    }

    /// What is in the set below an element.
    FieldSet below(String element) {
        Node node = nodes.get(element);
        return node == null ? EMPTY : node.below;
    }

    /// The elements at which something is, or below which.
    Iterable<String> elements() {
        return nodes.keySet();
    }

    /// The paths in either set.
    public FieldSet union(FieldSet other) {
        if (isEmpty()) {
            return other;
        }
        if (other.isEmpty()) {
            return this;
        }
        FieldSet result = new FieldSet();
        result.nodes.putAll(nodes);
        other.nodes.forEach((element, theirs) -> result.nodes.merge(
                element, theirs, (a, b) -> new Node(a.member || b.member, a.below.union(b.below))));
        return result;
    }

    /// The paths in both sets.
    public FieldSet intersection(FieldSet other) {
        FieldSet result = new FieldSet();
        nodes.forEach((element, node) -> {
            Node theirs = other.nodes.get(element);
            if (theirs != null) {
                result.add(element, node.member && theirs.member, node.below.intersection(theirs.below));
            }
        });
        return result;
    }

    /// The paths that are not in the other set.
    public FieldSet difference(FieldSet other) {
        return difference(other, false);
    }

    /// The paths that are neither in the other set nor below a path in it.
    public FieldSet differenceBelow(FieldSet other) {
        return difference(other, true);
    }

    private FieldSet difference(FieldSet other, boolean deep) {
        if (isEmpty() || other.isEmpty()) {
            return this;
        }
        FieldSet result = this;
        // By the smaller of the two: what each of many managers has is taken from all that was written, and what was written from all that each has.
        for (String element : (nodes.size() < other.nodes.size() ? nodes : other.nodes).keySet()) {
            Node mine = nodes.get(element);
            Node theirs = other.nodes.get(element);
            Node left = mine == null || theirs == null ? mine : mine.without(theirs, deep);
            if (left == mine) {
                continue;
            }
            if (result == this) {
                result = new FieldSet();
                result.nodes.putAll(nodes);
            }
            if (left == null) {
                result.nodes.remove(element);
            } else {
                result.nodes.put(element, left);
            }
        }
        return result;
    }

    /// Every path in the set.
    public List<List<String>> paths() {
        List<List<String>> paths = new ArrayList<>();
        collect(new ArrayList<>(), paths);
        return paths;
    }

    private void collect(List<String> prefix, List<List<String>> paths) {
        nodes.forEach((element, node) -> {
            prefix.add(element);
            if (node.member) {
                paths.add(List.copyOf(prefix));
            }
            node.below.collect(prefix, paths);
            prefix.removeLast();
        });
    }

    /// How many paths are in the set.
    public int size() {
        int size = 0;
        for (Node node : nodes.values()) {
            size += (node.member ? 1 : 0) + node.below.size();
        }
        return size;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FieldSet set && nodes.equals(set.nodes);
    }

    @Override
    public int hashCode() {
        return nodes.hashCode();
    }

    @Override
    public String toString() {
        return Json.print(toJson());
    }
}
