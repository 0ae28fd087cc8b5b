package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.SigningRequest;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import tools.jackson.databind.node.ObjectNode;

/// Two tenants with two objects of every kind, of the same names. Those of `prey` bear a mark; `prowler` has an administrator who looks for it.
abstract class AdversaryCase extends ClusterTest {
    static final String MARK = "prey-secret-mark";
    static final String MERGE = "application/merge-patch+json";
    static final String MARKED = "?labelSelector=mark%3D" + MARK;

    /// Of these a tenant makes none.
    private static final Set<String> OF_THE_OPERATOR = Set.of("RuntimeClass", "StorageClass");

    final List<Place> made = new ArrayList<>();
    Cluster.Client prey;
    Cluster.Client prowler;

    /// Where objects of a kind are, by what the server says of itself.
    ///
    /// @param path of the collection
    /// @param parts what a single object has below it, such as `status`, with the verbs
    record Place(String apiVersion, String kind, String path, Set<String> verbs, Map<String, Set<String>> parts) {
        @Override
        public String toString() {
            return apiVersion + " " + kind;
        }
    }

    @BeforeAll
    void tenants() throws IOException {
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        prey = cluster.client("prey", "alice", "system:masters");
        prowler = cluster.client("prowler", "mallory", "system:masters");
        for (var client : List.of(prey, prowler)) {
            namespace(client, "every");
            client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                    {"metadata":{"name":"traps.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"traps","kind":"Trap"},
                     "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},
                      "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}}}]}}""").expect(201);
        }
        var places = places();
        var refused = new ArrayList<String>();
        for (var manifest : manifests()) {
            var place = places.get(Json.string(manifest, "apiVersion") + " " + Json.string(manifest, "kind"));
            if (place == null || prowler.post(place.path, Json.print(manifest)).code() != 201) {
                refused.add(Json.string(manifest, "kind"));
                continue;
            }
            prowler.post(place.path, Json.print(another(manifest))).expect(201);
            for (var each : List.of(marked(manifest), marked(another(manifest)))) {
                prey.post(place.path, Json.print(each)).expect(201);
            }
            made.add(place);
        }
        assertThat(refused).containsExactlyInAnyOrderElementsOf(OF_THE_OPERATOR);
    }

    /// Of every kind one; the file has those that need nothing but a manifest.
    private static List<ObjectNode> manifests() throws IOException {
        var manifests = new ArrayList<>(EveryKindTest.manifests());
        manifests.add(Json.readObject("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Trap\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"replicas\":1}}"));
        var pem = SigningRequest.create(CertificateAuthority.newKeyPair(new SecureRandom()), "somebody", List.of());
        manifests.add(Json.readObject("""
                {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"x"},
                 "spec":{"request":"%s","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}"""
                .formatted(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)))));
        manifests.forEach(manifest -> Json.child(manifest, "metadata").putObject("labels"));
        return manifests;
    }

    /// A second one of the kind.
    private static ObjectNode another(ObjectNode manifest) {
        var text = Json.print(manifest);
        var other = Json.readObject(switch (Json.string(manifest, "kind")) {
            case "CustomResourceDefinition" -> text.replace("foo", "bar").replace("Foo", "Bar");
            case "APIService" -> text.replace("example.org", "example.net");
            case "IPAddress" -> text.replace("10.99.99.99", "10.99.99.98");
            case "ServiceCIDR" -> text.replace("10.98.0.0", "10.97.0.0");
            default -> text;
        });
        if (other.path("metadata").equals(manifest.path("metadata"))) {
            Json.child(other, "metadata").put("name", "a" + Json.string(manifest, "metadata", "name"));
        }
        return other;
    }

    private static ObjectNode marked(ObjectNode manifest) {
        var marked = manifest.deepCopy();
        Json.child(Json.child(marked, "metadata"), "labels").put("mark", MARK);
        Json.child(marked, "metadata").putObject("annotations").put("mark", MARK);
        return marked;
    }

    /// By API version and kind.
    private Map<String, Place> places() {
        var versions = new ArrayList<>(List.of("v1"));
        for (var group : Json.objects(prey.get("/apis").expect(200).json(), "groups")) {
            Json.objects(group, "versions").forEach(version -> versions.add(Json.string(version, "groupVersion")));
        }
        var places = new HashMap<String, Place>();
        for (var version : versions) {
            var root = "/" + GroupVersion.parse(version).path();
            var resources = Json.objects(prey.get(root).expect(200).json(), "resources");
            for (var resource : resources) {
                var name = Json.string(resource, "name");
                if (!name.contains("/")) {
                    var path = root + (resource.path("namespaced").asBoolean() ? "/namespaces/every/" : "/") + name;
                    var parts = new TreeMap<String, Set<String>>();
                    resources.stream().filter(each -> Json.string(each, "name").startsWith(name + "/"))
                            .forEach(each -> parts.put(Json.string(each, "name").substring(name.length() + 1), verbs(each)));
                    var place = new Place(version, Json.string(resource, "kind"), path, verbs(resource), parts);
                    places.put(place.toString(), place);
                }
            }
        }
        return places;
    }

    private static Set<String> verbs(ObjectNode resource) {
        return resource.path("verbs").valueStream().map(verb -> verb.asString()).collect(Collectors.toSet());
    }

    /// One of the objects of a kind that bear the mark.
    ObjectNode theirs(Place place) {
        var found = Json.objects(prey.get(place.path + MARKED).expect(200).json(), "items").getFirst();
        return prey.get(place.path + "/" + Json.string(found, "metadata", "name")).expect(200).json();
    }

    Map<String, Long> state() {
        var state = new HashMap<String, Long>();
        for (var entry : cluster.store.list("/prey/", "", 0).entries()) {
            state.put(entry.key(), entry.revision());
        }
        return state;
    }

    /// Answered as a tenant that never was, to the letter.
    static void asNobody(Cluster.Reply answer, Cluster.Reply nobody) {
        assertThat(answer.code()).isEqualTo(404);
        assertThat(answer.text().replace("prey", "nobody")).isEqualTo(nobody.text());
    }
}
