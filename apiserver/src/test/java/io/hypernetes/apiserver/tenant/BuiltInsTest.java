package io.hypernetes.apiserver.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.admission.StorageClasses;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuiltInsTest {
    private static final String LOCAL = classKey("local");

    @TempDir
    private Path folder;

    private EmbeddedStore store;

    @BeforeEach
    void open() {
        store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static String classKey(String name) {
        return new ObjectKey("root", "storage.k8s.io", "storageclasses", "", name).text();
    }

    private void start() {
        new BuiltIns(store).restore(Instant.EPOCH);
    }

    @Test
    void aClusterWithoutTheClassGetsItAndWhatTheOperatorDeletesStaysAway() {
        start();
        assertThat(StorageClasses.isDefault(store.get(LOCAL).orElseThrow())).isTrue();
        long revision = store.get(LOCAL).orElseThrow().revision();
        start();
        assertThat(store.get(LOCAL).orElseThrow().revision()).isEqualTo(revision);
        store.commit(List.of(Operation.delete(LOCAL)));
        start();
        assertThat(store.get(LOCAL)).isEmpty();
    }

    @Test
    void whereTheClassIsAlreadyItStaysAndCountsAsGiven() {
        var own = StorageClasses.local(Instant.EPOCH, false);
        store.commit(List.of(new Operation.Put(LOCAL, Operation.ABSENT, StoredForm.encoder(own))));
        start();
        assertThat(StorageClasses.isDefault(store.get(LOCAL).orElseThrow())).isFalse();
        store.commit(List.of(Operation.delete(LOCAL)));
        start();
        assertThat(store.get(LOCAL)).isEmpty();
    }

    @Test
    void itDoesNotTakeThePlaceOfTheOperatorsDefault() {
        store.commit(List.of(new Operation.Put(classKey("fast"), Operation.ABSENT, StoredForm.encoder(StorageClasses.local(Instant.EPOCH, true)))));
        start();
        assertThat(StorageClasses.isDefault(store.get(LOCAL).orElseThrow())).isFalse();
    }
}
