package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// CertificateSigningRequests. Who asks (`spec.username` and so on) is set by the API server, not here.
final class CertificateSigningRequestRules implements KindRules {
    private static final int MIN_SECONDS = 600;
    private static final int LONGEST_DOMAIN = 253;
    private static final int LONGEST_SIGNER = LONGEST_DOMAIN + 1 + 253 + 63 + 1;
    private static final String LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
    private static final List<String> DECIDED = List.of("Approved", "Denied", "Failed");

    private static final List<String> USAGES = List.of(
            "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature",
            "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc",
            "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping");

    private final InstantSource clock;

    CertificateSigningRequestRules(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public List<String> checkName(String name) {
        return RoleRules.pathSegment(name);
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
        String wrong = CertificateRequest.problem(Base64.getMimeDecoder().decode(Json.string(spec, "request")));
        if (!wrong.isEmpty()) {
            errors.invalid("spec.request", Json.string(spec, "request"), wrong);
        }
        if (spec.path("usages").isEmpty()) {
            errors.required("spec.usages", "");
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < spec.path("usages").size() && !errors.isFull(); i++) {
            String usage = spec.path("usages").path(i).asString("");
            errors.oneOf("spec.usages[" + i + "]", usage, USAGES);
            if (!seen.add(usage)) {
                errors.duplicate("spec.usages[" + i + "]", usage);
            }
        }
        signer(Json.string(spec, "signerName"), errors);
        long seconds = Json.number(spec, MIN_SECONDS, "expirationSeconds");
        if (seconds < MIN_SECONDS) {
            errors.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
        }
    }

    @Override
    public void validateUpdate(ObjectNode request, ObjectNode old, @Nullable String subresource, Errors errors) {
        errors.addNew(now -> conditions(request, now), before -> conditions(old, before));
        certificate(request, old, errors);
        for (String type : DECIDED) {
            if (having(request, type).size() < having(old, type).size()) {
                errors.forbidden("status.conditions", "updates may not remove a condition of type \"" + type + "\"");
            }
        }
        if (!"approval".equals(subresource)) {
            for (String type : List.of("Approved", "Denied")) {
                int before = having(old, type).size();
                int now = having(request, type).size();
                if (now > before) {
                    errors.forbidden("status.conditions", "updates may not add a condition of type \"" + type + "\"");
                } else if (now == before && !having(request, type).equals(having(old, type))) {
                    errors.forbidden("status.conditions", "updates may not modify a condition of type \"" + type + "\"");
                }
            }
        }
        String issued = Json.string(old, "status", "certificate");
        if (!issued.isEmpty() && !issued.equals(Json.string(request, "status", "certificate"))) {
            errors.forbidden("status.certificate", "updates may not modify existing certificate content");
        }
    }

    private static void conditions(ObjectNode request, Errors errors) {
        Set<String> seen = new HashSet<>();
        List<ObjectNode> conditions = Json.objects(request.path("status"), "conditions");
        for (int i = 0; i < conditions.size() && !errors.isFull(); i++) {
            String at = "status.conditions[" + i + "]";
            String type = Json.string(conditions.get(i), "type");
            String status = Json.string(conditions.get(i), "status");
            if (type.isEmpty()) {
                errors.required(at + ".type", "");
            }
            if (status.isEmpty()) {
                errors.required(at + ".status", "");
            } else {
                errors.oneOf(at + ".status", status, DECIDED.contains(type) ? List.of("True") : List.of("False", "True", "Unknown"));
            }
            if ((type.equals("Approved") && seen.contains("Denied")) || (type.equals("Denied") && seen.contains("Approved"))) {
                errors.invalid(at + ".type", type, "Approved and Denied conditions are mutually exclusive");
            }
            if (!seen.add(type)) {
                errors.duplicate(at + ".type", type);
            }
        }
    }

    /// What is issued is a certificate, or several, and nothing else.
    private static void certificate(ObjectNode request, ObjectNode old, Errors errors) {
        String text = Json.string(request, "status", "certificate");
        if (text.isEmpty() || text.equals(Json.string(old, "status", "certificate"))) {
            return;
        }
        String wrong = IssuedCertificate.problem(Base64.getMimeDecoder().decode(text));
        if (!wrong.isEmpty()) {
            errors.invalid("status.certificate", "<certificate data>", wrong);
        }
    }

    /// A domain of at least two parts, a slash and a name of labels.
    private static void signer(String name, Errors errors) {
        String at = "spec.signerName";
        String[] segments = name.split("/", -1);
        if (name.isEmpty()) {
            errors.required(at, "signerName must be provided");
            return;
        }
        if (name.equals(LEGACY_SIGNER)) {
            errors.invalid(at, name, "the legacy signerName is not allowed via this API version");
            return;
        }
        if (segments.length != 2) {
            errors.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }
        if (segments[0].length() > LONGEST_DOMAIN) {
            errors.add(FieldError.tooLong(at, LONGEST_DOMAIN));
        }
        labels(segments[0], Names::label, at, errors);
        if (!segments[0].contains(".")) {
            errors.invalid(at, segments[0], "should be a domain with at least two segments separated by dots");
        }
        labels(segments[1], Names::subdomain, at, errors);
        if (name.length() > LONGEST_SIGNER) {
            errors.add(FieldError.tooLong(at, LONGEST_SIGNER));
        }
    }

    /// Tells of the first label that is wrong.
    private static void labels(String segment, Function<String, List<String>> check, String at, Errors errors) {
        for (String label : segment.split("\\.", -1)) {
            List<String> wrong = check.apply(label);
            wrong.forEach(detail -> errors.invalid(at, segment, "validating label \"" + label + "\": " + detail));
            if (!wrong.isEmpty()) {
                return;
            }
        }
    }

    private static List<ObjectNode> having(ObjectNode request, String type) {
        return Json.objects(request.path("status"), "conditions").stream()
                .filter(c -> Json.string(c, "type").equals(type))
                .toList();
    }

    private static boolean has(ObjectNode request, String type) {
        return !having(request, type).isEmpty();
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
