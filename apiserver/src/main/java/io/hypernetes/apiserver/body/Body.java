package io.hypernetes.apiserver.body;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/// A request body as a JSON tree.
///
/// @param object the tree
/// @param repeats the members that occurred more than once
/// @param strict whether the text can hold unknown members; protobuf cannot
public record Body(ObjectNode object, Repeats repeats, boolean strict) {

    /// The media types that can be read.
    public static final List<String> ACCEPTED =
            List.of("application/json", "application/yaml", "application/vnd.kubernetes.protobuf");

    /// Reads a body by its media type; JSON when none is given.
    ///
    /// @throws io.hypernetes.objects.ApiException 415 for another media type, 400 for text that cannot be read
    public static Body read(byte[] bytes, String contentType) {
        return switch (mediaType(contentType)) {
            case "", "application/json", "text/json" -> of(json(bytes));
            case "application/yaml", "text/yaml", "application/x-yaml" -> of(yaml(bytes));
            case "application/vnd.kubernetes.protobuf" -> new Body(ProtobufBody.read(bytes), Repeats.NONE, false);
            default -> throw ApiStatus.unsupportedMediaType(ACCEPTED).asException();
        };
    }

    /// A media type without its parameters, in lower case.
    public static String mediaType(String contentType) {
        int end = contentType.indexOf(';');
        return (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    }

    private static Json.Document json(byte[] bytes) {
        try {
            return Json.read(bytes);
        } catch (MalformedJsonException e) {
            throw unreadable(e);
        }
    }

    private static Json.Document yaml(byte[] bytes) {
        try {
            return YamlBody.read(bytes);
        } catch (MalformedJsonException e) {
            throw unreadable(e);
        }
    }

    private static Body of(Json.Document document) {
        if (document.root() instanceof ObjectNode object) {
            return new Body(object, document.repeats(), true);
        }
        throw ApiStatus.badRequest("the object provided is unrecognized (must be of type object): it is a "
                        + Json.typeName(document.root()))
                .asException();
    }

    private static RuntimeException unreadable(MalformedJsonException e) {
        return ApiStatus.badRequest("the body of the request could not be read: " + e.getMessage()).asException();
    }
}
