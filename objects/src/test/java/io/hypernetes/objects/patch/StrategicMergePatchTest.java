package io.hypernetes.objects.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class StrategicMergePatchTest {
    private static final Schema SCHEMA = Schema.load();
    private static final String POD = "{'spec':{'containers':[{'name':'a','image':'x:1','env':[{'name':'E','value':'1'},{'name':'F','value':'2'}],"
            + "'args':['1','2']},{'name':'b','image':'y:1'}],'volumes':[{'name':'v','emptyDir':{}}],'nodeSelector':{'k':'1'}}}";

    private static ObjectNode json(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static ObjectNode patch(String target, String patch) {
        ObjectNode before = json(target);
        ObjectNode result = new StrategicMergePatch(SCHEMA).apply(before, json(patch), "core.v1.Pod");
        assertThat(before).as("the target is left alone").isEqualTo(json(target));
        return result;
    }

    @Test
    void listsOfObjectsMergeByTheirKey() {
        ObjectNode result = patch(POD, "{'spec':{'containers':[{'name':'b','image':'y:2'},{'name':'c','image':'z'}]}}");
        assertThat(names(result)).containsExactly("a", "b", "c");
        assertThat(Json.string(result.path("spec").path("containers").path(1), "image")).isEqualTo("y:2");
        assertThat(Json.string(result.path("spec").path("containers").path(0), "image")).isEqualTo("x:1");
    }

    @Test
    void nestedListsMergeAndPlainListsAreReplaced() {
        ObjectNode result = patch(POD, "{'spec':{'containers':[{'name':'a','env':[{'name':'F','value':'9'}],'args':['3']}]}}");
        assertThat(result.path("spec").path("containers").path(0))
                .isEqualTo(json("{'name':'a','image':'x:1','env':[{'name':'E','value':'1'},{'name':'F','value':'9'}],'args':['3']}"));
    }

    @Test
    void itemsThatTheirKeyDoesNotTellApartGoTogether() {
        String twice = "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'},{'containerPort':53,'protocol':'UDP'},{'containerPort':80}]}]}}";
        ObjectNode one = patch(twice, "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53,'$patch':'delete'}]}]}}");
        assertThat(one.path("spec").path("containers").path(0).path("ports")).isEqualTo(json("{'p':[{'containerPort':80}]}").path("p"));
        ObjectNode changed = patch(twice, "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53,'name':'dns'}]}]}}");
        assertThat(changed.path("spec").path("containers").path(0).path("ports").path(0)).isEqualTo(json("{'containerPort':53,'protocol':'TCP','name':'dns'}"));
        assertThat(changed.path("spec").path("containers").path(0).path("ports").size()).isEqualTo(3);
    }

    @Test
    void itemsAreDeletedAndReplacedByDirective() {
        assertThat(names(patch(POD, "{'spec':{'containers':[{'name':'a','$patch':'delete'}]}}"))).containsExactly("b");
        ObjectNode replaced = patch(POD, "{'spec':{'containers':[{'name':'a','image':'n','$patch':'replace'}]}}");
        assertThat(replaced.path("spec").path("containers").path(0)).isEqualTo(json("{'name':'a','image':'n'}"));
        assertThat(names(patch(POD, "{'spec':{'containers':[{'$patch':'replace'},{'name':'z','image':'n'}]}}"))).containsExactly("z");
        assertThat(patch(POD, "{'spec':{'$patch':'replace','hostname':'h'}}")).isEqualTo(json("{'spec':{'hostname':'h'}}"));
        assertThat(patch(POD, "{'spec':{'nodeSelector':{'$patch':'delete'}}}").path("spec").path("nodeSelector").isEmpty()).isTrue();
        assertThat(patch(POD, "{'spec':{'nodeSelector':null}}").path("spec").has("nodeSelector")).isFalse();
    }

    @Test
    void theOrderOfItemsCanBeSet() {
        ObjectNode result = patch(
                POD, "{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'b'},{'name':'a'}],'containers':[{'name':'c','image':'z'}]}}");
        assertThat(names(result)).containsExactly("c", "b", "a");
        assertThatThrownBy(() -> patch(POD, "{'spec':{'$setElementOrder/containers':[{'name':'a'}],'containers':[{'name':'c'}]}}"))
                .isInstanceOf(PatchException.class);
    }

    @Test
    void retainKeysDropsTheOtherKindOfVolume() {
        ObjectNode result = patch(
                POD, "{'spec':{'volumes':[{'name':'v','$retainKeys':['name','configMap'],'configMap':{'name':'m'}}]}}");
        assertThat(result.path("spec").path("volumes").path(0)).isEqualTo(json("{'name':'v','configMap':{'name':'m'}}"));
        assertThatThrownBy(() -> patch(POD, "{'spec':{'volumes':[{'name':'v','$retainKeys':['name'],'configMap':{}}]}}"))
                .isInstanceOf(PatchException.class);
    }

    @Test
    void plainValuesOfAMergingListAreAddedAndRemoved() {
        String target = "{'metadata':{'finalizers':['a.b/c','d.e/f']}}";
        assertThat(patch(target, "{'metadata':{'finalizers':['x.y/z','a.b/c']}}"))
                .isEqualTo(json("{'metadata':{'finalizers':['a.b/c','d.e/f','x.y/z']}}"));
        assertThat(patch(target, "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a.b/c']}}"))
                .isEqualTo(json("{'metadata':{'finalizers':['d.e/f']}}"));
        assertThat(patch(target, "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a.b/c'],"
                        + "'$setElementOrder/finalizers':['n.m/o','d.e/f'],'finalizers':['n.m/o']}}"))
                .isEqualTo(json("{'metadata':{'finalizers':['n.m/o','d.e/f']}}"));
    }

    @Test
    void directivesNeverReachTheObject() {
        ObjectNode result = patch("{}", "{'spec':{'containers':[{'name':'a','env':[{'name':'E','$patch':'delete'}],'$setElementOrder/env':[]}]}}");
        assertThat(result.toString()).doesNotContain("$");
    }

    @Test
    void itemsWithoutTheirKeyAreRefused() {
        assertThatThrownBy(() -> patch(POD, "{'spec':{'containers':[{'image':'x'}]}}"))
                .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.status().code()).isEqualTo(422))
                .hasMessageContaining("does not contain declared merge key: name");
        assertThatThrownBy(() -> patch(POD, "{'spec':{'containers':['x']}}")).isInstanceOf(PatchException.class);
        assertThatThrownBy(() -> patch(POD, "{'spec':{'$patch':'explode'}}")).isInstanceOf(PatchException.class);
    }

    @Test
    @Timeout(20)
    void longHostileListsTakeLinearTime() {
        ObjectNode pod = Json.object();
        ObjectNode spec = pod.putObject("spec");
        ArrayNode containers = spec.putArray("containers");
        ArrayNode order = spec.putArray("$setElementOrder/containers");
        for (int i = 0; i < 100_000; i++) {
            containers.addObject().put("name", "n" + i);
            order.addObject().put("name", "n" + i);
        }
        ObjectNode once = new StrategicMergePatch(SCHEMA).apply(Json.object(), pod, "core.v1.Pod");
        assertThat(new StrategicMergePatch(SCHEMA).apply(once, pod, "core.v1.Pod")).isEqualTo(once);
    }

    @Property(tries = 300)
    void patchingTwiceIsPatchingOnce(@ForAll("pods") ObjectNode target, @ForAll("pods") ObjectNode patch) {
        var merge = new StrategicMergePatch(SCHEMA);
        ObjectNode once = merge.apply(target, patch, "core.v1.Pod");
        assertThat(merge.apply(once, patch, "core.v1.Pod")).isEqualTo(once);
        assertThat(merge.apply(target, Json.object(), "core.v1.Pod")).isEqualTo(target);
    }

    @Property(tries = 300)
    void everyContainerOfThePatchIsThereAndNoneIsLost(@ForAll("pods") ObjectNode target, @ForAll("pods") ObjectNode patch) {
        ObjectNode result = new StrategicMergePatch(SCHEMA).apply(target, patch, "core.v1.Pod");
        assertThat(names(result)).containsAll(names(target)).containsAll(names(patch)).doesNotHaveDuplicates();
    }

    @Provide
    Arbitrary<ObjectNode> pods() {
        return Combinators.combine(
                        Arbitraries.of("a", "b", "c", "d").list().uniqueElements().ofMaxSize(4), Arbitraries.of("x:1", "y:2"))
                .as((names, image) -> {
                    ObjectNode pod = Json.object();
                    ArrayNode containers = pod.putObject("spec").putArray("containers");
                    names.forEach(name -> containers.addObject().put("name", name).put("image", image));
                    return pod;
                });
    }

    private static List<String> names(ObjectNode pod) {
        return Json.objects(pod.path("spec"), "containers").stream().map(c -> Json.string(c, "name")).toList();
    }
}
