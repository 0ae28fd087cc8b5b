package io.hypernetes.store.embedded;

import io.hypernetes.store.Store;
import io.hypernetes.store.StoreContract;
import io.hypernetes.store.keys.KeyRing;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.junit.jupiter.api.io.TempDir;

class SealedStoreContractTest extends StoreContract {
    @TempDir
    Path folder;

    @Override
    protected Store open() {
        KeyRing keys = KeyRing.open(folder.resolve("keys"), folder.resolve("keys/master.key"), new SecureRandom());
        return EmbeddedStore.open(folder.resolve("store"), Folders.settings().withKeys(keys));
    }
}
