package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;

/// Restores the [NamespaceBasics] of all tenants when somebody deletes or changes them: at once, and at the start.
public final class NamespaceKeeper implements Follower.Listener {
    private static final String ACCOUNT = "/" + NamespaceBasics.ACCOUNT;
    private static final String CERTIFICATE = "/" + NamespaceBasics.ROOT_CERTIFICATE;
    private static final String CLIENT_AUTHORITY = "/core/configmaps/" + NamespaceBasics.SYSTEM + "/" + NamespaceBasics.CLIENT_AUTHORITY;

    private final Store store;
    private final NamespaceBasics basics;

    public NamespaceKeeper(Store store, NamespaceBasics basics) {
        this.store = store;
        this.basics = basics;
    }

    @Override
    public void refresh() {
        basics.restore(Caller.ROOT);
        OneByOne.each(
                store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries(),
                "namespaces-restored",
                Entry::key,
                entry -> basics.restore(ObjectKey.parse(entry.key()).name()));
    }

    @Override
    public void changed(Change change) {
        var text = change.entry().key();
        boolean account = change.deleted() && text.endsWith(ACCOUNT) && text.contains("/core/serviceaccounts/");
        boolean certificate = text.endsWith(CERTIFICATE) && text.contains("/core/configmaps/");
        if (account || certificate || text.endsWith(CLIENT_AUTHORITY)) {
            var key = ObjectKey.parse(text);
            basics.restore(key.tenant(), key.namespace());
        }
    }
}
