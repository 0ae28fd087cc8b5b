package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.fair.Seat;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Serves TokenReview and SelfSubjectReview: who somebody is. A tenant learns of its own tokens only; another's is like no token.
final class TokenReviews {
    private static final GroupVersion VERSION = new GroupVersion("authentication.k8s.io", "v1");

    private final Decoding decoding;
    private final ServiceAccountTokens tokens;
    private final Authentication authentication;

    TokenReviews(Decoding decoding, ServiceAccountTokens tokens, Authentication authentication) {
        this.decoding = decoding;
        this.tokens = tokens;
        this.authentication = authentication;
    }

    void review(ResourceRequest request) throws IOException {
        var review = decoding.object(request.http(), VERSION, "TokenReview", "authentication.v1.TokenReview");
        var text = Json.string(review, "spec", "token");
        if (text.isEmpty()) {
            throw ApiStatus.badRequest("token is required for TokenReview in authentication").asException();
        }
        var wanted = new ArrayList<String>();
        review.path("spec").path("audiences").forEach(audience -> wanted.add(audience.asString("")));
        if (wanted.isEmpty()) {
            wanted.add(tokens.issuer(request.tenant()));
        }
        var status = review.putObject("status");
        var verified = tokens.verify(text)
                .filter(found -> found.caller().tenant().equals(request.tenant()))
                .filter(found -> wanted.stream().anyMatch(found.audiences()::contains));
        if (verified.isPresent()) {
            status.put("authenticated", true);
            verified.get().caller().describe(status.putObject("user"));
            var audiences = status.putArray("audiences");
            wanted.stream().filter(verified.get().audiences()::contains).forEach(audiences::add);
        } else if (wanted.contains(tokens.issuer(request.tenant())) && person(text, request.tenant(), status)) {
            status.putArray("audiences").add(tokens.issuer(request.tenant()));
        } else if (!status.has("error")) {
            status.putObject("user");
            status.put("error", "[invalid bearer token, it is not one of this cluster, has ended, or is for another audience]");
        }
        answer(request, review);
    }

    /// Whether a token is that of a person who belongs to the tenant; then the status says who.
    private boolean person(String token, String tenant, ObjectNode status) {
        try {
            // Its issuer may have to be asked, by one for all who want to know.
            var person = Seat.away(0, () -> authentication.personOf(token, tenant)).filter(found -> found.tenants().containsKey(tenant));
            if (person.isEmpty()) {
                return false;
            }
            var principal = person.get().in(tenant);
            status.put("authenticated", true);
            new Caller(tenant, principal.name(), principal.groups(), principal.uid(), principal.extra()).describe(status.putObject("user"));
            return true;
        } catch (ApiException e) {
            status.putObject("user");
            status.put("error", String.valueOf(e.getMessage()));
            return false;
        }
    }

    void self(ResourceRequest request) throws IOException {
        var review = decoding.object(request.http(), VERSION, "SelfSubjectReview", "authentication.v1.SelfSubjectReview");
        request.caller().describe(review.putObject("status").putObject("userInfo"));
        answer(request, review);
    }

    /// Reviews are never stored: the answer is what was asked, filled in.
    static void answer(ResourceRequest request, ObjectNode review) throws IOException {
        Accepted.of(request.http().headers("Accept")).requireObject();
        Json.child(review, "metadata").put("creationTimestamp", io.hypernetes.objects.ApiTime.format(request.now()));
        Answers.json(request.http(), 201, review);
    }

    /// The resources that this serves.
    static boolean serves(String group, String resource) {
        return group.equals("authentication.k8s.io") && List.of("tokenreviews", "selfsubjectreviews").contains(resource);
    }
}
