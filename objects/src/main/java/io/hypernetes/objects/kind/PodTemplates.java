package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// What is true of pod templates, whatever they stand in.
public final class PodTemplates {
    private PodTemplates() {}

    /// Tells what the pods of a template will be refused for, though the template is taken: what upstream has and this version has not, such as
    /// `hostNetwork`. Installers bring dozens of objects, of which such a template is one, and stop at the first that is refused.
    ///
    /// @param path of the spec of the pods
    public static void unserved(JsonNode template, String path, Consumer<FieldError> told) {
        Errors unread = new Errors();
        unread.template(() -> new PodSpecValidation(template.path("spec"), path, "", unread).run(), told);
    }
}
