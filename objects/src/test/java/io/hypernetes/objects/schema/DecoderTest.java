package io.hypernetes.objects.schema;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class DecoderTest {
    private static final Schema SCHEMA = Schema.load();

    private static Decoder.Decoded decode(String text) {
        Json.Document document = Json.read(text.replace('\'', '"').getBytes(UTF_8));
        return new Decoder(SCHEMA).decode((ObjectNode) document.root(), "core.v1.Pod", document.repeats());
    }

    @Test
    void unknownAndDuplicateFieldsAreNamed() {
        Decoder.Decoded decoded = decode(
                "{'metadata':{'name':'a','nam':'b','labels':{'x':'1','x':'2'}},'spec':{'foo':1,'containers':[{'name':'c','imag':'x'}]}}");
        assertThat(decoded.problems())
                .containsExactly(
                        "unknown field \"metadata.nam\"",
                        "duplicate field \"metadata.labels.x\"",
                        "unknown field \"spec.foo\"",
                        "unknown field \"spec.containers[0].imag\"");
        assertThat(decoded.strictMessage()).startsWith("strict decoding error: unknown field \"metadata.nam\", duplicate field \"metadata.labels.x\", unknown field");
        assertThat(Json.print(decoded.object())).doesNotContain("foo", "imag", "nam\"");
    }

    @Test
    void cleanObjectsHaveNoProblemsAndNullsGo() {
        Decoder.Decoded decoded = decode("{'metadata':{'name':'a','creationTimestamp':null},'spec':{'containers':[]},'status':{}}");
        assertThat(decoded.problems()).isEmpty();
        assertThat(decoded.object().path("metadata").has("creationTimestamp")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':1e999999999}}}]}}; quantities must match",
        "{'spec':{'terminationGracePeriodSeconds':1e30}}; cannot unmarshal number",
        "{'spec':{'terminationGracePeriodSeconds':1e999999999}}; cannot unmarshal number"
    })
    void aNumberOfAThousandMillionDigitsIsRefusedAndNotWrittenOut(String text, String why) {
        assertThatThrownBy(() -> decode(text.replace('\'', '"')))
                .isInstanceOf(MalformedJsonException.class)
                .hasMessageContaining(why);
    }

    @Test
    void quantitiesTimesAndNumbersBecomeCanonical() {
        ObjectNode pod = decode("{'metadata':{'creationTimestamp':'2026-01-01T01:00:00+01:00'},'spec':{'terminationGracePeriodSeconds':30.0,"
                        + "'containers':[{'resources':{'limits':{'cpu':0.5,'memory':'1024Ki','x/y':2}}}]}}")
                .object();
        assertThat(Json.print(pod))
                .contains("\"cpu\":\"500m\"", "\"memory\":\"1Mi\"", "\"x/y\":\"2\"", "2026-01-01T00:00:00Z", "Seconds\":30}".replace("}", ","));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'spec':[]}|cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec",
                "{'spec':{'containers':{}}}|cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
                "{'spec':{'containers':[1]}}|cannot unmarshal number",
                "{'spec':{'hostNetwork':'yes'}}|cannot unmarshal string",
                "{'spec':{'terminationGracePeriodSeconds':'x'}}|of type int64",
                "{'spec':{'containers':[{'ports':[{'containerPort':99999999999}]}]}}|cannot unmarshal number 99999999999",
                "{'spec':{'priority':1.5}}|of type int32",
                "{'spec':{'nodeSelector':{'a':1}}}|cannot unmarshal number",
                "{'spec':{'containers':[{'resources':{'limits':{'cpu':'much'}}}]}}|quantities must match",
                "{'metadata':{'creationTimestamp':'today'}}|RFC 3339"
            })
    void wrongTypesAreRefused(String text, String message) {
        assertThatThrownBy(() -> decode(text)).isInstanceOf(MalformedJsonException.class).hasMessageContaining(message);
    }

    private static Decoder.Decoded schema(String text) {
        Json.Document document = Json.read(text.replace('\'', '"').getBytes(UTF_8));
        return new Decoder(SCHEMA).decode((ObjectNode) document.root(), "apiextensions.v1.JSONSchemaProps", document.repeats());
    }

    /// Upstream reads what is below `items` and its like with a decoder that is not strict, but of the same types.
    @Test
    void schemasWithinSchemasAreOfTheirType() {
        Decoder.Decoded decoded = schema("{'items':{'description':null,'odd':1,'maxLength':5.0,'properties':{'p':{'type':'string','odder':1}},'default':{'odd':null}},"
                + "'additionalProperties':{'odd':1,'type':'string'},'additionalItems':true,"
                + "'dependencies':{'a':['b'],'c':{'odd':1,'type':'object'}},'odd':1}");
        assertThat(decoded.problems()).containsExactly("unknown field \"odd\"");
        assertThat(Json.print(decoded.object()).replace('"', '\'')).isEqualTo("{'items':{'maxLength':5,'properties':{'p':{'type':'string'}},'default':{'odd':null}},"
                + "'additionalProperties':{'type':'string'},'additionalItems':true,'dependencies':{'a':['b'],'c':{'type':'object'}}}");
        assertThat(Json.print(schema("{'items':[{'type':'string','odd':1}]}").object())).isEqualTo("{\"items\":[{\"type\":\"string\"}]}");
        assertThat(Json.print(schema("{'items':'none','type':'array'}").object())).isEqualTo("{\"type\":\"array\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'items':{'properties':{'p':{'description':5}}}}|json: cannot unmarshal number into Go struct field JSONSchemaProps.properties.description of type string",
                "{'items':{'x-kubernetes-validations':[{'rule':'true','message':true}]}}|json: cannot unmarshal bool into Go struct field ValidationRule.x-kubernetes-validations.message of type string",
                "{'items':[1]}|json: cannot unmarshal number",
                "{'additionalProperties':{'maxProperties':'3'}}|json: cannot unmarshal string into Go struct field JSONSchemaProps.maxProperties of type int64",
                "{'additionalProperties':3}|boolean or JSON schema expected",
                "{'dependencies':{'a':[1]}}|json: cannot unmarshal number"
            })
    void wrongTypesWithinSchemasAreRefused(String text, String message) {
        assertThatThrownBy(() -> schema(text)).isInstanceOf(MalformedJsonException.class).hasMessageContaining(message);
    }

    @Test
    void everyReferenceInTheTableResolves() {
        SCHEMA.types().values().forEach(type -> type.fields().values().forEach(field -> {
            String refersTo = field.refersTo();
            assertThat(refersTo == null || SCHEMA.find(refersTo) != null || refersTo.matches("scheduling.*Basic.*|apiextensions.*Status|apiserverinternal.*"))
                    .as(type.name() + "." + field.name() + " -> " + refersTo)
                    .isTrue();
        }));
    }
}
