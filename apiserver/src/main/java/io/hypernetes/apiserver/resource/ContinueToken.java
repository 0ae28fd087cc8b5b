package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.Base64;

/// Where a list in pieces goes on: the state it shows and the last key given.
///
/// @param revision the state that all pieces show; -1 for whatever is there now
/// @param after the key after which the next piece begins, without its tenant's part where there is one tenant
record ContinueToken(long revision, String after) {

    String text() {
        var json = Json.object();
        json.put("v", "meta.k8s.io/v1");
        json.put("rv", revision);
        json.put("start", after + "\0");
        return Base64.getUrlEncoder().withoutPadding().encodeToString(Json.bytes(json));
    }

    static ContinueToken parse(String text) {
        try {
            var json = Json.readObject(Base64.getUrlDecoder().decode(text));
            var start = Json.string(json, "start");
            long revision = Json.number(json, 0, "rv");
            if (Json.string(json, "v").equals("meta.k8s.io/v1") && start.endsWith("\0") && revision != 0) {
                return new ContinueToken(revision, start.substring(0, start.length() - 1));
            }
        } catch (IllegalArgumentException | MalformedJsonException e) {
            // Told below: the token is opaque to clients, whatever is wrong in it.
        }
        throw ApiStatus.badRequest("continue key is not valid: it is not one that this server gave").asException();
    }
}
