package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.patch.JsonPatch;
import io.hypernetes.objects.patch.MergePatch;
import io.hypernetes.objects.patch.PatchException;
import io.hypernetes.objects.patch.StrategicMergePatch;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads patches of the three kinds that change what is there; [Applies] reads the fourth.
final class Patches {
    private static final List<String> ACCEPTED = List.of(
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
            Applies.MEDIA_TYPE);

    private static final List<String> ACCEPTED_BY_CUSTOM =
            List.of("application/json-patch+json", "application/merge-patch+json", Applies.MEDIA_TYPE);

    private final StrategicMergePatch strategic;

    Patches(Kinds kinds) {
        this.strategic = new StrategicMergePatch(kinds.schema());
    }

    /// A patch ready to be applied.
    ///
    /// @param repeats members that the patch text has twice
    /// @param strategic a strategic merge patch as it was sent, which is shown; of the others it is what they make of an object
    record Patch(UnaryOperator<JsonNode> operator, Repeats repeats, @Nullable Supplier<JsonNode> strategic) {
        /// In characters of what is shown; it stands in a refusal twice.
        private static final int LONGEST_SHOWN = 4096;

        /// What a refusal shows of this patch of an object, which is not changed.
        String shown(ObjectNode target) {
            String text = strategic == null ? Json.print(apply(target)) : GoText.of(strategic.get(), LONGEST_SHOWN);
            return Cut.to(LONGEST_SHOWN, text);
        }

        /// The object after the patch; the argument is not changed.
        ObjectNode apply(ObjectNode target) {
            try {
                if (operator.apply(target) instanceof ObjectNode patched) {
                    return patched;
                }
            } catch (PatchException e) {
                throw e.status().asException();
            }
            throw ApiStatus.badRequest("the patch leaves no object").asException();
        }
    }

    /// @param schemaType the type that is patched
    /// @throws io.hypernetes.objects.ApiException 415 for a media type that is not known, 400 for text that cannot be read
    Patch read(byte[] body, String mediaType, String schemaType) {
        return read(body, mediaType, schemaType, ACCEPTED);
    }

    /// Reads a patch of an object of a kind. Definitions have no strategies of merging.
    Patch read(byte[] body, String mediaType, Kind kind) {
        return read(body, mediaType, kind.type().schemaType(), kind.isCustom() ? ACCEPTED_BY_CUSTOM : ACCEPTED);
    }

    private Patch read(byte[] body, String mediaType, String schemaType, List<String> accepted) {
        if (!accepted.contains(mediaType)) {
            throw ApiStatus.unsupportedMediaType(accepted).asException();
        }
        Json.Document document;
        try {
            document = Json.read(body);
        } catch (MalformedJsonException e) {
            throw ApiStatus.badRequest("error decoding patch: " + e.getMessage()).asException();
        }
        if (mediaType.equals("application/json-patch+json")) {
            try {
                return new Patch(JsonPatch.parse(document.root())::apply, new Repeats.Before(PatchOperations.oddities(document)), null);
            } catch (PatchException e) {
                throw e.status().asException();
            }
        }
        if (!(document.root() instanceof ObjectNode patch)) {
            throw ApiStatus.badRequest("a patch of this type must be a JSON object").asException();
        }
        // What is there twice is told of the patch, and what is unknown of what it makes.
        var repeats = new Repeats.Before(document.repeats().first());
        return mediaType.equals("application/merge-patch+json")
                ? new Patch(target -> MergePatch.apply(target, patch), repeats, null)
                : new Patch(target -> strategic.apply((ObjectNode) target, patch, schemaType), repeats, () -> Json.read(body).root());
    }
}
