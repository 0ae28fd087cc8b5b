package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.crd.RequestUri;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Where a webhook is: ValidateWebhookURL and ValidateWebhookService of upstream's `staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go`. Upstream's
/// callers confuse the service's name with its namespace; here each is told of where it is.
final class WebhookClientValidation {
    private static final String FORM = "; desired format: https://host[/path]";

    private WebhookClientValidation() {}

    static void validate(JsonNode client, String at, Errors errors) {
        JsonNode url = client.path("url");
        JsonNode service = client.path("service");
        if (url.isString() == service.isObject()) {
            errors.required(at, "exactly one of url or service is required");
        } else if (url.isString()) {
            url(url.stringValue(), at + ".url", errors);
        } else {
            service(service, at + ".service", errors);
        }
    }

    private static void url(String text, String at, Errors errors) {
        int hash = text.indexOf('#');
        String whole = hash < 0 ? text : text.substring(0, hash);
        int mark = whole.indexOf('?');
        String hierarchy = mark < 0 ? whole : whole.substring(0, mark);
        int colon = RequestUri.scheme(hierarchy);
        String scheme = colon < 0 ? "" : hierarchy.substring(0, colon);
        String rest = hierarchy.substring(colon + 1);
        if (!RequestUri.isOne(colon < 0 ? "/" + whole : whole)) {
            errors.required(at, "url must be a valid URL: parse " + FieldError.quoted(text) + ": invalid URL" + FORM);
            return;
        }
        int end = rest.indexOf('/', 2);
        String authority = rest.startsWith("//") ? rest.substring(2, end < 0 ? rest.length() : end) : "";
        int user = authority.lastIndexOf('@');
        if (!scheme.equalsIgnoreCase("https")) {
            errors.invalid(at, scheme, "'https' is the only allowed URL scheme" + FORM);
        }
        if (authority.length() == user + 1) {
            errors.invalid(at, "", "host must be provided" + FORM);
        }
        if (user >= 0) {
            errors.invalid(at, authority.substring(0, user), "user information is not permitted in the URL");
        }
        if (hash >= 0 && hash < text.length() - 1) {
            errors.invalid(at, text.substring(hash + 1), "fragments are not permitted in the URL");
        }
        if (mark >= 0 && mark < whole.length() - 1) {
            errors.invalid(at, whole.substring(mark + 1), "query parameters are not permitted in the URL");
        }
    }

    private static void service(JsonNode service, String at, Errors errors) {
        for (String field : List.of("name", "namespace")) {
            if (Json.string(service, field).isEmpty()) {
                errors.required(at + "." + field, "service " + field + " is required");
            }
        }
        long port = Json.number(service, 443, "port");
        if (port < 1 || port > 65535) {
            errors.invalid(at + ".port", port, "port is not valid: must be between 1 and 65535, inclusive");
        }
        path(Json.string(service, "path"), at + ".path", errors);
    }

    private static void path(String path, String at, Errors errors) {
        if (path.isEmpty() || path.equals("/")) {
            return;
        }
        if (path.equals("//")) {
            errors.invalid(at, path, "segment[0] may not be empty");
            return;
        }
        if (!path.startsWith("/")) {
            errors.invalid(at, path, "must start with a '/'");
        }
        String inner = path.substring(1);
        String[] steps = (inner.endsWith("/") ? inner.substring(0, inner.length() - 1) : inner).split("/", -1);
        for (int i = 0; i < steps.length && !errors.isFull(); i++) {
            String step = "segment[" + i + "]";
            if (steps[i].isEmpty()) {
                errors.invalid(at, path, step + " may not be empty");
            } else {
                Names.subdomain(steps[i]).forEach(wrong -> errors.invalid(at, path, step + ": " + wrong));
            }
        }
    }
}
