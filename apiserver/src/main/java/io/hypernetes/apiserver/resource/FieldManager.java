package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.apply.Ownership;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// The name under which a request owns the fields it writes: the parameter `fieldManager`, else the program's name.
final class FieldManager {
    private static final int MAX_LENGTH = 128;
    private static final List<String> VALIDATIONS = List.of("", "Ignore", "Strict", "Warn");

    private FieldManager() {}

    /// Checks the parameters `fieldManager`, `fieldValidation` and `force` (apis/meta/v1/validation/validation.go of apimachinery).
    ///
    /// @param apply whether the request applies a configuration
    /// @throws io.hypernetes.objects.ApiException 422
    static void check(Exchange http, boolean apply) {
        var errors = new ArrayList<FieldError>();
        var given = http.query("fieldManager");
        if (apply && given.isEmpty()) {
            errors.add(FieldError.required("fieldManager", "is required for apply patch"));
        }
        if (given.length() > MAX_LENGTH) {
            errors.add(FieldError.tooLong("fieldManager", MAX_LENGTH));
        }
        for (int i = 0, at = 0; i < given.length(); at += utf8(given.codePointAt(i)), i += Character.charCount(given.codePointAt(i))) {
            if (!printable(given.charAt(i))) {
                errors.add(FieldError.invalid(
                        "fieldManager", given, "invalid character U+%04X (at position %d)".formatted(given.codePointAt(i), at)));
                break;
            }
        }
        var validation = http.query("fieldValidation");
        if (!VALIDATIONS.contains(validation)) {
            errors.add(FieldError.notSupported("fieldValidation", validation, VALIDATIONS));
        }
        if (!apply && http.method().equals("PATCH") && !http.query("force").isEmpty()) {
            errors.add(FieldError.forbidden("force", "may not be specified for non-apply patch"));
        }
        if (!errors.isEmpty()) {
            var options = switch (http.method()) {
                case "POST" -> "CreateOptions";
                case "PUT" -> "UpdateOptions";
                default -> "PatchOptions";
            };
            throw ApiStatus.invalid("meta.k8s.io", options, "", List.copyOf(errors)).asException();
        }
    }

    /// Who a request writes as.
    static Ownership.Writer writer(ResourceRequest request) {
        return new Ownership.Writer(
                name(request.http()),
                request.kind().type().apiVersion(),
                request.target().subresource(),
                ApiTime.format(request.now()));
    }

    private static String name(Exchange http) {
        var given = http.query("fieldManager");
        if (!given.isEmpty()) {
            return given;
        }
        var agent = http.header("User-Agent").orElse("");
        int slash = agent.indexOf('/');
        var name = new StringBuilder();
        for (char c : (slash < 0 ? agent : agent.substring(0, slash)).toCharArray()) {
            if (printable(c) && name.length() < MAX_LENGTH) {
                name.append(c);
            }
        }
        return name.isEmpty() ? "unknown" : name.toString();
    }

    /// In bytes, which positions are counted in.
    private static int utf8(int character) {
        return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    }

    private static boolean printable(char c) {
        return c == ' ' || (!Character.isISOControl(c) && !Character.isWhitespace(c) && !Character.isSurrogate(c));
    }

    /// Notes who makes a new object, changing it. The status, which is written apart, is nobody's yet.
    static void noteCreator(ResourceRequest request, ObjectNode object) {
        var kind = request.kind();
        var status = kind.type().hasStatus() ? object.remove("status") : null;
        kind.ownership().created(object, writer(request));
        if (status != null) {
            object.set("status", status);
        }
    }

    /// The parts of a configuration that a write to this place may speak of: the status belongs to its subresource.
    static void keepWritable(ResourceRequest request, ObjectNode config) {
        if (!request.kind().type().hasStatus()) {
            return;
        }
        switch (request.target().subresource()) {
            case "" -> config.remove("status");
            case "status" -> {
                for (var name : List.copyOf(config.propertyNames())) {
                    if (!List.of("apiVersion", "kind", "metadata", "status").contains(name)) {
                        config.remove(name);
                    }
                }
            }
            default -> {}
        }
    }
}
