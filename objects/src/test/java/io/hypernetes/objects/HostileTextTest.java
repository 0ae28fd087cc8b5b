package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cel.common.types.SimpleType;
import io.hypernetes.fuzz.Fuzzer;
import io.hypernetes.objects.apply.FieldSet;
import io.hypernetes.objects.apply.Ownership;
import io.hypernetes.objects.apply.SchemaShapes;
import io.hypernetes.objects.apply.ShapeException;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Environment;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.cel.MutationLanguage;
import io.hypernetes.objects.cel.Values;
import io.hypernetes.objects.crd.ColumnPath;
import io.hypernetes.objects.crd.CustomVersion;
import io.hypernetes.objects.crd.DefinitionCheck;
import io.hypernetes.objects.crd.MemberPath;
import io.hypernetes.objects.patch.JsonPatch;
import io.hypernetes.objects.patch.MergePatch;
import io.hypernetes.objects.patch.PatchException;
import io.hypernetes.objects.patch.StrategicMergePatch;
import io.hypernetes.objects.schema.Decoder;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.objects.selector.LabelSelector;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Throws mutated text at everything that reads text of clients: each is understood, or refused in the one way its reader refuses.
class HostileTextTest {
    private static final Schema SCHEMA = Schema.load();
    private static final ObjectNode POD = json("""
            {'metadata':{'name':'p','labels':{'a':'b'},'finalizers':['x/y','x/z']},'spec':{'containers':[
            {'name':'a','image':'i','ports':[{'containerPort':80,'protocol':'TCP'}],'env':[{'name':'E','value':'1'}]},{'name':'b','image':'i'}]}}""");

    private static ObjectNode json(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static List<byte[]> seeds(String... texts) {
        return Stream.of(texts).map(text -> text.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).toList();
    }

    private static String text(byte[] input) {
        return new String(input, StandardCharsets.UTF_8);
    }

    private static void fuzz(String name, List<byte[]> seeds, int rounds, Fuzzer.Reader reader) {
        var outcome = new Fuzzer(name, seeds).run(rounds, reader);
        assertThat(outcome.read()).isPositive();
        assertThat(outcome.refused()).isPositive();
    }

    @Test
    void patchesApplyOrAreRefused() {
        var strategic = new StrategicMergePatch(SCHEMA);
        fuzz("patch-strategic", seeds(
                "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}],'containers':[{'name':'a','$patch':'delete'},{'name':'b','env':[{'name':'E','value':null}]}]}}",
                "{'metadata':{'$deleteFromPrimitiveList/finalizers':['x/y'],'$setElementOrder/finalizers':['x/z'],'labels':{'$patch':'replace','c':'d'}}}",
                "{'spec':{'$retainKeys':['containers'],'containers':[{'$patch':'replace'},{'name':'c'}]}}"), 4_000, (input, _) -> {
            try {
                var patch = Json.readObject(input);
                strategic.apply(POD, patch, "core.v1.Pod");
                MergePatch.apply(POD, patch);
                return true;
            } catch (MalformedJsonException | PatchException e) {
                return false;
            }
        });
        fuzz("patch-json", seeds(
                "[{'op':'add','path':'/spec/containers/-','value':{'name':'c'}},{'op':'test','path':'/metadata/name','value':'p'},{'op':'move','from':'/spec/containers/0','path':'/spec/containers/1'}]",
                "[{'op':'copy','from':'/metadata','path':'/metadata/labels/a~1b'},{'op':'remove','path':'/metadata/finalizers/0'},{'op':'replace','path':'/spec','value':null}]"),
                4_000, (input, _) -> {
            try {
                JsonPatch.parse(Json.read(input).root()).apply(POD);
                return true;
            } catch (MalformedJsonException | PatchException e) {
                return false;
            }
        });
    }

    @Test
    void configurationsMergeOrAreRefused() {
        var pods = Ownership.builtIn(new SchemaShapes(SCHEMA).of("core.v1.Pod"));
        var writer = new Ownership.Writer("fuzz", "v1", "", "2026-01-01T00:00:00Z");
        fuzz("apply", seeds(
                "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80},{'containerPort':81,'protocol':'UDP'}]},{'name':'z'}]},'metadata':{'finalizers':['x/a','x/y']}}",
                "{'metadata':{'labels':{'a':'c','d':'e'}},'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}"), 4_000, (input, _) -> {
            try {
                var once = pods.applied(POD, Json.readObject(input), writer, true);
                var twice = pods.applied(once, Json.readObject(input), writer, true);
                assertThat(twice).isEqualTo(once);
                return true;
            } catch (MalformedJsonException | ShapeException e) {
                return false;
            }
        });
        fuzz("fieldsv1", seeds("{'f:metadata':{'f:labels':{'.':{},'f:a':{}}},'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"a\\\"}':{'.':{}}},'v:1':{},'i:0':{}}}"),
                3_000, (input, _) -> {
            try {
                var set = FieldSet.parse(Json.readObject(input));
                assertThat(FieldSet.parse(set.toJson())).isEqualTo(set);
                return true;
            } catch (MalformedJsonException e) {
                return false;
            }
        });
    }

    @Test
    void selectorsAreReadOrRefused() {
        fuzz("selector-labels", seeds("a=b,c!=d,e in (f, g),h notin (i),j,!k", "app.kubernetes.io/name==web"), 5_000, (input, _) -> {
            try {
                LabelSelector.parse(text(input)).matches(Map.of("a", "b"));
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        });
        fuzz("selector-fields", seeds("metadata.name=a,status.phase!=Running", "spec.nodeName==a\\,b\\=c"), 5_000, (input, _) -> {
            try {
                FieldSelector.parse(text(input));
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        });
        fuzz("jsonpath", seeds(".status.conditions[?(@.type==\"Ready\")].status", ".metadata.labels['x.io/y']", ".a\\.b[0][*]", "..a[-1:].*['b',0:9:2]"), 5_000, (input, _) -> {
            try {
                ColumnPath.parse(text(input));
                MemberPath.parse(text(input));
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        });
        // Columns and fields that select, of a version that holds the text.
        fuzz("paths", seeds(".spec.size", ".spec.labels.a", ".spec['size']", ".spec.parts[?(@.name==\"a\")].name", "..spec.*"), 2_000, (input, _) -> {
            var version = json("{'name':'v1','schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','properties':{'size':{'type':'integer'},"
                    + "'labels':{'type':'object','additionalProperties':{'type':'string'}}}}}}}}");
            version.putArray("additionalPrinterColumns").addObject().put("name", "C").put("type", "string").put("jsonPath", text(input));
            version.putArray("selectableFields").addObject().put("jsonPath", text(input));
            var rule = Json.child(Json.child(version, "schema"), "openAPIV3Schema").putArray("x-kubernetes-validations").addObject();
            rule.put("rule", "true").put("fieldPath", text(input));
            var definition = Json.object();
            definition.putObject("spec").putArray("versions").add(version);
            boolean right = DefinitionCheck.check(definition).isEmpty();
            var read = CustomVersion.of(version);
            read.cells(POD, java.time.Instant.EPOCH);
            read.selectableFields(POD);
            return right;
        });
    }

    @Test
    void expressionsHaveAValueOrAReason() {
        var environment = Environment.of(Map.of("self", SimpleType.DYN), List.of());
        var self = Map.of("l", List.of("a", "b"), "n", 3L);
        fuzz("cel", List.of(
                "self.l.all(x, x.size() == 1) && self.n in [1, 2, 3]".getBytes(StandardCharsets.UTF_8),
                "quantity('1Gi').compareTo(quantity('1Mi')) > 0 ? '%s'.format([self.l]) : string(self.n)".getBytes(StandardCharsets.UTF_8),
                "cidr('10.0.0.0/8').containsIP(ip('10.1.1.1')) || duration('1h') > duration('1m') || self.?x.hasValue()".getBytes(StandardCharsets.UTF_8),
                "'a1'.matches('[a-z]+[0-9]*') && url('https://a/b?c=d').getHost() == 'a' && [1, 2].map(i, i * 2).sum() < 10".getBytes(StandardCharsets.UTF_8)),
                1_500, (input, _) -> {
            try {
                environment.compile(text(input)).evaluate(Map.of("self", self), new Budget(10_000));
                return true;
            } catch (ExpressionException e) {
                return false;
            }
        });
    }

    @Test
    void mutationsChangeAnObjectOrAreRefused() {
        var pods = Ownership.builtIn(new SchemaShapes(SCHEMA).of("core.v1.Pod"));
        var decoder = new Decoder(SCHEMA);
        var variables = Map.of("object", Values.of(POD), "variables", Map.of("v", List.of("a")));
        fuzz("mutation-apply", seeds(
                "Object{metadata: Object.metadata{labels: {'c': object.metadata.name}}, spec: Object.spec{?hostname: optional.of('h'), containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, env: [Object.spec.containers.env{name: 'F', value: variables.v[0]}]})}}",
                "has(object.spec.x) ? Object{} : Object{spec: Object.spec{containers: [Object.spec.containers{name: 'z', image: ['i'].map(a, a + a)[0]}]}}"), 600, (input, _) -> {
            try {
                var value = MutationLanguage.compile(MutationLanguage.Kind.APPLY_CONFIGURATION, text(input)).evaluate(variables, new Budget(10_000));
                var config = decoder.decode(MutationLanguage.configuration(value), "core.v1.Pod", Repeats.NONE).object();
                var once = pods.merged(POD, config);
                assertThat(pods.merged(once, config)).isEqualTo(once);
                return true;
            } catch (ExpressionException | MalformedJsonException | ShapeException e) {
                return false;
            }
        });
        fuzz("mutation-patch", seeds(
                "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b~c'), value: object.metadata.name}, JSONPatch{op: 'test', path: '/metadata/name', value: 'p'}]",
                "object.spec.containers.map(c, JSONPatch{op: 'copy', from: '/metadata/name', path: '/metadata/labels/' + c.name}) + [JSONPatch{op: 'replace', path: '/spec', value: Object.spec{containers: [1, null, 2.5]}}]"),
                600, (input, _) -> {
            try {
                var value = MutationLanguage.compile(MutationLanguage.Kind.JSON_PATCH, text(input)).evaluate(variables, new Budget(10_000));
                JsonPatch.parse(MutationLanguage.operations(value)).apply(POD);
                return true;
            } catch (ExpressionException | PatchException e) {
                return false;
            }
        });
    }

    @Test
    void definitionsAreCheckedWhateverTheyHold() {
        var object = json("{'apiVersion':'x.io/v1','kind':'X','metadata':{'name':'a'},'spec':{'size':3,'parts':[{'name':'a'},{'name':'a'}],'open':{'b':[1,'x',null]}}}");
        fuzz("definition", seeds("""
                {'spec':{'group':'x.io','versions':[{'name':'v1','served':true,'storage':true,'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.size','statusReplicasPath':'.status.x'}},
                'additionalPrinterColumns':[{'name':'S','type':'integer','jsonPath':'.spec.size'}],'selectableFields':[{'jsonPath':'.spec.size'}],
                'schema':{'openAPIV3Schema':{'type':'object','properties':{'spec':{'type':'object','required':['size'],'properties':{
                'size':{'type':'integer','minimum':1,'maximum':5,'multipleOf':1,'default':2},'name':{'type':'string','pattern':'^a+$','format':'ipv4','maxLength':5,'enum':['a','b']},
                'parts':{'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':['name'],'items':{'type':'object','required':['name'],'properties':{'name':{'type':'string'}}}},
                'open':{'type':'object','x-kubernetes-preserve-unknown-fields':true},'port':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':'integer'},{'type':'string'}]}}}}}}}]}}"""),
                3_000, (input, _) -> {
            ObjectNode definition;
            try {
                definition = Json.readObject(input);
            } catch (MalformedJsonException e) {
                return false;
            }
            DefinitionCheck.check(definition);
            for (var version : Json.objects(definition.path("spec"), "versions")) {
                var read = CustomVersion.of(version);
                var copy = object.deepCopy();
                read.prune(copy);
                read.setDefaults(copy);
                read.validate(copy, object, _ -> {});
                read.cells(copy, java.time.Instant.EPOCH);
                read.selectableFields(copy);
                read.scalePaths();
            }
            return true;
        });
    }
}
