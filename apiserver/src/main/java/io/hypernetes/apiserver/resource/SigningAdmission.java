package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.rbac.Attempt;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.identity.SigningRequest;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.Base64;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// Decides who asks for certificates, who approves and who signs: a request says who made it, and approving or signing needs the verb for its
/// signer beside the right to write the object.
final class SigningAdmission {
    private static final String GROUP = "certificates.k8s.io";
    private static final String CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";
    private static final String ADMINISTRATORS = "system:masters";

    private final Policies policies;

    SigningAdmission(Policies policies) {
        this.policies = policies;
    }

    void create(ResourceRequest request, ObjectNode object) {
        var spec = Json.child(object, "spec");
        spec.remove(Set.of("uid", "extra"));
        var caller = request.caller();
        spec.put("username", caller.user());
        if (!caller.uid().isEmpty()) {
            spec.put("uid", caller.uid());
        }
        var groups = spec.putArray("groups");
        caller.groups().forEach(groups::add);
        if (!caller.extra().isEmpty()) {
            var extra = spec.putObject("extra");
            caller.extra().forEach((name, values) -> values.forEach(extra.putArray(name)::add));
        }
        if (Json.string(spec, "signerName").equals(CLIENT_SIGNER) && asksForAdministrators(spec)) {
            throw refused(object, "use of %s signer with %s group is not allowed".formatted(CLIENT_SIGNER, ADMINISTRATORS));
        }
    }

    void update(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        var part = request.target().subresource();
        var signer = Json.string(old, "spec", "signerName");
        if (part.equals("approval") && !maySigner(request, "approve", signer)) {
            throw refused(updated, "user not permitted to approve requests with signerName \"" + signer + "\"");
        }
        boolean signs = part.equals("status")
                && !Json.string(updated, "status", "certificate").equals(Json.string(old, "status", "certificate"));
        if (signs && !maySigner(request, "sign", signer)) {
            throw refused(updated, "user not permitted to sign requests with signerName \"" + signer + "\"");
        }
    }

    private boolean maySigner(ResourceRequest request, String verb, String signer) {
        var caller = request.caller();
        int slash = signer.indexOf('/');
        return caller.isOperator()
                || caller.isControllerManager()
                || allows(request, verb, signer)
                || (slash > 0 && allows(request, verb, signer.substring(0, slash) + "/*"));
    }

    private boolean allows(ResourceRequest request, String verb, String signer) {
        return policies.allows(request.tenant(), request.caller(), Attempt.at(verb, GROUP, "signers", "", signer)).isPresent();
    }

    private static boolean asksForAdministrators(ObjectNode spec) {
        try {
            return SigningRequest.parse(Base64.getMimeDecoder().decode(Json.string(spec, "request")))
                    .organisations()
                    .contains(ADMINISTRATORS);
        } catch (IdentityException | IllegalArgumentException e) {
            // What cannot be read is never signed.
            return false;
        }
    }

    private static RuntimeException refused(ObjectNode object, String why) {
        return ApiStatus.forbidden(GROUP, "certificatesigningrequests", Json.string(object, "metadata", "name"), why).asException();
    }
}
