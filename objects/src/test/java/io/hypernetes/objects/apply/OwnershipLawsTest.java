package io.hypernetes.objects.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The laws that hold whatever is applied and written, over pods with a few labels, finalizers, containers and ports.
class OwnershipLawsTest {
    private static final Shape POD = new SchemaShapes(Schema.load()).of("core.v1.Pod");
    private static final Ownership PODS = Ownership.builtIn(POD);

    /// Somebody applies (forced) or writes a configuration.
    record Step(String manager, boolean applies, ObjectNode config) {}

    @Provide
    Arbitrary<Step> steps() {
        return Combinators.combine(
                        Arbitraries.of("ann", "bob", "eve"), Arbitraries.of(true, true, false), configs())
                .as(Step::new);
    }

    @Provide
    Arbitrary<ObjectNode> configs() {
        var value = Arbitraries.of("1", "2");
        var labels = Arbitraries.maps(Arbitraries.of("a", "b", "c"), value).ofMaxSize(3);
        var finalizers = Arbitraries.of("x/a", "x/b", "x/c").list().uniqueElements().ofMaxSize(3);
        var ports = Arbitraries.of(80, 81).list().uniqueElements().ofMaxSize(2);
        var containers = Arbitraries.maps(Arbitraries.of("web", "log", "db"), ports).ofMaxSize(3);
        return Combinators.combine(labels, finalizers, containers, value).as(OwnershipLawsTest::pod);
    }

    private static ObjectNode pod(
            Map<String, String> labels, List<String> finalizers, Map<String, List<Integer>> containers, String image) {
        ObjectNode pod = Json.object();
        if (!labels.isEmpty()) {
            ObjectNode target = Json.child(Json.child(pod, "metadata"), "labels");
            labels.forEach(target::put);
        }
        if (!finalizers.isEmpty()) {
            var list = Json.child(pod, "metadata").putArray("finalizers");
            finalizers.forEach(list::add);
        }
        if (!containers.isEmpty()) {
            var list = Json.child(pod, "spec").putArray("containers");
            containers.forEach((name, ports) -> {
                ObjectNode container = list.addObject().put("name", name).put("image", image);
                if (!ports.isEmpty()) {
                    var target = container.putArray("ports");
                    ports.forEach(port -> target.addObject().put("containerPort", port).put("protocol", "TCP"));
                }
            });
        }
        return pod;
    }

    private static ObjectNode after(List<Step> steps) {
        ObjectNode object = Json.object();
        int minute = 0;
        for (Step step : steps) {
            object = take(object, step, minute++);
        }
        return object;
    }

    private static ObjectNode take(ObjectNode object, Step step, int minute) {
        var writer = new Ownership.Writer(step.manager, "v1", "", "2026-01-01T00:%02d:00Z".formatted(minute));
        if (step.applies) {
            return PODS.applied(object, step.config, writer, true);
        }
        ObjectNode updated = step.config.deepCopy();
        if (object.isEmpty()) {
            PODS.created(updated, writer);
        } else {
            PODS.updated(updated, object, writer);
        }
        return updated;
    }

    private static JsonNode bare(ObjectNode object) {
        ObjectNode copy = object.deepCopy();
        Json.child(copy, "metadata").remove("managedFields");
        if (copy.path("metadata").isEmpty()) {
            copy.remove("metadata");
        }
        return copy;
    }

    private static FieldSet owned(ObjectNode object) {
        FieldSet all = FieldSet.EMPTY;
        for (JsonNode entry : Json.at(object, "metadata", "managedFields")) {
            all = all.union(FieldSet.parse(entry.path("fieldsV1")));
        }
        return all;
    }

    @Property(tries = 400)
    void applyingTwiceIsApplyingOnce(@ForAll("configs") ObjectNode config, @ForAll List<@From("steps") Step> before) {
        ObjectNode once = take(after(before), new Step("ann", true, config), 30);
        assertThat(take(once, new Step("ann", true, config), 31)).isEqualTo(once);
    }

    @Property(tries = 400)
    void whatIsAppliedIsInTheObjectAndOwned(@ForAll("configs") ObjectNode config, @ForAll List<@From("steps") Step> before) {
        ObjectNode live = after(before);
        ObjectNode object = take(live, new Step("ann", true, config), 30);
        FieldSet said = Typed.fields(POD, config);
        assertThat(said.difference(Typed.fields(POD, object))).isEqualTo(FieldSet.EMPTY);
        assertThat(said.difference(owned(object))).isEqualTo(FieldSet.EMPTY);
        JsonNode again = Typed.merge(POD, bare(object), config);
        assertThat(Comparison.between(POD, bare(object), again).isEmpty()).isTrue();
        // Another order alone is no change, so that an object whose items and owners are the same stays in the order it had.
        if (!object.equals(live)) {
            assertThat(bare(object)).isEqualTo(again);
        }
    }

    @Property(tries = 400)
    void nobodyOwnsWhatIsNotThere(@ForAll List<@From("steps") Step> steps) {
        ObjectNode object = after(steps);
        FieldSet there = Comparison.between(POD, Json.object(), bare(object)).added();
        assertThat(owned(object).difference(there)).isEqualTo(FieldSet.EMPTY);
    }

    @Property(tries = 400)
    void whatOneAppliedAloneGoesWithItsLastConfiguration(@ForAll("configs") ObjectNode base, @ForAll("configs") ObjectNode more) {
        ObjectNode object = take(Json.object(), new Step("bob", true, base), 0);
        ObjectNode both = take(object, new Step("ann", true, more), 1);
        ObjectNode left = take(both, new Step("ann", true, Json.object()), 2);
        FieldSet rest = Typed.fields(POD, bare(left));
        assertThat(rest.difference(owned(left))).isEqualTo(FieldSet.EMPTY);
        assertThat(Typed.fields(POD, more).difference(Typed.fields(POD, base)).intersection(rest)).isEqualTo(FieldSet.EMPTY);
    }

    @Property(tries = 400)
    void theSetsAreAnAlgebra(@ForAll("configs") ObjectNode one, @ForAll("configs") ObjectNode other) {
        FieldSet a = Typed.fields(POD, one);
        FieldSet b = Typed.fields(POD, other);
        assertThat(a.union(b)).isEqualTo(b.union(a));
        assertThat(a.intersection(b)).isEqualTo(b.intersection(a));
        assertThat(a.difference(b).union(a.intersection(b))).isEqualTo(a);
        assertThat(a.difference(b).intersection(b)).isEqualTo(FieldSet.EMPTY);
        assertThat(a.union(b).size()).isEqualTo(a.size() + b.size() - a.intersection(b).size());
        assertThat(FieldSet.of(a.paths())).isEqualTo(a);
        assertThat(FieldSet.parse(a.toJson())).isEqualTo(a);
        assertThat(new ArrayList<>(a.paths())).hasSize(a.size());
    }
}
