package io.hypernetes.client;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What the text of an object says of itself before it is decoded, and even when it cannot be. Texts that are not there are empty.
///
/// Only so much of it is read as it takes, and the managed fields, which nobody here reads and which are often longer than the rest, are made blank in
/// passing: they say what tenants like, as deep as they like.
///
/// @param tenant what the annotation of reads across tenants says
record ObjectHead(String tenant, String namespace, String name, String resourceVersion) {
    static final ObjectHead NONE = new ObjectHead("", "", "", "");

    /// Reads the metadata of the object that begins where the cursor is, as far as they go.
    ///
    /// @param bytes those of the cursor
    /// @param whole whether the cursor is to be moved behind the object
    /// @return null when the object has no metadata
    /// @throws IOException when what is read of it is no JSON
    static @Nullable ObjectHead of(JsonCursor cursor, byte[] bytes, boolean whole) throws IOException {
        ObjectHead head = null;
        cursor.pass('{');
        for (boolean first = true; cursor.member(first); first = false) {
            if (cursor.is("metadata") && cursor.peek() == '{') {
                head = metadata(cursor, bytes);
                if (!whole) {
                    return head;
                }
            } else {
                cursor.skip();
            }
        }
        return head;
    }

    private static ObjectHead metadata(JsonCursor cursor, byte[] bytes) throws IOException {
        String tenant = "";
        String namespace = "";
        String name = "";
        String resourceVersion = "";
        cursor.pass('{');
        for (boolean first = true; cursor.member(first); first = false) {
            if (cursor.is("namespace")) {
                namespace = cursor.textIfAny();
            } else if (cursor.is("name")) {
                name = cursor.textIfAny();
            } else if (cursor.is("resourceVersion")) {
                resourceVersion = cursor.textIfAny();
            } else if (cursor.is("annotations") && cursor.peek() == '{') {
                tenant = tenant(cursor);
            } else if (cursor.is("managedFields") && cursor.peek() == '[') {
                int begin = cursor.position();
                cursor.skip();
                // What ends it is the bracket before the cursor.
                Arrays.fill(bytes, begin + 1, cursor.passed() - 1, (byte) ' ');
            } else {
                cursor.skip();
            }
        }
        return new ObjectHead(tenant, namespace, name, resourceVersion);
    }

    private static String tenant(JsonCursor cursor) throws IOException {
        String tenant = "";
        cursor.pass('{');
        for (boolean first = true; cursor.member(first); first = false) {
            if (cursor.is(ObjectKey.TENANT_ANNOTATION)) {
                tenant = cursor.textIfAny();
            } else {
                cursor.skip();
            }
        }
        return tenant;
    }
}
