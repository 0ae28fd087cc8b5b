package io.hypernetes.client;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionCondition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionNames;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionSpec;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionStatus;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// What components that follow the kinds of tenants need of a CustomResourceDefinition: its metadata, group, plural, kind and scope, the version in which its
/// objects are stored or, when that one is not served, the first that is, and whether it is established. All else is passed over while it is read: of a schema of
/// 1.5 MB the model makes hundreds of megabytes. One that was read so must not be written back.
public final class LeanDefinition {
    private static final String ESTABLISHED = "Established";

    static final JsonMapper MAPPER = Json.MAPPER.rebuild()
            .addModule(new SimpleModule("lean-definitions")
                    .addDeserializer(CustomResourceDefinitionSpec.class, new Spec())
                    .addDeserializer(CustomResourceDefinitionStatus.class, new Status()))
            .addMixIn(ObjectMeta.class, Unmanaged.class)
            .build();

    private LeanDefinition() {}

    /// A cache of them, not started yet.
    public static Informer<CustomResourceDefinition> informer(Client client, Scope scope) {
        return new Informer<>(client, Kind.CUSTOM_RESOURCE_DEFINITION, scope, Selection.everything()).readBy(MAPPER);
    }

    /// Hands over those in a scope, one by one as they come.
    public static void list(Client client, Scope scope, Consumer<? super CustomResourceDefinition> each) {
        client.of(Kind.CUSTOM_RESOURCE_DEFINITION).list(scope, Selection.everything(), MAPPER, each, leftOut -> {});
    }

    @JsonIgnoreProperties("managedFields")
    private interface Unmanaged {}

    /// Takes a member of an object whose value the parser is at, and passes over it where it wants nothing of it.
    private interface Member {
        void take(String name);
    }

    private static void members(JsonParser parser, DeserializationContext context, Class<?> type, Member member) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            context.handleUnexpectedToken(type, parser);
        }
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            parser.nextToken();
            member.take(name);
        }
    }

    private static void items(JsonParser parser, DeserializationContext context, Class<?> type, Runnable item) {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            context.handleUnexpectedToken(type, parser);
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            item.run();
        }
    }

    private static @Nullable String text(JsonParser parser, DeserializationContext context) {
        return switch (parser.currentToken()) {
            case VALUE_STRING -> parser.getString();
            case VALUE_NULL -> null;
            default -> (String) context.handleUnexpectedToken(String.class, parser);
        };
    }

    private static boolean flag(JsonParser parser, DeserializationContext context) {
        return switch (parser.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE, VALUE_NULL -> false;
            default -> (boolean) context.handleUnexpectedToken(Boolean.class, parser);
        };
    }

    private static final class Spec extends StdDeserializer<CustomResourceDefinitionSpec> {
        Spec() {
            super(CustomResourceDefinitionSpec.class);
        }

        @Override
        public CustomResourceDefinitionSpec deserialize(JsonParser parser, DeserializationContext context) {
            var spec = new CustomResourceDefinitionSpec();
            spec.setAdditionalProperties(Map.of());
            List<CustomResourceDefinitionVersion> served = new ArrayList<>(1);
            members(parser, context, CustomResourceDefinitionSpec.class, name -> {
                switch (name) {
                    case "group" -> spec.setGroup(text(parser, context));
                    case "scope" -> spec.setScope(text(parser, context));
                    case "names" -> spec.setNames(names(parser, context));
                    case "versions" -> items(parser, context, CustomResourceDefinitionVersion.class, () -> {
                        CustomResourceDefinitionVersion version = version(parser, context);
                        if (Boolean.TRUE.equals(version.getServed()) && (served.isEmpty() || Boolean.TRUE.equals(version.getStorage()))) {
                            served.clear();
                            served.add(version);
                        }
                    });
                    default -> parser.skipChildren();
                }
            });
            spec.setVersions(List.copyOf(served));
            return spec;
        }

        private static CustomResourceDefinitionNames names(JsonParser parser, DeserializationContext context) {
            var names = new CustomResourceDefinitionNames();
            names.setAdditionalProperties(Map.of());
            members(parser, context, CustomResourceDefinitionNames.class, name -> {
                switch (name) {
                    case "plural" -> names.setPlural(text(parser, context));
                    case "kind" -> names.setKind(text(parser, context));
                    default -> parser.skipChildren();
                }
            });
            return names;
        }

        private static CustomResourceDefinitionVersion version(JsonParser parser, DeserializationContext context) {
            var version = new CustomResourceDefinitionVersion();
            version.setAdditionalProperties(Map.of());
            members(parser, context, CustomResourceDefinitionVersion.class, name -> {
                switch (name) {
                    case "name" -> version.setName(text(parser, context));
                    case "served" -> version.setServed(flag(parser, context));
                    case "storage" -> version.setStorage(flag(parser, context));
                    default -> parser.skipChildren();
                }
            });
            return version;
        }
    }

    /// No conditions but the one that says that objects can be made.
    private static final class Status extends StdDeserializer<CustomResourceDefinitionStatus> {
        Status() {
            super(CustomResourceDefinitionStatus.class);
        }

        @Override
        public CustomResourceDefinitionStatus deserialize(JsonParser parser, DeserializationContext context) {
            var status = new CustomResourceDefinitionStatus();
            status.setAdditionalProperties(Map.of());
            List<CustomResourceDefinitionCondition> established = new ArrayList<>(1);
            members(parser, context, CustomResourceDefinitionStatus.class, name -> {
                if (!name.equals("conditions")) {
                    parser.skipChildren();
                    return;
                }
                items(parser, context, CustomResourceDefinitionCondition.class, () -> {
                    CustomResourceDefinitionCondition condition = condition(parser, context);
                    if (ESTABLISHED.equals(condition.getType()) && "True".equals(condition.getStatus())) {
                        established.clear();
                        established.add(condition);
                    }
                });
            });
            status.setConditions(List.copyOf(established));
            return status;
        }

        private static CustomResourceDefinitionCondition condition(JsonParser parser, DeserializationContext context) {
            var condition = new CustomResourceDefinitionCondition();
            condition.setAdditionalProperties(Map.of());
            members(parser, context, CustomResourceDefinitionCondition.class, name -> {
                switch (name) {
                    case "type" -> condition.setType(text(parser, context));
                    case "status" -> condition.setStatus(text(parser, context));
                    default -> parser.skipChildren();
                }
            });
            return condition;
        }
    }
}
