package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Part;
import io.hypernetes.store.Entry;

/// A stored value as a part of an answer: a long list takes no arrays for its objects.
record StoredPart(Entry entry) implements Part {
    @Override
    public int length() {
        return entry.length();
    }

    @Override
    public void copyInto(byte[] to, int at) {
        entry.copyInto(to, at);
    }

    @Override
    public byte[] array() {
        return entry.value();
    }
}
