package io.hypernetes.apiserver.storage;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// The byte layout of a stored object:
/// `{"apiVersion":A,"kind":K,"metadata":{"resourceVersion":"R","annotations":{…},…},…}`.
///
/// The revision stands first in the metadata and the annotations, when there are any, right after it. So both can be changed
/// by copying bytes.
public final class StoredForm {
    /// The annotation that names an object's tenant in reads across tenants.
    public static final String TENANT_ANNOTATION = "hypernetes.io/tenant";

    /// The longest object that is stored: what etcd takes by default, so that nothing grows here that could not live there.
    public static final int MAX_BYTES = 3 << 19;

    /// What the mark of a deletion takes.
    private static final int MARK_BYTES = 4 << 10;

    private static final byte[] REVISION = "\"metadata\":{\"resourceVersion\":\"".getBytes(StandardCharsets.UTF_8);
    private static final int METADATA_LENGTH = "\"metadata\":".length();
    private static final int REVISION_MEMBER_LENGTH = "\"resourceVersion\":\"".length();
    private static final byte[] TENANT_NAME = ("\"" + TENANT_ANNOTATION + "\":").getBytes(StandardCharsets.UTF_8);
    private static final byte[] ANNOTATIONS = "\"annotations\":{".getBytes(StandardCharsets.UTF_8);

    private StoredForm() {}

    /// The bytes of an object for a revision still to come. The object may be changed afterwards.
    ///
    /// Everything that is stored of objects goes through here, and all of it can be read again: whoever reads what tenants store, at the start and in threads that
    /// are there for all, meets nothing that is not an object.
    ///
    /// @throws io.hypernetes.objects.ApiException 413 when they are more than [#MAX_BYTES], 422 when nobody could read them again
    public static Encoded encoder(ObjectNode object) {
        return encoder(object, MAX_BYTES, false);
    }

    /// As the other, of an object that was marked for its end. It is stored however little room there is, and may be a little longer than others: it has to go.
    ///
    /// @throws io.hypernetes.objects.ApiException as of [#encoder]
    public static Encoded ending(ObjectNode object) {
        return encoder(object, MAX_BYTES + MARK_BYTES, true);
    }

    /// The last state of an object of which nobody can read what is stored, perhaps a part only: watchers learn from it what was where.
    public static Encoded endingUnread(GroupVersion version, String kind, ObjectKey key) {
        var object = Json.object().put("apiVersion", version.apiVersion()).put("kind", kind);
        var metadata = object.putObject("metadata").put("name", key.name());
        if (!key.namespace().isEmpty()) {
            metadata.put("namespace", key.namespace());
        }
        return ending(object);
    }

    private static Encoded encoder(ObjectNode object, int mostBytes, boolean ending) {
        // Before it is written: what is too deep is not written at all.
        var fault = Json.fault(object);
        if (fault != null) {
            throw unreadable(object, fault);
        }
        byte[] template = unstored(object);
        if (template.length > mostBytes) {
            throw ApiStatus.tooLarge("the object has " + template.length + " bytes, the server stores " + MAX_BYTES + " at most")
                    .asException();
        }
        return new Encoded(template, ending);
    }

    private static ApiException unreadable(ObjectNode object, Json.Fault fault) {
        var version = GroupVersion.parse(Json.string(object, "apiVersion"));
        var error = FieldError.invalidUnshown(
                fault.path().isEmpty() ? FieldError.WHOLE_OBJECT : fault.path(), "it could not be read again once it is stored: " + fault.why());
        return ApiStatus.invalid(version.group(), Json.string(object, "kind"), Json.string(object, "metadata", "name"), List.of(error)).asException();
    }

    /// The bytes of an object that will not be stored, without a revision. They may be more than [#MAX_BYTES]: what is shown of an object is
    /// longer than what is stored of it where a definition says what it lacks.
    public static byte[] unstored(ObjectNode object) {
        return Json.bytes(arranged(object));
    }

    /// Whether stored bytes are an object of this version.
    ///
    /// @param apiVersion such as `stable.example.com/v1`
    public static boolean isOf(byte[] stored, String apiVersion) {
        return matches(stored, 0, ("{\"apiVersion\":\"" + apiVersion + "\"").getBytes(StandardCharsets.UTF_8));
    }

    /// The same bytes with another revision.
    public static byte[] withRevision(byte[] stored, long revision) {
        int start = revisionStart(stored);
        int end = indexOf(stored, (byte) '"', start);
        byte[] digits = Long.toString(revision).getBytes(StandardCharsets.US_ASCII);
        byte[] result = new byte[start + digits.length + stored.length - end];
        System.arraycopy(stored, 0, result, 0, start);
        System.arraycopy(digits, 0, result, start, digits.length);
        System.arraycopy(stored, end, result, start + digits.length, stored.length - end);
        return result;
    }

    /// The same bytes for a client: without the empty revision of what is not stored, which would be a member that upstream's answers have not.
    public static byte[] withoutNoRevision(byte[] unstored) {
        int end = revisionStart(unstored);
        if (unstored[end] != '"') {
            return unstored;
        }
        int start = end - REVISION_MEMBER_LENGTH;
        int rest = unstored[end + 1] == ',' ? end + 2 : end + 1;
        byte[] result = new byte[unstored.length - (rest - start)];
        System.arraycopy(unstored, 0, result, 0, start);
        System.arraycopy(unstored, rest, result, start, unstored.length - rest);
        return result;
    }

    /// The same bytes with the annotation that names the tenant. One that was stored, as earlier versions let a tenant's webhooks have it, does not count.
    public static byte[] withTenant(byte[] stored, String tenant) {
        if (namesTenant(stored)) {
            var object = Json.readObject(stored);
            return withTenant(withRevision(unstored(object), Long.parseLong(Json.string(object, "metadata", "resourceVersion"))), tenant);
        }
        int at = indexOf(stored, (byte) '"', revisionStart(stored)) + 1;
        var out = new ByteArrayOutputStream(stored.length + 64);
        boolean more = stored[at] == ',';
        boolean annotated = more && matches(stored, at + 1, ANNOTATIONS);
        var entry = "\"" + TENANT_ANNOTATION + "\":\"" + tenant + "\"";
        if (annotated) {
            int inside = at + 1 + ANNOTATIONS.length;
            out.write(stored, 0, inside);
            out.writeBytes((stored[inside] == '}' ? entry : entry + ",").getBytes(StandardCharsets.UTF_8));
            out.write(stored, inside, stored.length - inside);
        } else {
            out.write(stored, 0, at);
            out.writeBytes((",\"annotations\":{" + entry + "}").getBytes(StandardCharsets.UTF_8));
            out.write(stored, at, stored.length - at);
        }
        return out.toByteArray();
    }

    /// The object reduced to its metadata, `PartialObjectMetadata` of a version of `meta.k8s.io`, by copying bytes.
    public static byte[] partial(byte[] stored, String version) {
        int start = revisionStart(stored) - REVISION.length + METADATA_LENGTH;
        int end = objectEnd(stored, start);
        byte[] head = ("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/" + version + "\",\"metadata\":").getBytes(StandardCharsets.UTF_8);
        byte[] result = Arrays.copyOf(head, head.length + end - start + 1);
        System.arraycopy(stored, start, result, head.length, end - start);
        result[result.length - 1] = '}';
        return result;
    }

    /// Where the object ends that begins at `start`.
    private static int objectEnd(byte[] json, int start) {
        int depth = 0;
        boolean text = false;
        for (int i = start; i < json.length; i++) {
            switch (json[i]) {
                case '"' -> text = !text;
                case '\\' -> i++; // in a text only, and what it escapes says nothing here
                case '{' -> depth += text ? 0 : 1;
                case '}' -> {
                    if (!text && --depth == 0) {
                        return i + 1;
                    }
                }
                default -> {}
            }
        }
        throw new IllegalStateException("the stored value is not in the layout of an object");
    }

    private static boolean namesTenant(byte[] stored) {
        int at = indexOf(stored, (byte) '"', revisionStart(stored)) + 1;
        if (stored[at] != ',' || !matches(stored, at + 1, ANNOTATIONS)) {
            return false;
        }
        int start = at + ANNOTATIONS.length;
        int end = objectEnd(stored, start) - TENANT_NAME.length;
        for (int i = start; i < end; i++) {
            if (stored[i] == '"' && matches(stored, i, TENANT_NAME)) {
                return true;
            }
        }
        return false;
    }

    /// The annotations that are stored: to whom an object belongs is said by where it is, and by nothing in it.
    private static ObjectNode withoutTenant(ObjectNode annotations) {
        if (!annotations.has(TENANT_ANNOTATION)) {
            return annotations;
        }
        var kept = annotations.deepCopy();
        kept.remove(TENANT_ANNOTATION);
        return kept;
    }

    private static ObjectNode arranged(ObjectNode object) {
        var result = Json.object();
        result.put("apiVersion", Json.string(object, "apiVersion"));
        result.put("kind", Json.string(object, "kind"));
        var metadata = result.putObject("metadata");
        metadata.put("resourceVersion", "");
        if (object.get("metadata") instanceof ObjectNode given) {
            if (given.get("annotations") instanceof ObjectNode annotations) {
                var kept = withoutTenant(annotations);
                if (!kept.isEmpty()) {
                    metadata.set("annotations", kept);
                }
            }
            given.properties().forEach(member -> {
                if (!member.getKey().equals("resourceVersion") && !member.getKey().equals("annotations")) {
                    metadata.set(member.getKey(), member.getValue());
                }
            });
        }
        object.properties().forEach(member -> {
            if (!result.has(member.getKey())) {
                result.set(member.getKey(), member.getValue());
            }
        });
        return result;
    }

    private static int revisionStart(byte[] stored) {
        // apiVersion and kind are short and hold no quotes of their own, so the first match is the right one.
        int last = Math.min(stored.length - REVISION.length, 1024);
        for (int i = 0; i <= last; i++) {
            if (stored[i] == '"' && matches(stored, i, REVISION)) {
                return i + REVISION.length;
            }
        }
        throw new IllegalStateException("the stored value is not in the layout of an object");
    }

    private static boolean matches(byte[] bytes, int at, byte[] wanted) {
        return at + wanted.length <= bytes.length
                && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length);
    }

    private static int indexOf(byte[] bytes, byte wanted, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        throw new IllegalStateException("the stored value is not in the layout of an object");
    }
}
