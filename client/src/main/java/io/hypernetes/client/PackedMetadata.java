package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.AbstractMap;
import java.util.AbstractSequentialList;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Long lists and maps in the metadata of cached objects, in about as much room as their text takes: made of the model's objects they take five times that
/// and more, and a cache has those of all tenants, each of which may store a hundred megabytes of them. Whoever reads one is given objects of the model that are made
/// for him; nobody can change it. Short ones, which nearly all objects have, stay as they are.
final class PackedMetadata {
    private static final int FEW = 16;
    private static final int FEW_OWNERS = 4;
    private static final int NULL = 0;
    private static final int FALSE = 1;
    private static final int TRUE = 2;

    private PackedMetadata() {}

    /// Packs what is long.
    static void pack(ObjectMeta metadata) {
        if (metadata.getLabels() != null && metadata.getLabels().size() > FEW && isWhole(metadata.getLabels())) {
            metadata.setLabels(new Texts(metadata.getLabels()));
        }
        if (metadata.getAnnotations() != null && metadata.getAnnotations().size() > FEW && isWhole(metadata.getAnnotations())) {
            metadata.setAnnotations(new Texts(metadata.getAnnotations()));
        }
        List<String> finalizers = metadata.getFinalizers();
        if (finalizers != null && finalizers.size() > FEW && finalizers.stream().noneMatch(Objects::isNull)) {
            metadata.setFinalizers(new Packed<>(PackedTexts.of(finalizers), finalizers.size(), PackedTexts.Reader::next));
        }
        List<OwnerReference> owners = metadata.getOwnerReferences();
        if (owners != null && owners.size() > FEW_OWNERS && owners.stream().allMatch(PackedMetadata::isWhole)) {
            metadata.setOwnerReferences(new Packed<>(packed(owners), owners.size(), PackedMetadata::owner));
        }
    }

    private static boolean isWhole(Map<String, String> texts) {
        return texts.entrySet().stream().noneMatch(entry -> entry.getValue() == null);
    }

    private static boolean isWhole(@Nullable OwnerReference owner) {
        return owner != null && owner.getApiVersion() != null && owner.getKind() != null && owner.getName() != null && owner.getUid() != null;
    }

    private static byte[] packed(List<OwnerReference> owners) {
        var out = new ByteArrayOutputStream();
        for (OwnerReference owner : owners) {
            PackedTexts.add(out, owner.getApiVersion());
            PackedTexts.add(out, owner.getKind());
            PackedTexts.add(out, owner.getName());
            PackedTexts.add(out, owner.getUid());
            out.write(flag(owner.getController()) << 2 | flag(owner.getBlockOwnerDeletion()));
        }
        return out.toByteArray();
    }

    private static int flag(@Nullable Boolean value) {
        return value == null ? NULL : value ? TRUE : FALSE;
    }

    private static @Nullable Boolean flag(int value) {
        return value == NULL ? null : value == TRUE;
    }

    private static OwnerReference owner(PackedTexts.Reader reader) {
        OwnerReference owner = new OwnerReference();
        owner.setApiVersion(reader.next());
        owner.setKind(reader.next());
        owner.setName(reader.next());
        owner.setUid(reader.next());
        int flags = reader.nextByte();
        owner.setController(flag(flags >> 2));
        owner.setBlockOwnerDeletion(flag(flags & 3));
        return owner;
    }

    /// A list whose items are made when they are asked for, one after the other: whoever looks for one goes through it once.
    private static final class Packed<T> extends AbstractSequentialList<T> {
        private final byte[] packed;
        private final int size;
        private final Function<PackedTexts.Reader, T> read;

        Packed(byte[] packed, int size, Function<PackedTexts.Reader, T> read) {
            this.packed = packed;
            this.size = size;
            this.read = read;
        }

        @Override
        public ListIterator<T> listIterator(int index) {
            return new Walk<>(this, index);
        }

        @Override
        public int size() {
            return size;
        }
    }

    /// Goes through a list, forwards in one go; a step back begins anew.
    private static final class Walk<T> implements ListIterator<T> {
        private final Packed<T> list;
        private PackedTexts.Reader reader;
        private int at;

        Walk(Packed<T> list, int index) {
            this.list = list;
            this.reader = new PackedTexts.Reader(list.packed);
            goTo(index);
        }

        private void goTo(int index) {
            Objects.checkIndex(index, list.size + 1);
            reader = new PackedTexts.Reader(list.packed);
            for (at = 0; at < index; at++) {
                var _ = list.read.apply(reader);
            }
        }

        @Override
        public boolean hasNext() {
            return at < list.size;
        }

        @Override
        public T next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            at++;
            return list.read.apply(reader);
        }

        @Override
        public boolean hasPrevious() {
            return at > 0;
        }

        @Override
        public T previous() {
            if (!hasPrevious()) {
                throw new NoSuchElementException();
            }
            int before = at - 1;
            goTo(before);
            T item = next();
            goTo(before);
            return item;
        }

        @Override
        public int nextIndex() {
            return at;
        }

        @Override
        public int previousIndex() {
            return at - 1;
        }

        @Override
        public void remove() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void set(T item) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void add(T item) {
            throw new UnsupportedOperationException();
        }
    }

    /// Labels or annotations in the order of their keys, so that one is found among a hundred thousand in a few steps: whoever compares two such maps, or a map with a selector
    /// as long, does so for each of their keys.
    private static final class Texts extends AbstractMap<String, String> {
        private final byte[] packed;
        private final int size;
        /// Where each sixteenth begins.
        private final int[] marks;

        private record Pair(byte[] key, String value) {}

        Texts(Map<String, String> texts) {
            List<Pair> pairs = new ArrayList<>(texts.size());
            texts.forEach((key, value) -> pairs.add(new Pair(key.getBytes(StandardCharsets.UTF_8), value)));
            pairs.sort((one, other) -> Arrays.compareUnsigned(one.key, other.key));
            this.size = pairs.size();
            this.marks = new int[(size + FEW - 1) / FEW];
            var out = new ByteArrayOutputStream();
            for (int i = 0; i < size; i++) {
                if (i % FEW == 0) {
                    marks[i / FEW] = out.size();
                }
                PackedTexts.add(out, pairs.get(i).key);
                PackedTexts.add(out, pairs.get(i).value);
            }
            this.packed = out.toByteArray();
        }

        @Override
        public @Nullable String get(@Nullable Object key) {
            if (!(key instanceof String name)) {
                return null;
            }
            byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
            int low = 0;
            int high = marks.length - 1;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (new PackedTexts.Reader(packed, marks[middle]).compareNext(wanted) <= 0) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            var reader = new PackedTexts.Reader(packed, marks[low]);
            while (reader.hasNext()) {
                int order = reader.compareNext(wanted);
                if (order >= 0) {
                    return order == 0 ? reader.next() : null;
                }
                reader.skip();
            }
            return null;
        }

        @Override
        public boolean containsKey(@Nullable Object key) {
            return get(key) != null;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Texts texts ? Arrays.equals(packed, texts.packed) : super.equals(other);
        }

        @Override
        public int hashCode() {
            return super.hashCode();
        }

        @Override
        public Set<Entry<String, String>> entrySet() {
            return new AbstractSet<>() {
                @Override
                public Iterator<Entry<String, String>> iterator() {
                    return new Packed<Entry<String, String>>(packed, size, reader -> Map.entry(reader.next(), reader.next())).iterator();
                }

                @Override
                public int size() {
                    return size;
                }
            };
        }

        @Override
        public int size() {
            return size;
        }
    }
}
