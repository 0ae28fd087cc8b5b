package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.schema.Decoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// Brings what a client sent into the shape of its kind, telling of unknown fields as the client wishes.
final class Decoding {
    /// In bytes; upstream has as many characters.
    private static final int ROOM_FOR_WARNINGS = 4096;

    private static final int LONGEST_CUT_WARNING = 256;

    private final Kinds kinds;

    Decoding(Kinds kinds) {
        this.kinds = kinds;
    }

    /// The object in the body of a request for `apiVersion` and `kind`.
    ///
    /// @param schemaType the type in the schema
    ObjectNode object(Exchange http, GroupVersion version, String kind, String schemaType) {
        var body = Body.read(http.body(), http.header("Content-Type").orElse(""));
        return told(http, decode(body.object(), body.repeats(), version, kind, schemaType), body.strict(), version, kind);
    }

    /// The same where older versions of `apiVersion` are understood that differ in nothing else.
    ///
    /// @param also those beside the one that is meant when nothing is said, and that the object is brought into
    ObjectNode object(Exchange http, GroupVersion version, List<GroupVersion> also, String kind, String schemaType) {
        var body = Body.read(http.body(), http.header("Content-Type").orElse(""));
        var sent = Json.string(body.object(), "apiVersion");
        var meant = also.stream().filter(older -> older.apiVersion().equals(sent)).findFirst().orElse(version);
        var object = told(http, decode(body.object(), body.repeats(), meant, kind, schemaType), body.strict(), meant, kind);
        return object.put("apiVersion", version.apiVersion());
    }

    /// The object of the request's kind in its body.
    ObjectNode object(ResourceRequest request) {
        var body = Body.read(request.http().body(), request.http().header("Content-Type").orElse(""));
        var type = request.kind().type();
        return told(request.http(), decode(request, body.object(), body.repeats()), body.strict(), type.groupVersion(), type.kind());
    }

    /// What a patch makes of an object of the request's kind.
    ///
    /// @throws io.hypernetes.objects.ApiException 422 that shows the patch, when the outcome has not the shape of its kind
    ObjectNode patched(ResourceRequest request, Patches.Patch patch, ObjectNode current) {
        var type = request.kind().type();
        var object = patch.apply(current);
        checkType(object, type.groupVersion(), type.kind());
        return patched(request.http(), () -> patch.shown(current), () -> request.kind().decode(kinds.decoder(), object, patch.repeats()));
    }

    /// What a patch makes of an object of another kind than the request's.
    ObjectNode patched(Exchange http, Patches.Patch patch, ObjectNode current, GroupVersion version, String kind, String schemaType) {
        var object = patch.apply(current);
        checkType(object, version, kind);
        return patched(http, () -> patch.shown(current), () -> kinds.decoder().decode(object, schemaType, patch.repeats()));
    }

    /// Not a bad request, as upstream has it (patch.go of apiserver's endpoints/handlers): `kubectl edit` shows what is invalid and goes on.
    private static ObjectNode patched(Exchange http, Supplier<String> shown, Supplier<Decoder.Decoded> decode) {
        Decoder.Decoded decoded;
        try {
            decoded = decode.get();
        } catch (MalformedJsonException e) {
            throw wrongPatch(shown, String.valueOf(e.getMessage())).asException();
        }
        if (!decoded.problems().isEmpty()) {
            report(http, decoded, () -> wrongPatch(shown, decoded.strictMessage()));
        }
        return decoded.object();
    }

    private static ApiStatus wrongPatch(Supplier<String> shown, String why) {
        return ApiStatus.invalid("", "", "", List.of(FieldError.invalid("patch", shown.get(), why)));
    }

    private static ObjectNode told(Exchange http, Decoder.Decoded decoded, boolean strict, GroupVersion version, String kind) {
        if (strict && !decoded.problems().isEmpty()) {
            report(http, decoded, () -> unreadable(version, kind, decoded.strictMessage()));
        }
        return decoded.object();
    }

    /// An object of the request's kind and what is odd about it, for the caller to judge.
    Decoder.Decoded decode(ResourceRequest request, ObjectNode object, Repeats repeats) {
        var type = request.kind().type();
        checkType(object, type.groupVersion(), type.kind());
        try {
            return request.kind().decode(kinds.decoder(), object, repeats);
        } catch (MalformedJsonException e) {
            throw unreadable(type.groupVersion(), type.kind(), String.valueOf(e.getMessage())).asException();
        }
    }

    private static ApiStatus unreadable(GroupVersion version, String kind, String why) {
        return ApiStatus.badRequest(kind + " in version \"" + version.version() + "\" cannot be handled as a " + kind + ": " + why);
    }

    /// An object of another kind than the request's and what is odd about it, for the caller to judge.
    Decoder.Decoded decode(ObjectNode object, Repeats repeats, GroupVersion version, String kind, String schemaType) {
        checkType(object, version, kind);
        try {
            return kinds.decoder().decode(object, schemaType, repeats);
        } catch (MalformedJsonException e) {
            throw unreadable(version, kind, String.valueOf(e.getMessage())).asException();
        }
    }

    /// Removes the annotation that names the tenant; a client that read across tenants sends it back.
    static void takeTenant(ObjectNode object, String tenant) {
        if (!(Json.at(object, "metadata", "annotations") instanceof ObjectNode annotations)) {
            return;
        }
        var claimed = annotations.get(StoredForm.TENANT_ANNOTATION);
        if (claimed == null) {
            return;
        }
        if (!claimed.asString("").equals(tenant)) {
            throw ApiStatus.badRequest("the annotation %s says \"%s\", but the request is for the tenant \"%s\""
                            .formatted(StoredForm.TENANT_ANNOTATION, claimed.asString(""), tenant))
                    .asException();
        }
        annotations.remove(StoredForm.TENANT_ANNOTATION);
        if (annotations.isEmpty()) {
            Json.child(object, "metadata").remove("annotations");
        }
    }

    private static void checkType(ObjectNode object, GroupVersion version, String kind) {
        var sentVersion = Json.string(object, "apiVersion");
        var sentKind = Json.string(object, "kind");
        if (sentVersion.isEmpty()) {
            object.put("apiVersion", version.apiVersion());
        } else if (!sentVersion.equals(version.apiVersion())) {
            throw ApiStatus.badRequest("the API version in the data (%s) does not match the expected API version (%s)"
                            .formatted(sentVersion, version.apiVersion()))
                    .asException();
        }
        if (sentKind.isEmpty()) {
            object.put("kind", kind);
        } else if (!sentKind.equals(kind)) {
            throw ApiStatus.badRequest("the kind in the data (%s) does not match the expected kind (%s)"
                            .formatted(sentKind, kind))
                    .asException();
        }
    }

    /// Refuses what is odd about a body, warns of it or says nothing, as the client wishes.
    static void report(Exchange http, Decoder.Decoded decoded, Supplier<ApiStatus> refusal) {
        switch (http.query("fieldValidation")) {
            case "Strict" -> throw refusal.get().asException();
            case "Ignore" -> {}
            case "", "Warn" -> decoded.warnings().forEach(problem -> warn(http, problem));
            default -> FieldManager.check(http, false);
        }
    }

    /// Adds a warning that clients print, as long as there is room: what is warned of may be as long as an object, and clients refuse an answer with
    /// long headers, also when what they asked for was done.
    static void warn(Exchange http, String text) {
        int room = ROOM_FOR_WARNINGS - http.lengthOfHeader("Warning");
        if (room <= 0) {
            return;
        }
        var told = quoted(Cut.to(room, text, ""));
        if (text.length() > room || told.length() > room) {
            told = quoted(Cut.to(LONGEST_CUT_WARNING, text, ""));
        }
        http.addHeader("Warning", "299 - \"" + told + "\"");
    }

    /// A text as it stands in a header, whose characters are its bytes: upstream's library takes none that is not UTF-8.
    private static String quoted(String text) {
        var quoted = text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cc}", " ");
        return new String(quoted.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
