package io.hypernetes.store.embedded;

import io.hypernetes.store.Store;
import io.hypernetes.store.StoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedStoreContractTest extends StoreContract {
    @TempDir
    Path folder;

    @Override
    protected Store open() {
        return EmbeddedStore.open(folder, Folders.settings());
    }
}
