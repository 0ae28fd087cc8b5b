package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

class DefinitionCheckTest {
    private static List<String> complaints(String more) {
        return DefinitionCheck.check(Json.readObject(
                        """
                        {"spec":{"group":"a.example.com","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{
                         "spec":{"type":"object","properties":{"size":{"type":"integer"},"parts":{"type":"array","items":{"type":"string"}},
                          "labels":{"type":"object","additionalProperties":{"type":"string"}}}}}}},%s}]}}"""
                                .formatted(more)))
                .stream()
                .map(FieldError::text)
                .toList();
    }

    @Test
    void whatSelectsIsAPlainFieldOfTheSchema() {
        assertThat(complaints("\"selectableFields\":[{\"jsonPath\":\".spec.size\"},{\"jsonPath\":\".spec.labels.a\"}]")).isEmpty();
        assertThat(complaints(
                        "\"selectableFields\":[{\"jsonPath\":\".spec.parts\"},{\"jsonPath\":\".spec.nothing\"},{\"jsonPath\":\".metadata.name\"}]"))
                .containsExactly(
                        "spec.versions[0].selectableFields[0].jsonPath: Invalid value: \".spec.parts\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
                        "spec.versions[0].selectableFields[1].jsonPath: Invalid value: \".spec.nothing\": is an invalid path: does not refer to a valid field",
                        "spec.versions[0].selectableFields[2].jsonPath: Invalid value: \".metadata.name\": must not point to fields in metadata");
    }

    @Test
    void replicasAreOfTheSpecAndOfTheStatus() {
        var scale = "\"subresources\":{\"scale\":{\"specReplicasPath\":\"%s\",\"statusReplicasPath\":\"%s\",\"labelSelectorPath\":\"%s\"}}";
        assertThat(complaints(scale.formatted(".spec.size", ".status.size", ".status.selector"))).isEmpty();
        assertThat(complaints(scale.formatted(".size", ".spec.size", ".selector")))
                .containsExactly(
                        "spec.versions[0].subresources.scale.specReplicasPath: Invalid value: \".size\": should be a json path under .spec",
                        "spec.versions[0].subresources.scale.statusReplicasPath: Invalid value: \".spec.size\": should be a json path under .status",
                        "spec.versions[0].subresources.scale.labelSelectorPath: Invalid value: \".selector\": should be a json path under .spec or .status");
    }
}
