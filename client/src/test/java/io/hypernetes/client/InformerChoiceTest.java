package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// An informer that leaves out objects.
class InformerChoiceTest {
    private static final Scope RED = Scope.tenant("red");

    private static ConfigMap map(String name) {
        return new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName(name).endMetadata().build();
    }

    private static Informer<ConfigMap> informer(Client client) {
        return new Informer<>(client, Kind.CONFIG_MAP, RED, Selection.everything());
    }

    /// Else what there is room for again stays left out for as long as a watch lasts.
    @Test
    void whatIsToBeReadAgainWhileAWatchIsOpenedIs() {
        AtomicBoolean wanted = new AtomicBoolean();
        AtomicReference<Informer<ConfigMap>> opening = new AtomicReference<>();
        try (FakeApi api = new FakeApi(); Client client = api.client()) {
            client.of(Kind.CONFIG_MAP).create("red", map("some"));
            api.beforeAnswers(request -> {
                if (request.contains("watch=") && wanted.compareAndSet(false, true)) {
                    opening.get().readAgain();
                }
            });
            try (Informer<ConfigMap> informer = informer(client).onlyIf(object -> wanted.get())) {
                opening.set(informer);
                informer.start();
                await().until(() -> informer.list().size() == 1);
            }
        }
    }

    /// Of what is left out there may be more than there is memory for.
    @Test
    void whatIsLeftOutIsLetGoOfAtOnceWhenAllIsReadAgain() {
        List<String> order = new CopyOnWriteArrayList<>();
        AtomicBoolean again = new AtomicBoolean();
        try (FakeApi api = new FakeApi(); Client client = api.client()) {
            client.of(Kind.CONFIG_MAP).create("red", map("a"));
            client.of(Kind.CONFIG_MAP).create("red", map("b"));
            client.of(Kind.CONFIG_MAP).create("red", map("c"));
            try (Informer<ConfigMap> informer = informer(client)
                    .trimmedBy(object -> order.add("read " + object.getMetadata().getName()))
                    .onlyIf(object -> {
                        order.add("asked " + object.getMetadata().getName());
                        return object.getMetadata().getName().equals(again.get() ? "c" : "a");
                    })) {
                informer.start();
                await().until(informer::synced);
                order.clear();
                again.set(true);
                client.of(Kind.CONFIG_MAP).change(new ObjectKey("red", "default", "a"), null, now -> {
                    now.setData(Map.of("x", "y"));
                    return now;
                });
                await().until(() -> informer.list().isEmpty());
                client.of(Kind.CONFIG_MAP).create("red", map("d"));
                await().until(() -> order.contains("asked d"));
                again.set(false);
                client.of(Kind.CONFIG_MAP).change(new ObjectKey("red", "default", "a"), null, now -> {
                    now.setData(Map.of("x", "z"));
                    return now;
                });
                await().until(() -> informer.list().size() == 1);
                again.set(true);
                order.clear();
                informer.readAgain();
                await().until(() -> informer.get(new ObjectKey("red", "default", "c")).isPresent());
                assertThat(order).startsWith("read b", "asked b", "read c", "asked c", "read d", "asked d");
            }
        }
    }
}
