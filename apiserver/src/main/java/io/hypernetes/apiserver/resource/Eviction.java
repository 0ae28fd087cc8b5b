package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.io.IOException;
import tools.jackson.databind.node.ObjectNode;

/// Evicts a pod: deletes it in good order. There are no disruption budgets yet that could say no.
final class Eviction {
    private final Deletes deletes;

    Eviction(Deletes deletes) {
        this.deletes = deletes;
    }

    void evict(ResourceRequest request) throws IOException {
        var body = Body.read(request.http().body(), request.http().header("Content-Type").orElse("")).object();
        var name = Json.string(body, "metadata", "name");
        var at = request.target();
        if (!name.isEmpty() && !name.equals(at.name())) {
            throw ApiStatus.badRequest("name in URL does not match name in Eviction object").asException();
        }
        var given = body.get("deleteOptions") instanceof ObjectNode options ? options : Json.object();
        var target = new Target(
                true, "delete", at.path(), "", "v1", "pods", at.namespace(), at.name(), "", false);
        var deletion = new ResourceRequest(
                request.http(), request.caller(), request.tenantPath(), target, request.kind(), request.now());
        deletes.delete(deletion, Deletes.Options.of(deletion, given));
        Answers.json(request.http(), 201, ApiStatus.success().toJson().put("code", 201));
    }
}
