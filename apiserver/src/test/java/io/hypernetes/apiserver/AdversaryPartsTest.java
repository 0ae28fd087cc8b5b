package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The administrator of a tenant tries what single objects of another have below them, by every method, and goes on where the other's lists in pieces stopped.
class AdversaryPartsTest extends AdversaryCase {
    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE");

    @Test
    void noMethodOnNoPartOfAnObjectReachesAnother() {
        var before = state();
        var tried = new TreeSet<String>();
        for (var place : made) {
            var theirs = theirs(place);
            var one = place.path() + "/" + Json.string(theirs, "metadata", "name") + "/";
            for (var part : place.parts().keySet()) {
                for (var method : METHODS) {
                    for (var body : List.of("{}", Json.print(theirs))) {
                        asNobody(send(method, "/tenants/prey" + one + part, body), send(method, "/tenants/nobody" + one + part, body));
                    }
                }
                // At home, with the uid and the revision of the other's, it is for nobody.
                if (place.parts().get(part).contains("update")) {
                    assertThat(send("PUT", one + part, Json.print(theirs)).code()).as(place + "/" + part).isGreaterThanOrEqualTo(400);
                }
                tried.add(part);
            }
        }
        assertThat(tried).contains("approval", "attach", "binding", "ephemeralcontainers", "eviction", "exec", "finalize", "log", "portforward", "proxy", "resize", "scale", "status", "token");
        assertThat(state()).isEqualTo(before);
    }

    private Cluster.Reply send(String method, String path, String body) {
        var type = method.equals("PATCH") ? MERGE : "application/json";
        var publisher = method.equals("GET") ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return prowler.send(prowler.request(path).header("Content-Type", type).method(method, publisher).build());
    }

    /// A token says after which name a list goes on, and of which instant: whoever has one goes on in what is their own.
    @Test
    void whereTheListsOfAnotherStoppedOnesOwnGoOn() {
        var before = state();
        var tokens = new ArrayList<String>();
        for (var place : made) {
            var token = Json.string(prey.get(place.path() + "?limit=1").expect(200).json(), "metadata", "continue");
            assertThat(token).as("%s in pieces", place).isNotEmpty();
            tokens.add(token);
            asNobody(prowler.get("/tenants/prey" + place.path() + "?limit=1&continue=" + token), prowler.get("/tenants/nobody" + place.path() + "?limit=1&continue=" + token));
        }
        // Such as the server would never give: names of others' keys, from their beginning and by the way back.
        for (var start : List.of("", "/prey/", "/prey/core/secrets/every/", "../", "../../../prey/core/secrets/every/", "/", "\0")) {
            for (var revision : List.of("-1", Json.string(prey.get(configMaps("every")).json(), "metadata", "resourceVersion"))) {
                var json = "{\"v\":\"meta.k8s.io/v1\",\"rv\":%s,\"start\":\"%s\\u0000\"}".formatted(revision, start.replace("\0", "\\u0000"));
                tokens.add(Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(StandardCharsets.UTF_8)));
            }
        }
        for (var place : made) {
            for (var token : tokens) {
                var answer = prowler.get(place.path() + "?limit=5&continue=" + token);
                assertThat(answer.code()).as("%s from %s", place, token).isIn(200, 400, 410);
                assertThat(answer.text()).as("%s from %s", place, token).doesNotContain(MARK);
            }
        }
        assertThat(state()).isEqualTo(before);
    }
}
