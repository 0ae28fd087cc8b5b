package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.apply.ApplyConflictException;
import io.hypernetes.objects.apply.ShapeException;
import io.hypernetes.objects.schema.Decoder;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// Reads the configurations of server-side apply and merges them.
final class Applies {
    static final String MEDIA_TYPE = "application/apply-patch+yaml";

    private final Decoding decoding;

    Applies(Decoding decoding) {
        this.decoding = decoding;
    }

    /// The configuration in the body.
    ///
    /// @throws io.hypernetes.objects.ApiException 400 when it cannot be applied whatever the object is
    ObjectNode read(ResourceRequest request) {
        var type = request.kind().type();
        var object = read(request, type.groupVersion(), type.kind(), body -> decoding.decode(request, body.object(), body.repeats()));
        FieldManager.keepWritable(request, object);
        return object;
    }

    /// The configuration in the body, of another kind than the request's.
    ///
    /// @throws io.hypernetes.objects.ApiException 400 when it cannot be applied whatever the object is
    ObjectNode read(ResourceRequest request, GroupVersion version, String kind, String schemaType) {
        return read(request, version, kind, body -> decoding.decode(body.object(), body.repeats(), version, kind, schemaType));
    }

    private static ObjectNode read(ResourceRequest request, GroupVersion expected, String kind, Function<Body, Decoder.Decoded> decode) {
        var body = body(request.http().body());
        var config = body.object();
        var version = Json.string(config, "apiVersion");
        if (!version.equals(expected.apiVersion())) {
            throw ApiStatus.badRequest("Incorrect version specified in apply patch. Specified patch version: " + version
                            + ", expected: " + expected.apiVersion())
                    .asException();
        }
        if (!Json.at(config, "metadata", "managedFields").isEmpty()) {
            throw ApiStatus.badRequest("metadata.managedFields must be nil").asException();
        }
        Decoding.takeTenant(config, request.tenant());
        var decoded = decode.apply(body);
        var unknown = decoded.problems().stream()
                .filter(problem -> problem.startsWith("unknown field \""))
                .map(problem -> "." + problem.substring("unknown field \"".length(), problem.length() - 1))
                .toList();
        if (!unknown.isEmpty()) {
            throw refused(request, expected, kind, problems(unknown.stream().map(path -> path + ": field not declared in schema").toList()));
        }
        // What is there twice is all that is left to tell (patch.go of apiserver's endpoints/handlers).
        if (!decoded.problems().isEmpty()) {
            Decoding.report(
                    request.http(), decoded, () -> ApiStatus.badRequest("error strict decoding YAML: error converting YAML to JSON: " + String.join(", ", decoded.problems())));
        }
        var object = decoded.object();
        Json.child(object, "metadata").remove("managedFields");
        return object;
    }

    /// The object with the configuration merged into it; `live` is empty when there is none yet.
    static ObjectNode merge(ResourceRequest request, ObjectNode live, ObjectNode config) {
        try {
            return request.kind()
                    .ownership()
                    .applied(live, config, FieldManager.writer(request), request.http().flag("force"));
        } catch (ApplyConflictException e) {
            throw e.status().asException();
        } catch (ShapeException e) {
            throw refused(request, request.kind().type().groupVersion(), request.kind().type().kind(), e.text());
        }
    }

    /// Checks that a configuration may become an object that does not exist yet.
    void mayCreate(ResourceRequest request, ObjectNode config) {
        var type = request.kind().type();
        var target = request.target();
        var metadata = Json.child(config, "metadata");
        var uid = Json.string(metadata, "uid");
        if (!uid.isEmpty()) {
            throw ApiStatus.conflict(
                            type.group(),
                            type.resource(),
                            target.name(),
                            "uid mismatch: the provided object specified uid " + uid + ", and no existing object was found")
                    .asException();
        }
        var name = Json.string(metadata, "name");
        if (name.isEmpty()) {
            metadata.put("name", target.name());
        } else if (!name.equals(target.name())) {
            throw ApiStatus.badRequest("the name of the object (%s) does not match the name on the URL (%s)"
                            .formatted(name, target.name()))
                    .asException();
        }
    }

    private static RuntimeException refused(ResourceRequest request, GroupVersion version, String kind, String why) {
        var target = request.target();
        return ApiStatus.badRequest("failed to create typed patch object (%s/%s; %s, Kind=%s): %s"
                        .formatted(
                                target.namespace(),
                                target.name(),
                                version.apiVersion(),
                                kind,
                                why))
                .asException();
    }

    private static String problems(List<String> problems) {
        return problems.size() == 1
                ? problems.getFirst()
                : problems.stream().collect(Collectors.joining("\n  ", "errors:\n  ", ""));
    }

    /// JSON is YAML, but a reader of JSON takes it in a fraction of the time. In which line something is for the second time the reader of YAML says of both.
    private static Body body(byte[] bytes) {
        if (!looksLikeJson(bytes)) {
            return Body.read(bytes, "application/yaml");
        }
        var body = Body.read(bytes, "application/json");
        if (body.repeats().first().isEmpty()) {
            return body;
        }
        try {
            return new Body(body.object(), Body.read(bytes, "application/yaml").repeats(), body.strict());
        } catch (ApiException e) {
            return body;
        }
    }

    private static boolean looksLikeJson(byte[] bytes) {
        for (byte b : bytes) {
            if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                return b == '{';
            }
        }
        return false;
    }
}
