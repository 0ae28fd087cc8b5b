package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Namespaces and Secrets, as in ValidateNamespace, ValidateNamespaceFinalizeUpdate and ValidateSecret of upstream's `pkg/apis/core/validation/validation.go`.
class PlainRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static ObjectNode namespace(String finalizers) {
        ObjectNode namespace = Json.readObject("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"finalizers\":[" + finalizers + "]}}");
        KINDS.get("v1", "Namespace").setDefaults(namespace);
        KINDS.get("v1", "Namespace").prepareCreate(namespace);
        return namespace;
    }

    /// A namespace may be made with what it is to wait for.
    @Test
    void namespacesWaitForWhomTheirMakersName() {
        Kind kind = KINDS.get("v1", "Namespace");
        assertThat(namespace("\"a.b/c\"").path("spec").path("finalizers").toString()).isEqualTo("[\"a.b/c\",\"kubernetes\"]");
        assertThat(namespace("\"kubernetes\"").path("spec").path("finalizers").toString()).isEqualTo("[\"kubernetes\"]");
        assertThat(texts(kind.validateCreate(namespace("\"odd\""))))
                .containsExactly("spec.finalizers: Invalid value: \"odd\": name is neither a standard finalizer name nor is it fully qualified");
        ObjectNode old = namespace("");
        ObjectNode updated = old.deepCopy();
        Json.child(updated, "spec").withArray("finalizers").add("odd");
        assertThat(texts(kind.validateUpdate(updated, old, "finalize")))
                .containsExactly("spec.finalizers[1]: Invalid value: \"odd\": name is neither a standard finalizer name nor is it fully qualified");
        // One that was stored before this was asked keeps nobody from taking others away.
        ObjectNode emptied = updated.deepCopy();
        Json.child(emptied, "spec").putArray("finalizers").add("odd");
        assertThat(kind.validateUpdate(emptied, updated, "finalize")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"{}|", "null|", "[]|array", "\"a\"|string", "1|number", "true|bool"})
    void whatLogsInToRegistriesIsAnObject(String text, String type) {
        String data = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        ObjectNode secret = Json.readObject("{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\"},\"type\":\"kubernetes.io/dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"" + data + "\"}}");
        assertThat(texts(KINDS.get("v1", "Secret").validateCreate(secret))).isEqualTo(type == null ? List.of() : List.of(
                "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": json: cannot unmarshal " + type + " into Go value of type map[string]interface {}"));
    }

    @Test
    void anEmptyKeyIsNone() {
        ObjectNode secret = Json.readObject("{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\"},\"type\":\"kubernetes.io/ssh-auth\",\"data\":{\"ssh-privatekey\":\"\"}}");
        assertThat(texts(KINDS.get("v1", "Secret").validateCreate(secret))).containsExactly("data[ssh-privatekey]: Required value");
    }
}
