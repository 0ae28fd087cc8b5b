package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;

/// Versions of custom kinds as tests write them, and what is said of objects.
final class Versions {
    private Versions() {}

    static CustomVersion version(String spec) {
        return versionOf("{\"spec\":" + spec + "}", "");
    }

    static CustomVersion versionOf(String properties, String more) {
        return CustomVersion.of(Json.readObject(
                "{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":" + properties + more + "}}}"));
    }

    static List<String> complaints(CustomVersion version, String object) {
        return version.validate(Json.readObject(object), null, _ -> {}).stream().map(FieldError::text).toList();
    }

    static List<String> complaints(CustomVersion version, String object, String old) {
        return version.validate(Json.readObject(object), Json.readObject(old), _ -> {}).stream().map(FieldError::text).toList();
    }

    static String listed(String item, int many) {
        return "[" + (item + ",").repeat(many - 1) + item + "]";
    }
}
