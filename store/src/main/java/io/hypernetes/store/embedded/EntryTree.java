package io.hypernetes.store.embedded;

import io.hypernetes.store.Entry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// All live entries in key order, immutable: a change gives a new tree that shares all but one path with the old one.
/// So a reader holds one instant of the store as long as it likes, without a lock, and a failed commit is simply forgotten.
///
/// A B+tree that knows the number of entries below each node: position and count of a range cost O(log n).
final class EntryTree {
    private static final int WIDTH = 64;
    static final EntryTree EMPTY = new EntryTree(null);

    private final @Nullable Node root;

    private EntryTree(@Nullable Node root) {
        this.root = root;
    }

    /// A tree of entries that are already in key order, without duplicates.
    static EntryTree ofSorted(List<Entry> sorted) {
        if (sorted.isEmpty()) {
            return EMPTY;
        }
        int fill = WIDTH * 3 / 4;
        Node[] level = new Node[(sorted.size() + fill - 1) / fill];
        for (int i = 0; i < level.length; i++) {
            int from = i * fill;
            level[i] = new Leaf(sorted.subList(from, Math.min(sorted.size(), from + fill)).toArray(new Entry[0]));
        }
        while (level.length > 1) {
            Node[] above = new Node[(level.length + fill - 1) / fill];
            for (int i = 0; i < above.length; i++) {
                above[i] = new Branch(Arrays.copyOfRange(level, i * fill, Math.min(level.length, (i + 1) * fill)));
            }
            level = above;
        }
        return new EntryTree(level[0]);
    }

    int size() {
        return root == null ? 0 : root.size();
    }

    @Nullable Entry get(String key) {
        Sought sought = new Sought(key);
        Node node = root;
        while (node instanceof Branch branch) {
            node = branch.children[branch.childFor(sought)];
        }
        if (node instanceof Leaf leaf) {
            int at = leaf.search(sought);
            return at >= 0 ? leaf.entries[at] : null;
        }
        return null;
    }

    EntryTree with(Entry entry) {
        if (root == null) {
            return new EntryTree(new Leaf(new Entry[] {entry}));
        }
        Node[] replaced = root.with(entry);
        return new EntryTree(replaced.length == 1 ? replaced[0] : new Branch(replaced));
    }

    EntryTree without(String key) {
        if (root == null) {
            return this;
        }
        Node left = root.without(key);
        while (left instanceof Branch branch && branch.children.length == 1) {
            left = branch.children[0];
        }
        return left == null ? EMPTY : left == root ? this : new EntryTree(left);
    }

    /// The first key that is `key` or comes after it; null when there is none.
    @Nullable String ceilingKey(String key) {
        Sought sought = new Sought(key);
        Node node = root;
        Node next = null;
        while (node instanceof Branch branch) {
            int child = branch.childFor(sought);
            if (child + 1 < branch.children.length) {
                next = branch.children[child + 1];
            }
            node = branch.children[child];
        }
        if (node instanceof Leaf leaf) {
            int at = leaf.search(sought);
            int place = at >= 0 ? at : -at - 1;
            if (place < leaf.entries.length) {
                return leaf.entries[place].key();
            }
        }
        return next == null ? null : next.firstKey();
    }

    /// How many entries, counted from the first, satisfy `below`, which must hold for a leading part of the keys only.
    int count(Predicate<String> below) {
        int passed = 0;
        Node node = root;
        while (node instanceof Branch branch) {
            int child = branch.lastStarting(below);
            for (int i = 0; i < child; i++) {
                passed += branch.children[i].size();
            }
            node = branch.children[child];
        }
        return node instanceof Leaf leaf ? passed + leaf.count(below) : passed;
    }

    /// The entries at positions `from` (included) to `to` (excluded).
    Entry[] slice(int from, int to) {
        Entry[] out = new Entry[Math.max(0, to - from)];
        if (root != null && out.length > 0) {
            root.copy(from, to, out, 0);
        }
        return out;
    }

    private sealed interface Node {
        int size();

        String firstKey();

        /// One node, or two when it had to split.
        Node[] with(Entry entry);

        /// Null when nothing is left.
        @Nullable Node without(String key);

        /// Copies own entries at positions `from` to `to` into `out` from `at`; returns the next free place.
        int copy(int from, int to, Entry[] out, int at);

        int width();

        /// Both, this one left, as one node.
        Node joined(Node right);
    }

    private static final class Leaf implements Node {
        private final Entry[] entries;

        Leaf(Entry[] entries) {
            this.entries = entries;
        }

        int search(Sought key) {
            int low = 0;
            int high = entries.length - 1;
            while (low <= high) {
                int middle = (low + high) >>> 1;
                int order = key.order(entries[middle].key());
                if (order == 0) {
                    return middle;
                }
                if (order < 0) {
                    low = middle + 1;
                } else {
                    high = middle - 1;
                }
            }
            return -low - 1;
        }

        int count(Predicate<String> below) {
            int low = 0;
            int high = entries.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (below.test(entries[middle].key())) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        @Override
        public int size() {
            return entries.length;
        }

        @Override
        public int width() {
            return entries.length;
        }

        @Override
        public String firstKey() {
            return entries[0].key();
        }

        @Override
        public Node[] with(Entry entry) {
            int at = search(new Sought(entry.key()));
            if (at >= 0) {
                Entry[] copy = entries.clone();
                copy[at] = entry;
                return new Node[] {new Leaf(copy)};
            }
            int place = -at - 1;
            Entry[] copy = new Entry[entries.length + 1];
            System.arraycopy(entries, 0, copy, 0, place);
            copy[place] = entry;
            System.arraycopy(entries, place, copy, place + 1, entries.length - place);
            if (copy.length <= WIDTH) {
                return new Node[] {new Leaf(copy)};
            }
            // Keys often arrive in order: a split at the end leaves a full leaf behind instead of a half-empty one.
            int cut = place == entries.length ? WIDTH : copy.length / 2;
            return new Node[] {
                new Leaf(Arrays.copyOfRange(copy, 0, cut)), new Leaf(Arrays.copyOfRange(copy, cut, copy.length))
            };
        }

        @Override
        public @Nullable Node without(String key) {
            int at = search(new Sought(key));
            if (at < 0) {
                return this;
            }
            if (entries.length == 1) {
                return null;
            }
            Entry[] copy = new Entry[entries.length - 1];
            System.arraycopy(entries, 0, copy, 0, at);
            System.arraycopy(entries, at + 1, copy, at, copy.length - at);
            return new Leaf(copy);
        }

        @Override
        public int copy(int from, int to, Entry[] out, int at) {
            System.arraycopy(entries, from, out, at, to - from);
            return at + to - from;
        }

        @Override
        public Node joined(Node right) {
            Entry[] more = ((Leaf) right).entries;
            Entry[] both = Arrays.copyOf(entries, entries.length + more.length);
            System.arraycopy(more, 0, both, entries.length, more.length);
            return new Leaf(both);
        }
    }

    private static final class Branch implements Node {
        private final Node[] children;
        private final String[] firstKeys;
        private final int size;

        Branch(Node[] children) {
            this.children = children;
            this.firstKeys = new String[children.length];
            int sum = 0;
            for (int i = 0; i < children.length; i++) {
                firstKeys[i] = children[i].firstKey();
                sum += children[i].size();
            }
            this.size = sum;
        }

        int childFor(Sought key) {
            int low = 1;
            int high = children.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (key.order(firstKeys[middle]) <= 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low - 1;
        }

        /// The last child whose first key satisfies `below`; the first child when none does.
        int lastStarting(Predicate<String> below) {
            int low = 1;
            int high = children.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (below.test(firstKeys[middle])) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low - 1;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public int width() {
            return children.length;
        }

        @Override
        public String firstKey() {
            return firstKeys[0];
        }

        @Override
        public Node[] with(Entry entry) {
            int at = childFor(new Sought(entry.key()));
            Node[] replaced = children[at].with(entry);
            Node[] copy = new Node[children.length + replaced.length - 1];
            System.arraycopy(children, 0, copy, 0, at);
            System.arraycopy(replaced, 0, copy, at, replaced.length);
            System.arraycopy(children, at + 1, copy, at + replaced.length, children.length - at - 1);
            if (copy.length <= WIDTH) {
                return new Node[] {new Branch(copy)};
            }
            int cut = at == children.length - 1 ? WIDTH : copy.length / 2;
            return new Node[] {
                new Branch(Arrays.copyOfRange(copy, 0, cut)), new Branch(Arrays.copyOfRange(copy, cut, copy.length))
            };
        }

        @Override
        public @Nullable Node without(String key) {
            int at = childFor(new Sought(key));
            Node left = children[at].without(key);
            if (left == children[at]) {
                return this;
            }
            if (left == null) {
                return children.length == 1 ? null : new Branch(spliced(at, 1));
            }
            int neighbour = at + 1 < children.length ? at + 1 : at - 1;
            if (neighbour >= 0 && left.width() + children[neighbour].width() <= WIDTH / 2) {
                Node joined = neighbour > at ? left.joined(children[neighbour]) : children[neighbour].joined(left);
                return new Branch(spliced(Math.min(at, neighbour), 2, joined));
            }
            return new Branch(spliced(at, 1, left));
        }

        private Node[] spliced(int at, int removed, Node... added) {
            Node[] copy = new Node[children.length - removed + added.length];
            System.arraycopy(children, 0, copy, 0, at);
            System.arraycopy(added, 0, copy, at, added.length);
            System.arraycopy(children, at + removed, copy, at + added.length, children.length - at - removed);
            return copy;
        }

        @Override
        public int copy(int from, int to, Entry[] out, int at) {
            int start = 0;
            for (Node child : children) {
                int end = start + child.size();
                if (end > from && start < to) {
                    at = child.copy(Math.max(from, start) - start, Math.min(to, end) - start, out, at);
                }
                start = end;
            }
            return at;
        }

        @Override
        public Node joined(Node right) {
            Node[] more = ((Branch) right).children;
            Node[] both = Arrays.copyOf(children, children.length + more.length);
            System.arraycopy(more, 0, both, children.length, more.length);
            return new Branch(both);
        }
    }
}
