package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.PartialObjectMetadata;
import io.hypernetes.objects.kind.Scaling;
import io.hypernetes.objects.kind.Table;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import tools.jackson.databind.node.ObjectNode;

/// Serves the subresource `scale` of all kinds that have one: the number of replicas alone, as a Scale of `autoscaling/v1`.
final class Scales {
    private static final GroupVersion VERSION = new GroupVersion("autoscaling", "v1");
    private static final String KIND = "Scale";
    private static final String TYPE = "autoscaling.v1.Scale";

    private final Kinds kinds;
    private final Decoding decoding;
    private final Applies applies;
    private final Reads reads;
    private final Writes writes;

    Scales(Kinds kinds, Reads reads, Writes writes) {
        this.kinds = kinds;
        this.decoding = new Decoding(kinds);
        this.applies = new Applies(decoding);
        this.reads = reads;
        this.writes = writes;
    }

    void serve(ResourceRequest request) throws IOException {
        var scaling = request.kind().scaling();
        if (scaling == null) {
            throw ApiStatus.noSuchResource().asException();
        }
        switch (request.target().verb()) {
            case "get" -> answer(request, scaling, reads.entry(request).value());
            case "update" -> {
                FieldManager.check(request.http(), false);
                var given = decoding.object(request.http(), VERSION, KIND, TYPE);
                answer(request, scaling, writes.change(request, current -> scaled(request, scaling, given, current)));
            }
            case "patch" -> answer(request, scaling, patch(request, scaling));
            default -> throw ApiStatus.methodNotAllowed().asException();
        }
    }

    private byte[] patch(ResourceRequest request, Scaling scaling) {
        var mediaType = Body.mediaType(request.http().header("Content-Type").orElse(""));
        FieldManager.check(request.http(), mediaType.equals(Applies.MEDIA_TYPE));
        return mediaType.equals(Applies.MEDIA_TYPE)
                ? writes.changeOwned(request, applied(request, scaling))
                : writes.change(request, patched(request, scaling, mediaType));
    }

    private UnaryOperator<ObjectNode> patched(ResourceRequest request, Scaling scaling, String mediaType) {
        var patch = new Patches(kinds).read(request.http().body(), mediaType, TYPE);
        return current -> {
            var scale = decoding.patched(request.http(), patch, scaling.scale(current), VERSION, KIND, TYPE);
            return scaled(request, scaling, scale, current);
        };
    }

    /// Who applies a Scale says as much as who applies the number to the object itself: one cannot take it from the other unless forced
    /// (upstream's `ScaleHandler`, util/managedfields/scalehandler.go of apimachinery).
    private UnaryOperator<ObjectNode> applied(ResourceRequest request, Scaling scaling) {
        var scale = applies.read(request, VERSION, KIND, TYPE);
        requireCount(request, scale);
        var type = request.kind().type();
        var config = scaling.configuration(scale, type.apiVersion(), type.kind());
        return current -> scaling.orNone(Applies.merge(request, current, config));
    }

    private static ObjectNode scaled(ResourceRequest request, Scaling scaling, ObjectNode scale, ObjectNode current) {
        requireCount(request, scale);
        scaling.apply(scale, current);
        return current;
    }

    private static void requireCount(ResourceRequest request, ObjectNode scale) {
        long replicas = Json.number(scale, 0, "spec", "replicas");
        if (replicas < 0) {
            throw ApiStatus.invalid(
                            "autoscaling",
                            KIND,
                            request.target().name(),
                            List.of(FieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")))
                    .asException();
        }
    }

    private static void answer(ResourceRequest request, Scaling scaling, byte[] stored) throws IOException {
        var scale = scaling.scale(request.kind().fromStored(Json.readObject(stored)));
        var accepted = Accepted.of(request.http().headers("Accept"));
        Answers.json(
                request.http(),
                200,
                switch (accepted.form()) {
                    case OBJECT -> scale;
                    case METADATA -> PartialObjectMetadata.of(scale, accepted.version());
                    case TABLE -> Table.ofScale(accepted.version(), scale, Answers.include(request), request.now());
                });
    }
}
