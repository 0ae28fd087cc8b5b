package io.hypernetes.objects.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class OwnershipTest {
    private static final SchemaShapes SHAPES = new SchemaShapes(Schema.load());
    private static final Ownership DEPLOYMENTS = Ownership.builtIn(SHAPES.of("apps.v1.Deployment"));
    private static final Ownership MAPS = Ownership.builtIn(SHAPES.of("core.v1.ConfigMap"));
    private static final Ownership PODS = Ownership.builtIn(SHAPES.of("core.v1.Pod"));

    private static Ownership.Writer writer(String manager, int minute) {
        return new Ownership.Writer(manager, "v1", "", "2026-01-01T00:%02d:00Z".formatted(minute));
    }

    private static ObjectNode json(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static JsonNode entry(ObjectNode object, String manager) {
        for (JsonNode entry : Json.at(object, "metadata", "managedFields")) {
            if (Json.string(entry, "manager").equals(manager)) {
                return entry;
            }
        }
        return Json.object();
    }

    private static ObjectNode data(ObjectNode object) {
        return Json.child(object, "data");
    }

    /// apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
    @Test
    void newTimesAloneAreNoChange() {
        var old = json("{'metadata':{'name':'m','managedFields':[{'manager':'a','operation':'Apply','time':'1','fieldsV1':{'f:data':{}}},{'manager':'b','operation':'Update','time':'2'}]},'data':{'x':'1'}}");
        var later = json("{'metadata':{'name':'m','managedFields':[{'manager':'b','operation':'Update','time':'2'},{'manager':'a','operation':'Apply','time':'3','fieldsV1':{'f:data':{}}}]},'data':{'x':'1'}}");
        assertThat(Ownership.unlessOnlyTimesDiffer(later, old)).isSameAs(old);
        var changed = later.deepCopy();
        data(changed).put("x", "2");
        assertThat(Ownership.unlessOnlyTimesDiffer(changed, old)).isSameAs(changed);
        var owned = json("{'metadata':{'name':'m','managedFields':[{'manager':'b','operation':'Update','time':'2'},{'manager':'a','operation':'Apply','time':'3','fieldsV1':{'f:spec':{}}}]},'data':{'x':'1'}}");
        assertThat(Ownership.unlessOnlyTimesDiffer(owned, old)).isSameAs(owned);
    }

    /// As many as fit into a body: the work is that of the owners and the fields, not of one times the other.
    @Test
    @Timeout(20)
    void manyOwnersAndManyFieldsAreNotMultiplied() {
        var object = json("{'metadata':{'name':'m'}}");
        var owners = Json.child(object, "metadata").putArray("managedFields");
        for (int i = 0; i < 8_000; i++) {
            owners.add(json("{'manager':'m%d','operation':'Apply','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':{'f:data':{'f:zz':{}}}}".formatted(i)));
        }
        for (int i = 0; i < 100_000; i++) {
            data(object).put("k" + i, "");
        }
        MAPS.created(object, writer("me", 0));
        assertThat(entry(object, "me").path("fieldsV1").path("f:data")).hasSize(100_001);
        assertThat(entry(object, "m7999").path("fieldsV1")).isEqualTo(json("{'f:data':{'f:zz':{}}}"));
    }

    @Test
    void theCreatorOwnsWhatItSaid() {
        var object = json("""
                {'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'web','uid':'1','labels':{'app':'web'}},
                 'spec':{'replicas':2,'selector':{'matchLabels':{'app':'web'}},'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1}},
                 'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'web','image':'nginx','ports':[{'containerPort':80}]}]}}}}""");
        DEPLOYMENTS.created(object, writer("kubectl-create", 0));
        assertThat(entry(object, "kubectl-create").path("fieldsV1")).isEqualTo(json("""
                {'f:metadata':{'f:labels':{'.':{},'f:app':{}}},
                 'f:spec':{'f:replicas':{},'f:selector':{},'f:strategy':{'f:rollingUpdate':{'.':{},'f:maxSurge':{}},'f:type':{}},
                 'f:template':{'f:metadata':{'f:labels':{'.':{},'f:app':{}}},'f:spec':{'f:containers':{'k:{\\"name\\":\\"web\\"}':{
                   '.':{},'f:name':{},'f:image':{},'f:ports':{'.':{},'k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}':{'.':{},'f:containerPort':{}}}}}}}}}"""));
        assertThat(Json.string(entry(object, "kubectl-create"), "operation")).isEqualTo("Update");
    }

    @Test
    void aFieldNoLongerAppliedGoes() {
        var one = MAPS.applied(Json.object(), json("{'metadata':{'name':'m'},'data':{'a':'1','b':'2'}}"), writer("x", 0), false);
        assertThat(entry(one, "x").path("fieldsV1")).isEqualTo(json("{'f:data':{'f:a':{},'f:b':{}}}"));
        var two = MAPS.applied(one, json("{'metadata':{'name':'m'},'data':{'a':'1'}}"), writer("x", 1), false);
        assertThat(data(two)).isEqualTo(json("{'a':'1'}"));
        var none = MAPS.applied(two, json("{'metadata':{'name':'m'}}"), writer("x", 2), false);
        assertThat(none.has("data")).isFalse();
        assertThat(Json.at(none, "metadata", "managedFields").isEmpty()).isTrue();
    }

    @Test
    void aFieldThatAnotherOwnsTooStays() {
        var one = MAPS.applied(Json.object(), json("{'data':{'a':'1','b':'2'}}"), writer("x", 0), false);
        var both = MAPS.applied(one, json("{'data':{'b':'2'}}"), writer("y", 1), false);
        var left = MAPS.applied(both, json("{'data':{'a':'1'}}"), writer("x", 2), false);
        assertThat(data(left)).isEqualTo(json("{'a':'1','b':'2'}"));
        var gone = MAPS.applied(left, json("{'metadata':{}}"), writer("y", 3), false);
        assertThat(data(gone)).isEqualTo(json("{'a':'1'}"));
    }

    @Test
    void anotherOwnersValueIsAConflictUnlessForced() {
        var object = json("{'apiVersion':'apps/v1','metadata':{'name':'web'},'spec':{'replicas':1,'paused':false}}");
        DEPLOYMENTS.created(object, new Ownership.Writer("kubectl-client-side-apply", "apps/v1", "", "2026-01-01T00:00:00Z"));
        var wish = json("{'spec':{'replicas':3}}");
        assertThatThrownBy(() -> DEPLOYMENTS.applied(object, wish, writer("x", 1), false))
                .isInstanceOfSatisfying(ApplyConflictException.class, e -> {
                    assertThat(e.status().code()).isEqualTo(409);
                    assertThat(e.status().message())
                            .isEqualTo("Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas");
                });
        var forced = DEPLOYMENTS.applied(object, wish, writer("x", 1), true);
        assertThat(Json.number(forced, 0, "spec", "replicas")).isEqualTo(3);
        assertThat(entry(forced, "kubectl-client-side-apply").path("fieldsV1")).isEqualTo(json("{'f:spec':{'f:paused':{}}}"));
        assertThatThrownBy(() -> DEPLOYMENTS.applied(object, json("{'spec':{'replicas':3,'paused':true}}"), writer("x", 1), false))
                .isInstanceOfSatisfying(ApplyConflictException.class, e -> assertThat(e.status().message())
                        .isEqualTo("Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using apps/v1:\n"
                                + "- .spec.paused\n- .spec.replicas"));
    }

    @Test
    void itemsAreOwnedByTheirKeysAndKeepTheirOrder() {
        var one = PODS.applied(
                Json.object(),
                json("{'spec':{'containers':[{'name':'b','image':'1'},{'name':'a','image':'1'}]}}"),
                writer("x", 0),
                false);
        var two = PODS.applied(one, json("{'spec':{'containers':[{'name':'c','image':'1'},{'name':'a','image':'1'}]}}"), writer("y", 1), false);
        assertThat(names(two)).containsExactly("b", "c", "a");
        var three = PODS.applied(two, json("{'spec':{'containers':[{'name':'a','image':'1'}]}}"), writer("x", 2), false);
        assertThat(names(three)).containsExactly("c", "a");
        assertThatThrownBy(() -> PODS.applied(three, json("{'spec':{'containers':[{'image':'1'}]}}"), writer("x", 3), false))
                .hasMessage(".spec.containers: associative list with keys has an element that omits key field \"name\""
                        + " (and doesn't have default value)");
        assertThatThrownBy(() -> PODS.applied(
                        three, json("{'spec':{'containers':[{'name':'a'},{'name':'a'}]}}"), writer("x", 3), false))
                .hasMessage(".spec.containers: duplicate entries for key [name=\"a\"]");
    }

    private static java.util.List<String> names(ObjectNode pod) {
        return Json.objects(pod.path("spec"), "containers").stream().map(c -> Json.string(c, "name")).toList();
    }

    @Test
    void aSetHasOwnersForEachValue() {
        var one = PODS.applied(Json.object(), json("{'metadata':{'finalizers':['x/a','x/b']}}"), writer("x", 0), false);
        var two = PODS.applied(one, json("{'metadata':{'finalizers':['x/c']}}"), writer("y", 1), false);
        var three = PODS.applied(two, json("{'metadata':{'finalizers':['x/b']}}"), writer("x", 2), false);
        assertThat(Json.at(three, "metadata", "finalizers")).isEqualTo(json("{'f':['x/b','x/c']}").path("f"));
    }

    @Test
    void anotherOrderAloneIsNoChange() {
        var one = PODS.applied(Json.object(), json("{'metadata':{'finalizers':['x/b','x/a']}}"), writer("x", 0), false);
        assertThat(PODS.applied(one, json("{'metadata':{'finalizers':['x/a','x/b']}}"), writer("x", 1), false)).isSameAs(one);
    }

    @Test
    void anUpdateTakesOverWhatItChanges() {
        var one = MAPS.applied(Json.object(), json("{'data':{'a':'1','b':'2'}}"), writer("x", 0), false);
        var changed = one.deepCopy();
        data(changed).put("b", "3").remove("a");
        data(changed).put("c", "1");
        MAPS.updated(changed, one, writer("edit", 1));
        assertThat(entry(changed, "x").isEmpty()).isTrue();
        assertThat(entry(changed, "edit").path("fieldsV1")).isEqualTo(json("{'f:data':{'f:b':{},'f:c':{}}}"));
    }

    @Test
    void aWriteThatChangesNothingChangesNoTimes() {
        var one = json("{'data':{'a':'1'}}");
        MAPS.created(one, writer("x", 0));
        var same = one.deepCopy();
        MAPS.updated(same, one, writer("x", 5));
        assertThat(same).isEqualTo(one);
        var applied = MAPS.applied(one, json("{'data':{'a':'1'}}"), writer("y", 6), false);
        assertThat(MAPS.applied(applied, json("{'data':{'a':'1'}}"), writer("y", 9), false)).isEqualTo(applied);
    }

    @Test
    void theListCanBeResetAndReplacedByAnUpdateOnly() {
        var one = MAPS.applied(Json.object(), json("{'data':{'a':'1'}}"), writer("x", 0), false);
        var reset = one.deepCopy();
        Json.child(reset, "metadata").set("managedFields", json("{'m':[{}]}").path("m"));
        MAPS.updated(reset, one, writer("edit", 1));
        assertThat(reset.path("metadata").has("managedFields")).isFalse();
        var renamed = one.deepCopy();
        ((ObjectNode) Json.at(renamed, "metadata", "managedFields").path(0)).put("manager", "z");
        MAPS.updated(renamed, one, writer("edit", 1));
        assertThat(entry(renamed, "z").path("fieldsV1")).isEqualTo(json("{'f:data':{'f:a':{}}}"));
        var dropped = one.deepCopy();
        Json.child(dropped, "metadata").remove("managedFields");
        MAPS.updated(dropped, one, writer("edit", 1));
        assertThat(dropped).isEqualTo(one);
    }

    @Test
    void anObjectWithoutOwnersStaysSoUntilSomethingIsApplied() {
        var old = json("{'data':{'a':'1'}}");
        var changed = json("{'data':{'a':'2'}}");
        MAPS.updated(changed, old, writer("edit", 1));
        assertThat(changed.path("metadata").has("managedFields")).isFalse();
        var applied = MAPS.applied(changed, json("{'data':{'b':'1'}}"), writer("x", 2), false);
        assertThat(entry(applied, "before-first-apply").path("fieldsV1")).isEqualTo(json("{'f:data':{'.':{},'f:a':{}}}"));
    }

    @Test
    void kubectlTakesOverFromItsClientSideApply() {
        var object = json("{'data':{'a':'1','b':'1'}}");
        Json.child(Json.child(object, "metadata"), "annotations")
                .put("kubectl.kubernetes.io/last-applied-configuration", "{\"data\":{\"a\":\"1\"}}");
        MAPS.created(object, writer("kubectl-client-side-apply", 0));
        var wish = json("{'data':{'a':'2'}}");
        assertThatThrownBy(() -> MAPS.applied(object, wish, writer("other", 1), false)).isInstanceOf(ApplyConflictException.class);
        var applied = MAPS.applied(object, wish, writer("kubectl", 1), false);
        assertThat(Json.string(applied, "data", "a")).isEqualTo("2");
        assertThat(Json.string(applied, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"))
                .isEqualTo("{\"data\":{\"a\":\"2\"}}");
        assertThatThrownBy(() -> MAPS.applied(object, json("{'data':{'b':'2'}}"), writer("kubectl", 1), false))
                .isInstanceOf(ApplyConflictException.class);
    }

    @Test
    void oldUpdatersAreWrittenAsOne() {
        var object = json("{'data':{'k0':'1'}}");
        MAPS.created(object, writer("w0", 0));
        for (int i = 1; i < 15; i++) {
            var next = object.deepCopy();
            data(next).put("k" + i, "1");
            MAPS.updated(next, object, writer("w" + i, i));
            object = next;
        }
        assertThat(Json.at(object, "metadata", "managedFields").size()).isEqualTo(10);
        assertThat(entry(object, "ancient-changes").path("fieldsV1").path("f:data").has("f:k2")).isTrue();
    }

    @Test
    void aSubresourceHasOwnersOfItsOwn() {
        var object = json("{'spec':{'replicas':1}}");
        DEPLOYMENTS.created(object, writer("x", 0));
        var changed = object.deepCopy();
        Json.child(changed, "status").put("replicas", 1);
        DEPLOYMENTS.updated(changed, object, new Ownership.Writer("x", "v1", "status", "2026-01-01T00:01:00Z"));
        var entries = Json.at(changed, "metadata", "managedFields");
        assertThat(entries.size()).isEqualTo(2);
        assertThat(Json.string(entries.path(1), "subresource")).isEqualTo("status");
        assertThat(entries.path(1).path("fieldsV1")).isEqualTo(json("{'f:status':{'f:replicas':{}}}"));
    }

    private static final int SENSIBLE = 210;

    private static String nested(int levels, String within) {
        return "{'f:a':".repeat(levels) + within + "}".repeat(levels);
    }

    private static boolean isDeeper(JsonNode node, int levels) {
        if (!node.isContainer()) {
            return false;
        }
        for (JsonNode below : node) {
            if (levels == 0 || isDeeper(below, levels - 1)) {
                return true;
            }
        }
        return false;
    }

    /// As upstream does with what it cannot read (`decodeLiveOrNew` of apimachinery's `pkg/util/managedfields/internal/fieldmanager.go`).
    @Test
    void ownersOfFieldsThatNobodyCanHaveAreAsIfTheyWereNotThere() {
        String hostile = "{'manager':'h','operation':'Apply','apiVersion':'v1','fieldsType':'FieldsV1','fieldsV1':%s}".formatted(nested(900, "{}"));
        var made = json("{'metadata':{'name':'m','managedFields':[%s]},'data':{'x':'1'}}".formatted(hostile));
        MAPS.created(made, writer("maker", 0));
        assertThat(entry(made, "h")).isEmpty();
        assertThat(entry(made, "maker").path("fieldsV1")).isNotEmpty();

        var changed = made.deepCopy();
        Json.child(changed, "metadata").putArray("managedFields").add(json(hostile));
        data(changed).put("x", "2");
        MAPS.updated(changed, made, writer("changer", 1));
        assertThat(entry(changed, "h")).isEmpty();
        assertThat(entry(changed, "changer").path("fieldsV1")).isNotEmpty();

        var stored = json("{'metadata':{'name':'m','managedFields':[%s]},'data':{'x':'1'}}".formatted(hostile));
        var later = stored.deepCopy();
        data(later).put("x", "2");
        MAPS.updated(later, stored, writer("changer", 1));
        assertThat(isDeeper(later, SENSIBLE)).isFalse();
    }

    /// Whatever the object is like, its owners are no deeper than every program can read.
    @Test
    void whoeverOwnsWhatLiesDeepOwnsItFromSomewhereAboveOn() {
        var free = Ownership.custom(Shape.Deduced.DEDUCED);
        String deep = "{'a':".repeat(900) + "'x'" + "}".repeat(900);
        var made = json("{'metadata':{'name':'m'},'spec':%s}".formatted(deep));
        free.created(made, writer("maker", 0));
        assertThat(Json.at(made, "metadata", "managedFields")).isNotEmpty();
        assertThat(isDeeper(made.path("metadata"), SENSIBLE)).isFalse();
        assertThat(Json.readObject(Json.bytes(made))).isEqualTo(made);

        var config = json("{'metadata':{'name':'m'},'spec':%s}".formatted(deep));
        var applied = free.applied(Json.object(), config, writer("applier", 0), false);
        assertThat(isDeeper(applied.path("metadata"), SENSIBLE)).isFalse();
        assertThat(free.applied(applied, config, writer("applier", 1), false)).isSameAs(applied);
        assertThat(free.applied(applied, json("{'metadata':{'name':'m'}}"), writer("applier", 1), false).path("spec")).isEmpty();
    }

    @Test
    void whatIsOwnedByALongKeyCanBeReadAgain() {
        var made = json("{'metadata':{'name':'m','ownerReferences':[{'uid':'%s'}]}}".formatted("u".repeat(60_000)));
        MAPS.created(made, writer("maker", 0));
        assertThat(Json.readObject(Json.bytes(made))).isEqualTo(made);
    }
}
