package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// CertificateSigningRequests. Who asks (`spec.username` and so on) is set by the API server, not here.
final class CertificateSigningRequestRules implements KindRules {
    private static final int MIN_SECONDS = 600;

    private static final List<String> USAGES = List.of(
            "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign",
            "encipher only", "decipher only", "any", "server auth", "client auth", "code signing", "email protection", "s/mime", "ipsec end system",
            "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc");

    private final InstantSource clock;

    CertificateSigningRequestRules(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public List<String> checkName(String name) {
        return name.equals(".") || name.equals("..") || name.contains("/") || name.contains("%")
                ? List.of("may not be '.' or '..' or contain '/' or '%'")
                : List.of();
    }

    @Override
    public void prepareUpdate(ObjectNode request, ObjectNode old, @Nullable String subresource) {
        JsonNode spec = old.get("spec");
        if (spec != null) {
            request.set("spec", spec);
        }
        if ("approval".equals(subresource)) {
            // An approver decides, and does not issue.
            ObjectNode status = old.get("status") instanceof ObjectNode before ? before.deepCopy() : Json.object();
            JsonNode conditions = request.path("status").path("conditions");
            status.set("conditions", conditions instanceof ArrayNode array ? array : Json.array());
            request.set("status", status);
        }
        Instant now = clock.instant();
        for (ObjectNode condition : Json.objects(request.path("status"), "conditions")) {
            Json.setDefault(condition, "lastUpdateTime", ApiTime.format(now));
            Json.setDefault(condition, "lastTransitionTime", ApiTime.format(now));
        }
    }

    @Override
    public void validate(ObjectNode request, Errors errors) {
        JsonNode spec = request.path("spec");
        String pem = new String(Base64.getMimeDecoder().decode(Json.string(spec, "request")), StandardCharsets.ISO_8859_1);
        if (pem.isEmpty()) {
            errors.required("spec.request", "");
        } else if (!pem.contains("-----BEGIN CERTIFICATE REQUEST-----")) {
            errors.invalid("spec.request", Json.string(spec, "request"), "PEM block type must be CERTIFICATE REQUEST");
        }
        if (spec.path("usages").isEmpty()) {
            errors.required("spec.usages", "usages must be provided");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < spec.path("usages").size(); i++) {
            String usage = spec.path("usages").path(i).asString("");
            errors.oneOf("spec.usages[" + i + "]", usage, USAGES);
            if (!seen.add(usage)) {
                errors.duplicate("spec.usages[" + i + "]", usage);
            }
        }
        String signer = Json.string(spec, "signerName");
        if (signer.isEmpty()) {
            errors.required("spec.signerName", "");
        } else if (!signer.matches("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[-a-zA-Z0-9_./:]{1,250}")) {
            errors.invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        }
        long seconds = Json.number(spec, MIN_SECONDS, "expirationSeconds");
        if (seconds < MIN_SECONDS) {
            errors.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
        }
    }

    @Override
    public void validateUpdate(ObjectNode request, ObjectNode old, @Nullable String subresource, Errors errors) {
        for (String type : List.of("Approved", "Denied", "Failed")) {
            if (has(old, type) && !has(request, type)) {
                errors.forbidden("status.conditions", "updates may not remove a condition of type \"" + type + "\"");
            }
        }
        if (has(request, "Approved") && has(request, "Denied")) {
            errors.invalid(
                    "status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive");
        }
    }

    private static boolean has(ObjectNode request, String type) {
        return Json.objects(request.path("status"), "conditions").stream()
                .anyMatch(c -> Json.string(c, "type").equals(type));
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode request) {
        return Map.of("spec.signerName", Json.string(request, "spec", "signerName"));
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Age", "The time since it was created."),
                Column.of("SignerName", "Who shall sign."),
                Column.of("Requestor", "Who asks."),
                Column.of("RequestedDuration", "How long the certificate shall be valid."),
                Column.of("Condition", "What was decided."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode request, Instant now) {
        long seconds = Json.number(request, -1, "spec", "expirationSeconds");
        String state = "";
        for (String type : List.of("Approved", "Denied", "Failed")) {
            if (has(request, type)) {
                state += (state.isEmpty() ? "" : ",") + type;
            }
        }
        if (state.isEmpty()) {
            state = "Pending";
        }
        if (!Json.string(request, "status", "certificate").isEmpty()) {
            state += ",Issued";
        }
        return List.of(
                Cells.name(request),
                Cells.age(request, now),
                Cells.text(Json.string(request, "spec", "signerName")),
                Cells.text(Json.string(request, "spec", "username")),
                Cells.text(seconds < 0 ? "<none>" : ApiTime.age(Duration.ofSeconds(seconds))),
                Cells.text(state));
    }
}
