package io.hypernetes.apiserver.body;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.kubernetes.client.proto.Runtime;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Reads `application/vnd.kubernetes.protobuf` bodies: four magic bytes, an envelope naming the kind, the message.
///
/// The writers are Go programs whose plain fields are always on the wire, zero or not, while their optional fields are there
/// only when set; JSON leaves zero plain fields out. The wire does not say which is which, hence [KeptZeros].
final class ProtobufBody {
    private static final byte[] MAGIC = {'k', '8', 's', 0};
    private static final int MAX_DEPTH = 100;
    private static final int MAX_ENVELOPES = 10;
    private static final String APIEXTENSIONS = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.";
    private static final String META = "k8s.io.apimachinery.pkg.apis.meta.v1.";

    /// Message fields that JSON shows without their own name.
    private static final Set<String> INLINE = Set.of(
            "Volume.volumeSource",
            "PersistentVolumeSpec.persistentVolumeSource",
            "Probe.handler",
            "EphemeralContainer.ephemeralContainerCommon",
            "ConfigMapKeySelector.localObjectReference",
            "SecretKeySelector.localObjectReference",
            "ConfigMapEnvSource.localObjectReference",
            "SecretEnvSource.localObjectReference",
            "ConfigMapProjection.localObjectReference",
            "SecretProjection.localObjectReference",
            "ConfigMapVolumeSource.localObjectReference",
            "IngressRule.ingressRuleValue",
            "DeviceAllocationConfiguration.deviceConfiguration",
            "DeviceClaimConfiguration.deviceConfiguration",
            "DeviceClassConfiguration.deviceConfiguration",
            "RuleWithOperations.rule",
            "NamedRuleWithOperations.ruleWithOperations");

    /// Fields that are written otherwise in JSON.
    private static final Map<String, String> OTHER_NAMES = Map.of(
            "MutatingWebhookConfiguration.Webhooks", "webhooks",
            "ValidatingWebhookConfiguration.Webhooks", "webhooks",
            "Validation.Expression", "expression",
            "Variable.Expression", "expression",
            "Variable.Name", "name",
            "BoundObjectReference.uID", "uid",
            "IngressClassParametersReference.aPIGroup", "apiGroup");

    /// Fields of schemas in schemas, whose names in JSON no protobuf field can have.
    private static final Map<String, String> SCHEMA_WORDS = Map.of(
            "schema", "$schema",
            "ref", "$ref",
            "xKubernetesPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields",
            "xKubernetesEmbeddedResource", "x-kubernetes-embedded-resource",
            "xKubernetesIntOrString", "x-kubernetes-int-or-string",
            "xKubernetesListMapKeys", "x-kubernetes-list-map-keys",
            "xKubernetesListType", "x-kubernetes-list-type",
            "xKubernetesMapType", "x-kubernetes-map-type",
            "xKubernetesValidations", "x-kubernetes-validations");

    private static final DateTimeFormatter MICRO =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /// Envelopes within envelopes, of which protobuf's own limit knows nothing.
    private int envelopes;

    private ProtobufBody() {}

    /// The object as the JSON that the same client would have sent.
    static ObjectNode read(byte[] body) {
        try {
            return new ProtobufBody().envelope(ByteString.copyFrom(body));
        } catch (IOException e) {
            throw ApiStatus.badRequest("the body is not valid Kubernetes protobuf: " + e.getMessage()).asException();
        }
    }

    private ObjectNode envelope(ByteString body) throws IOException {
        if (body.size() < MAGIC.length || !body.substring(0, MAGIC.length).equals(ByteString.copyFrom(MAGIC))) {
            throw new InvalidProtocolBufferException("it does not begin with the bytes \"k8s\\0\"");
        }
        // Read without the generated class, whose old form protobuf's runtime warns of.
        var unknown = DynamicMessage.parseFrom(Runtime.getDescriptor().findMessageTypeByName("Unknown"), body.substring(MAGIC.length));
        var typeMeta = (Message) unknown.getField(unknown.getDescriptorForType().findFieldByName("typeMeta"));
        var version = GroupVersion.parse(text(typeMeta, "apiVersion"));
        var kind = text(typeMeta, "kind");
        var type = ProtobufTypes.find(version, kind)
                .orElseThrow(() -> ApiStatus.badRequest("no kind \"%s\" is registered for version \"%s\" in protobuf; send JSON"
                                .formatted(kind, version.apiVersion()))
                        .asException());
        var input = CodedInputStream.newInstance(bytes(unknown, "raw").asReadOnlyByteBuffer());
        input.setRecursionLimit(MAX_DEPTH);
        var object = Json.object();
        object.put("apiVersion", version.apiVersion());
        object.put("kind", kind);
        fields(DynamicMessage.parseFrom(type, input), object);
        return object;
    }

    private void fields(Message message, ObjectNode into) throws IOException {
        for (var entry : message.getAllFields().entrySet()) {
            var field = entry.getKey();
            if (isInline(field)) {
                fields((Message) entry.getValue(), into);
                continue;
            }
            var value = field.isMapField()
                    ? map(field, (List<?>) entry.getValue())
                    : field.isRepeated() ? list(field, (List<?>) entry.getValue()) : single(field, entry.getValue());
            if (value != null) {
                into.set(jsonName(field), value);
            }
        }
    }

    /// Whether JSON has the fields of this field's message in the place of the field.
    static boolean isInline(FieldDescriptor field) {
        return INLINE.contains(field.getContainingType().getName() + "." + field.getName());
    }

    static String jsonName(FieldDescriptor field) {
        return field.getContainingType().getName().equals("JSONSchemaProps")
                ? SCHEMA_WORDS.getOrDefault(field.getName(), field.getName())
                : OTHER_NAMES.getOrDefault(field.getContainingType().getName() + "." + field.getName(), field.getName());
    }

    private @Nullable JsonNode single(FieldDescriptor field, Object value) throws IOException {
        var node = value(field, value);
        if (node == null || KeptZeros.has(field)) {
            return node;
        }
        boolean zero =
                switch (field.getJavaType()) {
                    case STRING -> node.stringValue().isEmpty();
                    case BOOLEAN -> !node.booleanValue();
                    case INT, LONG -> node.longValue() == 0;
                    case FLOAT, DOUBLE -> node.doubleValue() == 0;
                    case BYTE_STRING -> node.isString() && node.stringValue().isEmpty();
                    case ENUM, MESSAGE -> false;
                };
        return zero ? null : node;
    }

    private JsonNode list(FieldDescriptor field, List<?> values) throws IOException {
        var array = Json.array();
        for (var value : values) {
            var node = value(field, value);
            array.add(node == null ? NODES.nullNode() : node);
        }
        return array;
    }

    private JsonNode map(FieldDescriptor field, List<?> entries) throws IOException {
        var object = Json.object();
        var keyField = field.getMessageType().findFieldByNumber(1);
        var valueField = field.getMessageType().findFieldByNumber(2);
        for (var entry : entries) {
            var message = (Message) entry;
            var node = value(valueField, message.getField(valueField));
            object.set(String.valueOf(message.getField(keyField)), node == null ? NODES.nullNode() : node);
        }
        return object;
    }

    private @Nullable JsonNode value(FieldDescriptor field, Object value) throws IOException {
        return switch (field.getJavaType()) {
            case STRING -> NODES.stringNode((String) value);
            case BOOLEAN -> NODES.booleanNode((Boolean) value);
            case INT -> NODES.numberNode((Integer) value);
            case LONG -> NODES.numberNode((Long) value);
            case FLOAT -> NODES.numberNode((Float) value);
            case DOUBLE -> NODES.numberNode((Double) value);
            case BYTE_STRING ->
                NODES.stringNode(Base64.getEncoder().encodeToString(((ByteString) value).toByteArray()));
            case ENUM -> NODES.stringNode(value.toString());
            case MESSAGE -> message((Message) value);
        };
    }

    private @Nullable JsonNode message(Message message) throws IOException {
        return switch (message.getDescriptorForType().getFullName()) {
            case META + "Time" -> time(message, false);
            case META + "MicroTime" -> time(message, true);
            case META + "Duration" -> NODES.stringNode(nanos(number(message, "duration")));
            case META + "Verbs",
                    "k8s.io.api.certificates.v1.ExtraValue",
                    "k8s.io.api.authentication.v1.ExtraValue",
                    "k8s.io.api.authorization.v1.ExtraValue" -> {
                var items = message.getDescriptorForType().findFieldByName("items");
                yield list(items, (List<?>) message.getField(items));
            }
            case META + "FieldsV1" -> embedded(bytes(message, "Raw"));
            case "k8s.io.apimachinery.pkg.runtime.RawExtension", APIEXTENSIONS + "JSON" ->
                embedded(bytes(message, "raw"));
            case APIEXTENSIONS + "JSONSchemaPropsOrBool" -> either(message, "allows");
            case APIEXTENSIONS + "JSONSchemaPropsOrArray" -> either(message, "jSONSchemas");
            case APIEXTENSIONS + "JSONSchemaPropsOrStringArray" -> either(message, "property");
            case "k8s.io.apimachinery.pkg.api.resource.Quantity" ->
                NODES.stringNode(text(message, "string").isEmpty() ? "0" : text(message, "string"));
            case "k8s.io.apimachinery.pkg.util.intstr.IntOrString" ->
                number(message, "type") == 1
                        ? NODES.stringNode(text(message, "strVal"))
                        : NODES.numberNode((int) number(message, "intVal"));
            default -> {
                var object = Json.object();
                fields(message, object);
                yield object;
            }
        };
    }

    /// A value that is a schema, or else what the other field says.
    private @Nullable JsonNode either(Message message, String other) throws IOException {
        var type = message.getDescriptorForType();
        var schema = type.findFieldByName("schema");
        if (message.hasField(schema)) {
            return value(schema, message.getField(schema));
        }
        var field = type.findFieldByName(other);
        return field.isRepeated() ? list(field, (List<?>) message.getField(field)) : value(field, message.getField(field));
    }

    /// A raw value: JSON, or another protobuf envelope.
    private @Nullable JsonNode embedded(ByteString raw) throws IOException {
        if (raw.isEmpty()) {
            return null;
        }
        if (raw.startsWith(ByteString.copyFrom(MAGIC))) {
            if (envelopes == MAX_ENVELOPES) {
                throw new InvalidProtocolBufferException("objects within objects more than " + MAX_ENVELOPES + " deep");
            }
            envelopes++;
            ObjectNode object = envelope(raw);
            envelopes--;
            return object;
        }
        try {
            return Json.read(raw.toByteArray()).root();
        } catch (MalformedJsonException e) {
            throw new InvalidProtocolBufferException("an embedded object is not valid JSON: " + e.getMessage());
        }
    }

    private static @Nullable JsonNode time(Message message, boolean micro) throws IOException {
        long seconds = number(message, "seconds");
        long nanos = number(message, "nanos");
        if (seconds == 0 && nanos == 0) {
            return null;
        }
        try {
            var instant = Instant.ofEpochSecond(seconds, nanos);
            return NODES.stringNode(micro ? MICRO.format(instant) : instant.truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString());
        } catch (java.time.DateTimeException | ArithmeticException e) {
            throw new InvalidProtocolBufferException("a time is out of range: " + seconds + " s");
        }
    }

    private static String nanos(long nanos) {
        return java.math.BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString() + "s";
    }

    private static long number(Message message, String name) {
        var field = message.getDescriptorForType().findFieldByName(name);
        return message.getField(field) instanceof Number number ? number.longValue() : 0;
    }

    private static String text(Message message, String name) {
        return (String) message.getField(message.getDescriptorForType().findFieldByName(name));
    }

    private static ByteString bytes(Message message, String name) {
        return (ByteString) message.getField(message.getDescriptorForType().findFieldByName(name));
    }
}
