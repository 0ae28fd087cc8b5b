package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.List;
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

    /// A list whose items are made when they are asked for, best one after the other.
    private static final class Packed<T> extends AbstractList<T> {
        private final byte[] packed;
        private final int size;
        private final Function<PackedTexts.Reader, T> read;

        Packed(byte[] packed, int size, Function<PackedTexts.Reader, T> read) {
            this.packed = packed;
            this.size = size;
            this.read = read;
        }

        @Override
        public T get(int index) {
            Objects.checkIndex(index, size);
            Iterator<T> each = iterator();
            for (int i = 0; i < index; i++) {
                each.next();
            }
            return each.next();
        }

        @Override
        public Iterator<T> iterator() {
            var reader = new PackedTexts.Reader(packed);
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return reader.hasNext();
                }

                @Override
                public T next() {
                    if (!reader.hasNext()) {
                        throw new NoSuchElementException();
                    }
                    return read.apply(reader);
                }
            };
        }

        @Override
        public int size() {
            return size;
        }
    }

    /// Labels or annotations; one is found by looking through them.
    private static final class Texts extends AbstractMap<String, String> {
        private final byte[] packed;
        private final int size;

        Texts(Map<String, String> texts) {
            var out = new ByteArrayOutputStream();
            texts.forEach((key, value) -> {
                PackedTexts.add(out, key);
                PackedTexts.add(out, value);
            });
            this.packed = out.toByteArray();
            this.size = texts.size();
        }

        @Override
        public @Nullable String get(@Nullable Object key) {
            if (key instanceof String name) {
                byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
                var reader = new PackedTexts.Reader(packed);
                while (reader.hasNext()) {
                    boolean found = reader.nextIs(wanted);
                    if (found) {
                        return reader.next();
                    }
                    reader.skip();
                }
            }
            return null;
        }

        @Override
        public boolean containsKey(@Nullable Object key) {
            return get(key) != null;
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
