package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Serves the group `authorization.k8s.io`: may somebody, or the caller, do something, and what may the caller do at all. Whom a review names is
/// taken for somebody at home in the tenant of the request.
final class AccessReviews {
    private static final String GROUP = "authorization.k8s.io";
    private static final GroupVersion VERSION = new GroupVersion(GROUP, "v1");
    private static final int MOST_RULES = 2_000;
    /// In characters; more than one role can have.
    private static final int LONGEST_RULES = 2 << 20;

    private final Decoding decoding;
    private final Authorisation authorisation;
    private final Policies policies;

    AccessReviews(Decoding decoding, Authorisation authorisation, Policies policies) {
        this.decoding = decoding;
        this.authorisation = authorisation;
        this.policies = policies;
    }

    static boolean serves(String group) {
        return group.equals(GROUP);
    }

    void review(ResourceRequest request) throws IOException {
        var kind = request.kind().type().kind();
        var review = decoding.object(request.http(), VERSION, kind, request.kind().type().schemaType());
        var spec = Json.child(review, "spec");
        if (!kind.equals("SelfSubjectRulesReview")) {
            var errors = AccessReviewForm.problems(kind, review, request.target().namespace());
            if (!errors.isEmpty()) {
                throw ApiStatus.invalid(GROUP, kind, "", errors).asException();
            }
        }
        switch (kind) {
            case "SelfSubjectRulesReview" -> rules(request, review, spec);
            case "SelfSubjectAccessReview" -> answer(request, review, spec, request.caller());
            default -> answer(request, review, spec, named(request, spec));
        }
        TokenReviews.answer(request, review);
    }

    private static Caller named(ResourceRequest request, ObjectNode spec) {
        var groups = new ArrayList<String>();
        spec.path("groups").forEach(group -> groups.add(group.asString("")));
        var user = Json.string(spec, "user");
        var extra = new LinkedHashMap<String, List<String>>();
        for (var member : spec.path("extra").properties()) {
            var values = new ArrayList<String>();
            member.getValue().forEach(value -> values.add(value.asString("")));
            extra.put(member.getKey(), values);
        }
        return new Caller(request.tenant(), user, groups, Json.string(spec, "uid"), extra);
    }

    private void answer(ResourceRequest request, ObjectNode review, ObjectNode spec, Caller caller) {
        var resource = spec.path("resourceAttributes");
        var path = spec.path("nonResourceAttributes");
        var selectors = ReviewedSelectors.of(resource);
        // Roles know nothing of selectors; nodes are let read what is theirs by them.
        var decision = authorisation.decide(
                caller,
                request.tenantPath(),
                resource.isObject() ? target(resource) : target(path, Json.string(path, "path")),
                caller.node().isPresent() ? selectors.fields() : "");
        var status = review.putObject("status");
        status.put("allowed", decision.allowed());
        if (!decision.reason().isEmpty()) {
            status.put("reason", decision.reason());
        }
        if (!selectors.ignored().isEmpty()) {
            status.put("evaluationError", selectors.ignored());
        }
    }

    private static Target target(JsonNode asked) {
        var name = Json.string(asked, "name");
        return new Target(
                true,
                Json.string(asked, "verb"),
                "",
                Json.string(asked, "group"),
                Json.string(asked, "version"),
                Json.string(asked, "resource"),
                Json.string(asked, "namespace"),
                name,
                Json.string(asked, "subresource"),
                name.isEmpty());
    }

    private static Target target(JsonNode asked, String path) {
        return new Target(false, Json.string(asked, "verb"), path, "", "", "", "", "", "", false);
    }

    private void rules(ResourceRequest request, ObjectNode review, ObjectNode spec) {
        var namespace = Json.string(spec, "namespace");
        if (namespace.isEmpty()) {
            throw ApiStatus.badRequest("no namespace on request").asException();
        }
        var status = review.putObject("status");
        var resources = status.putArray("resourceRules");
        var paths = status.putArray("nonResourceRules");
        // Nodes and the scheduler have rights that no rule says.
        boolean incomplete = request.caller().node().isPresent() || request.caller().isScheduler();
        long length = 0;
        int told = 0;
        var all = policies.rules(request.tenant(), request.caller(), namespace);
        for (var rule : all) {
            length += rule.length();
            if (told == MOST_RULES || length > LONGEST_RULES) {
                incomplete = true;
                status.put("evaluationError", "the rules are too many for one answer: of %d the first %d are told".formatted(all.size(), told));
                break;
            }
            told++;
            (rule.urls().isEmpty() ? resources : paths).add(rule.toJson());
        }
        status.put("incomplete", incomplete);
    }
}
