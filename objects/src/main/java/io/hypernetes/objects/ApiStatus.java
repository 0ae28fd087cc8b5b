package io.hypernetes.objects;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A Kubernetes `Status`: what an API server answers when there is no object to show. Immutable.
///
/// The factories give the reason, code and sentence that clients know.
///
/// @param code the HTTP status code
/// @param reason such as `NotFound`; empty for success
/// @param message the sentence for people
/// @param details what it is about, or null
public record ApiStatus(int code, String reason, String message, @Nullable Details details) {
    /// What a Status is about.
    ///
    /// @param group the API group; empty for core
    /// @param kind the resource (`pods`), or for Invalid the kind (`Pod`)
    /// @param retryAfterSeconds 0 when there is no advice
    public record Details(
            String group, String kind, String name, String uid, List<Cause> causes, int retryAfterSeconds) {
        public Details {
            causes = List.copyOf(causes);
        }

        static Details of(String group, String kind, String name) {
            return new Details(group, kind, name, "", List.of(), 0);
        }
    }

    /// One cause; `field` is a path or empty.
    public record Cause(String reason, String message, String field) {}

    /// Success, answering a DELETE whose object is gone.
    public static ApiStatus deleted(String group, String resource, String name, String uid) {
        return new ApiStatus(200, "", "", new Details(group, resource, name, uid, List.of(), 0));
    }

    /// Success without anything to add.
    public static ApiStatus success() {
        return new ApiStatus(200, "", "", null);
    }

    /// 404: no such object.
    public static ApiStatus notFound(String group, String resource, String name) {
        return new ApiStatus(
                404,
                "NotFound",
                qualified(group, resource) + " " + FieldError.quoted(name) + " not found",
                Details.of(group, resource, name));
    }

    /// 404: no such path or resource.
    public static ApiStatus noSuchResource() {
        return new ApiStatus(404, "NotFound", "the server could not find the requested resource", emptyDetails());
    }

    /// 409: there is one by that name.
    public static ApiStatus alreadyExists(String group, String resource, String name) {
        return new ApiStatus(
                409,
                "AlreadyExists",
                qualified(group, resource) + " " + FieldError.quoted(name) + " already exists",
                Details.of(group, resource, name));
    }

    /// 409: someone else was faster, or a precondition does not hold.
    public static ApiStatus conflict(String group, String resource, String name, String why) {
        return new ApiStatus(
                409,
                "Conflict",
                "Operation cannot be fulfilled on " + qualified(group, resource) + " " + FieldError.quoted(name) + ": "
                        + why,
                Details.of(group, resource, name));
    }

    /// 409: the object changed since it was read.
    public static ApiStatus modified(String group, String resource, String name) {
        return conflict(
                group,
                resource,
                name,
                "the object has been modified; please apply your changes to the latest version and try again");
    }

    /// 422: the object is not valid.
    public static ApiStatus invalid(String group, String kind, String name, List<FieldError> errors) {
        List<Cause> causes = errors.stream()
                .map(e -> new Cause(e.reason().text(), e.message(), e.path()))
                .toList();
        String all = errors.size() == 1
                ? errors.getFirst().text()
                : errors.stream().map(FieldError::text).distinct().collect(Collectors.joining(", ", "[", "]"));
        String about = group.isEmpty() ? kind : kind + "." + group;
        return new ApiStatus(
                422,
                "Invalid",
                about + " " + FieldError.quoted(name) + " is invalid: " + all,
                new Details(group, kind, name, "", causes, 0));
    }

    /// 403: known, and not allowed.
    public static ApiStatus forbidden(String group, String resource, String name, String why) {
        String about = resource.isEmpty()
                ? "forbidden"
                : qualified(group, resource) + (name.isEmpty() ? "" : " " + FieldError.quoted(name)) + " is forbidden";
        return new ApiStatus(403, "Forbidden", about + ": " + why, Details.of(group, resource, name));
    }

    /// 400: the request cannot be understood.
    public static ApiStatus badRequest(String message) {
        return new ApiStatus(400, "BadRequest", message, null);
    }

    /// 401: nobody we know.
    public static ApiStatus unauthorized() {
        return new ApiStatus(401, "Unauthorized", "Unauthorized", null);
    }

    /// 405: the resource does not know the verb (`create`, `patch`, …).
    public static ApiStatus methodNotAllowed(String group, String resource, String verb) {
        return new ApiStatus(
                405,
                "MethodNotAllowed",
                verb + " is not supported on resources of kind " + FieldError.quoted(qualified(group, resource)),
                Details.of(group, resource, ""));
    }

    /// 405: the path does not know the HTTP method.
    public static ApiStatus methodNotAllowed() {
        return new ApiStatus(
                405, "MethodNotAllowed", "the server does not allow this method on the requested resource", emptyDetails());
    }

    /// 406: none of the accepted media types can be made.
    public static ApiStatus notAcceptable(List<String> offered) {
        return new ApiStatus(
                406,
                "NotAcceptable",
                "only the following media types are accepted: " + String.join(", ", offered),
                null);
    }

    /// 410: the revision asked for is no longer known.
    public static ApiStatus expired(String message) {
        return new ApiStatus(410, "Expired", message, null);
    }

    /// 410: what was asked for existed once.
    public static ApiStatus gone(String message) {
        return new ApiStatus(410, "Gone", message, null);
    }

    /// 413: the body is too large.
    public static ApiStatus tooLarge(String message) {
        return new ApiStatus(413, "RequestEntityTooLarge", message, null);
    }

    /// 415: the body's media type is not known here.
    public static ApiStatus unsupportedMediaType(List<String> accepted) {
        return new ApiStatus(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                        + String.join(", ", accepted),
                null);
    }

    /// 429: too much at once; try again after the seconds given.
    public static ApiStatus tooManyRequests(String message, int retryAfterSeconds) {
        return new ApiStatus(
                429, "TooManyRequests", message, new Details("", "", "", "", List.of(), retryAfterSeconds));
    }

    /// 500: our own fault; the sentence is for people and must hold no secrets.
    public static ApiStatus internal(String why) {
        return new ApiStatus(
                500,
                "InternalError",
                "Internal error occurred: " + why,
                new Details("", "", "", "", List.of(new Cause("", why, "")), 0));
    }

    /// 501: a known part of the Kubernetes API that this version does not have.
    public static ApiStatus notImplemented(String what) {
        return new ApiStatus(501, "NotImplemented", what, null);
    }

    /// 503: not now.
    public static ApiStatus unavailable(String message) {
        return new ApiStatus(503, "ServiceUnavailable", message, null);
    }

    /// 504: not in time.
    public static ApiStatus timeout(String message, int retryAfterSeconds) {
        return new ApiStatus(504, "Timeout", "Timeout: " + message, new Details("", "", "", "", List.of(), retryAfterSeconds));
    }

    /// 504: a resourceVersion from the future.
    public static ApiStatus resourceVersionTooLarge(long asked, long current) {
        return new ApiStatus(
                504,
                "Timeout",
                "Timeout: Too large resource version: " + asked + ", current: " + current,
                new Details(
                        "",
                        "",
                        "",
                        "",
                        List.of(new Cause("ResourceVersionTooLarge", "Too large resource version", "")),
                        1));
    }

    /// 507: there is no room for more.
    public static ApiStatus insufficientStorage(String message) {
        return new ApiStatus(507, "InsufficientStorage", message, null);
    }

    /// An exception that carries this.
    public ApiException asException() {
        return new ApiException(this);
    }

    /// The object as it goes over the wire.
    public ObjectNode toJson() {
        ObjectNode out = Json.object();
        out.put("kind", "Status");
        out.put("apiVersion", "v1");
        out.set("metadata", Json.object());
        out.put("status", code < 400 ? "Success" : "Failure");
        putText(out, "message", message);
        putText(out, "reason", reason);
        if (details != null) {
            out.set("details", detailsJson(details));
        }
        out.put("code", code);
        return out;
    }

    /// Reads a Status from its JSON; what is absent is empty.
    public static ApiStatus fromJson(JsonNode json) {
        JsonNode d = json.path("details");
        Details details = d.isObject()
                ? new Details(
                        Json.string(d, "group"),
                        Json.string(d, "kind"),
                        Json.string(d, "name"),
                        Json.string(d, "uid"),
                        Json.objects(d, "causes").stream()
                                .map(c -> new Cause(
                                        Json.string(c, "reason"), Json.string(c, "message"), Json.string(c, "field")))
                                .toList(),
                        (int) Json.number(d, 0, "retryAfterSeconds"))
                : null;
        return new ApiStatus(
                (int) Json.number(json, 0, "code"), Json.string(json, "reason"), Json.string(json, "message"), details);
    }

    private static ObjectNode detailsJson(Details details) {
        ObjectNode out = Json.object();
        putText(out, "name", details.name());
        putText(out, "group", details.group());
        putText(out, "kind", details.kind());
        putText(out, "uid", details.uid());
        if (!details.causes().isEmpty()) {
            ArrayNode causes = out.putArray("causes");
            for (Cause cause : details.causes()) {
                ObjectNode c = causes.addObject();
                putText(c, "reason", cause.reason());
                putText(c, "message", cause.message());
                putText(c, "field", cause.field());
            }
        }
        if (details.retryAfterSeconds() > 0) {
            out.put("retryAfterSeconds", details.retryAfterSeconds());
        }
        return out;
    }

    private static Details emptyDetails() {
        return Details.of("", "", "");
    }

    private static String qualified(String group, String resource) {
        return group.isEmpty() ? resource : resource + "." + group;
    }

    private static void putText(ObjectNode out, String name, String value) {
        if (!value.isEmpty()) {
            out.put(name, value);
        }
    }
}
