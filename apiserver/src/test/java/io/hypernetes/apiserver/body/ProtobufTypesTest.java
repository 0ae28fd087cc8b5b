package io.hypernetes.apiserver.body;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaType;
import io.kubernetes.client.proto.Meta;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ProtobufTypesTest {
    private static final List<String> PACKAGES = List.of("k8s.io.api.", "k8s.io.apimachinery.pkg.apis.", "k8s.io.apiextensions_apiserver.pkg.apis.");
    /// Of later versions than the one served.
    private static final List<String> LATER = List.of("autoscaling.v2.HorizontalPodAutoscalerCondition.observedGeneration");
    private static final Schema SCHEMA = Schema.load();

    /// What has another name in JSON, or none, would be read as an unknown field and lost.
    @Test
    void everyFieldHasItsPlaceInTheSchema() {
        var lost = new TreeSet<String>();
        var seen = new TreeSet<String>();
        Stream.concat(ProtobufTypes.files(), Stream.of(Meta.getDescriptor())).flatMap(file -> file.getMessageTypes().stream()).forEach(message -> {
            for (var home : PACKAGES) {
                var type = message.getFullName().startsWith(home) ? SCHEMA.find(message.getFullName().substring(home.length())) : null;
                if (type != null) {
                    seen.add(type.name());
                    look(message, type, lost);
                }
            }
        });
        assertThat(lost).containsExactlyElementsOf(LATER);
        assertThat(seen).hasSizeGreaterThan(400).contains("core.v1.Pod", "meta.v1.ObjectMeta");
    }

    /// A misspelt line would keep nothing.
    @Test
    void everyZeroThatIsKeptIsOfAFieldThatThereIs() {
        var scalars = new TreeSet<String>();
        Stream.concat(ProtobufTypes.files(), Stream.of(Meta.getDescriptor())).flatMap(file -> file.getMessageTypes().stream())
                .flatMap(message -> message.getFields().stream())
                .filter(field -> !field.isRepeated() && field.getJavaType() != FieldDescriptor.JavaType.MESSAGE)
                .forEach(field -> scalars.add(KeptZeros.shortName(field.getContainingType().getFullName()) + "." + field.getName()));
        var kept = new TreeSet<String>();
        KeptZeros.fields().forEach((message, fields) -> fields.forEach(field -> kept.add(message + "." + field)));
        assertThat(scalars).containsAll(kept);
        assertThat(kept).hasSizeGreaterThan(600);
    }

    private static void look(Descriptor message, SchemaType type, TreeSet<String> lost) {
        for (FieldDescriptor field : message.getFields()) {
            if (ProtobufBody.isInline(field)) {
                look(field.getMessageType(), type, lost);
            } else if (!type.fields().containsKey(ProtobufBody.jsonName(field))) {
                lost.add(type.name() + "." + field.getName());
            }
        }
    }
}
