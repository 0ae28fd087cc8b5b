package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PackedMetadataTest {
    private final Random random = new Random(7);

    private String text() {
        return switch (random.nextInt(4)) {
            case 0 -> "";
            case 1 -> "ü€😀".repeat(random.nextInt(1, 9));
            case 2 -> "x".repeat(random.nextInt(100, 20_000));
            default -> Integer.toString(random.nextInt());
        };
    }

    private static OwnerReference owner(int i) {
        OwnerReference owner = new OwnerReference();
        owner.setApiVersion("apps/v1");
        owner.setKind("Kind" + i % 3);
        owner.setName("name" + i);
        owner.setUid("uid" + i);
        owner.setController(i % 3 == 0 ? null : (Boolean) (i % 3 == 1));
        owner.setBlockOwnerDeletion(i % 2 == 0 ? null : (Boolean) (i % 4 == 1));
        return owner;
    }

    private static ObjectMeta packed(Map<String, String> texts, List<String> finalizers, List<OwnerReference> owners) {
        ObjectMeta meta = new ObjectMeta();
        meta.setLabels(texts);
        meta.setAnnotations(texts);
        meta.setFinalizers(finalizers);
        meta.setOwnerReferences(owners);
        PackedMetadata.pack(meta);
        return meta;
    }

    @Test
    void whatIsPackedIsWhatItWas() {
        for (int size : new int[] {0, 1, 4, 5, 16, 17, 200}) {
            Map<String, String> texts = new TreeMap<>();
            List<String> finalizers = new ArrayList<>();
            List<OwnerReference> owners = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                texts.put(i + text(), text());
                finalizers.add(text());
                owners.add(owner(i));
            }
            ObjectMeta meta = packed(texts, finalizers, owners);
            for (Map<String, String> map : List.of(meta.getLabels(), meta.getAnnotations())) {
                assertThat(map).isEqualTo(texts).hasSize(size).hasSameHashCodeAs(texts);
                texts.forEach((key, value) -> assertThat(map.get(key)).isEqualTo(value));
                assertThat(map.containsKey("none")).isFalse();
                assertThat(map.get("none")).isNull();
                assertThat(new TreeMap<>(map)).isEqualTo(texts);
            }
            assertThat(meta.getFinalizers()).isEqualTo(finalizers);
            assertThat(meta.getOwnerReferences()).isEqualTo(owners).hasSize(size);
            assertThat(meta.getOwnerReferences().stream().map(OwnerReference::getUid).toList()).isEqualTo(owners.stream().map(OwnerReference::getUid).toList());
            if (size > 0) {
                assertThat(meta.getFinalizers().get(size - 1)).isEqualTo(finalizers.getLast());
            }
        }
    }

    /// A tenant may name a hundred thousand, and all tenants' objects are looked at by the same threads.
    @Test
    void whoeverLooksForOneOrComparesGoesThroughThemOnce() {
        int many = 60_000;
        Map<String, String> texts = new TreeMap<>();
        List<String> finalizers = new ArrayList<>();
        List<OwnerReference> owners = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            texts.put("key" + i, "x");
            finalizers.add("example.com/" + i);
            owners.add(owner(i));
        }
        ObjectMeta meta = packed(texts, finalizers, owners);
        ObjectMeta again = packed(texts, finalizers, owners);
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            assertThat(meta.getFinalizers().contains("none")).isFalse();
            assertThat(meta.getFinalizers().indexOf("example.com/" + (many - 1))).isEqualTo(many - 1);
            assertThat(meta.getFinalizers().equals(again.getFinalizers())).isTrue();
            assertThat(meta.getOwnerReferences().equals(again.getOwnerReferences())).isTrue();
            assertThat(meta.getLabels().equals(again.getLabels())).isTrue();
            assertThat(texts.equals(meta.getLabels())).isTrue();
            texts.forEach((key, value) -> assertThat(meta.getLabels().get(key)).isEqualTo(value));
        });
        texts.put("key7", "y");
        assertThat(packed(texts, finalizers, owners).getLabels()).isNotEqualTo(meta.getLabels());
    }

    @Test
    void aPackedListCanBeReadBackwards() {
        List<String> finalizers = IntStream.range(0, 20).mapToObj(i -> "example.com/" + i).toList();
        List<String> packed = packed(Map.of(), finalizers, List.of()).getFinalizers();
        assertThat(packed.lastIndexOf("example.com/3")).isEqualTo(3);
        assertThat(packed.reversed()).isEqualTo(finalizers.reversed());
    }

    /// As others read the same object.
    @Test
    void whatIsPackedCannotBeChanged() {
        Map<String, String> texts = new TreeMap<>();
        List<String> finalizers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            texts.put("k" + i, "v");
            finalizers.add("f" + i);
        }
        ObjectMeta meta = packed(texts, finalizers, new ArrayList<>(List.of(owner(0), owner(1), owner(2), owner(3), owner(4))));
        assertThatThrownBy(() -> meta.getLabels().put("a", "b")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> meta.getLabels().remove("k1")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> meta.getFinalizers().add("x")).isInstanceOf(UnsupportedOperationException.class);
        meta.getOwnerReferences().getFirst().setName("changed");
        assertThat(meta.getOwnerReferences().getFirst().getName()).isEqualTo("name0");
    }

    @Test
    void whatTheServerWouldNotStoreStaysAsItIs() {
        List<OwnerReference> owners = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            owners.add(new OwnerReference());
        }
        Map<String, String> texts = new TreeMap<>();
        for (int i = 0; i < 20; i++) {
            texts.put("k" + i, null);
        }
        ObjectMeta meta = packed(texts, new ArrayList<>(java.util.Collections.nCopies(20, null)), owners);
        assertThat(meta.getOwnerReferences()).isSameAs(owners);
        assertThat(meta.getLabels()).isSameAs(texts);
        assertThat(meta.getFinalizers()).hasSize(20).containsOnlyNulls();
    }
}
