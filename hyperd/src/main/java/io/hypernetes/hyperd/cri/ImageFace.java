package io.hypernetes.hyperd.cri;

import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.AuthConfig;
import io.hypernetes.cri.v1.FilesystemIdentifier;
import io.hypernetes.cri.v1.FilesystemUsage;
import io.hypernetes.cri.v1.ImageFsInfoRequest;
import io.hypernetes.cri.v1.ImageFsInfoResponse;
import io.hypernetes.cri.v1.ImageServiceGrpc;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.ImageStatusRequest;
import io.hypernetes.cri.v1.ImageStatusResponse;
import io.hypernetes.cri.v1.Int64Value;
import io.hypernetes.cri.v1.ListImagesRequest;
import io.hypernetes.cri.v1.ListImagesResponse;
import io.hypernetes.cri.v1.PullImageRequest;
import io.hypernetes.cri.v1.PullImageResponse;
import io.hypernetes.cri.v1.RemoveImageRequest;
import io.hypernetes.cri.v1.RemoveImageResponse;
import io.hypernetes.cri.v1.StreamImagesRequest;
import io.hypernetes.cri.v1.StreamImagesResponse;
import io.hypernetes.cri.v1.UInt64Value;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.images.RegistryCredentials;
import io.hypernetes.images.Requester;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// CRI's ImageService. Everywhere an image is called by its id, the digest of its configuration.
final class ImageFace extends ImageServiceGrpc.ImageServiceImplBase {
    private static final String TENANT_UID = "hypernetes.io/tenant-uid";
    /// By which a kubelet knows that every tenant may have an image.
    private static final String FOR_ALL = "hypernetes.io/for-all";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final ImageStore images;
    private final Clock clock;

    ImageFace(ImageStore images, Clock clock) {
        this.images = images;
        this.clock = clock;
    }

    @Override
    public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> answer) {
        Replies.one("ListImages", answer, () -> ListImagesResponse.newBuilder()
                .addAllImages(list(request.getFilter().getImage()))
                .build());
    }

    @Override
    public void streamImages(StreamImagesRequest request, StreamObserver<StreamImagesResponse> answer) {
        Replies.parts(
                "StreamImages",
                answer,
                () -> list(request.getFilter().getImage()),
                part -> StreamImagesResponse.newBuilder().addAllImages(part).build());
    }

    @Override
    public void imageStatus(ImageStatusRequest request, StreamObserver<ImageStatusResponse> answer) {
        Replies.one("ImageStatus", answer, () -> {
            ImageStatusResponse.Builder status = ImageStatusResponse.newBuilder();
            find(request.getImage().getImage()).ifPresent(image -> {
                status.setImage(view(image));
                if (request.getVerbose()) {
                    status.putInfo("info", JSON.writeValueAsString(Map.of(
                            "config", image.config(),
                            "layers", image.layers().stream().map(layer -> Map.of("diffId", layer.diffId(), "bytes", layer.sizeBytes())).toList())));
                }
            });
            return status.build();
        });
    }

    @Override
    public void pullImage(PullImageRequest request, StreamObserver<PullImageResponse> answer) {
        Replies.whileAwaited("PullImage", answer, () -> {
            String reference = Names.required("image", request.getImage().getImage());
            Image image = images.pull(reference, credentials(request), requester(request), PullProgress.NONE);
            return PullImageResponse.newBuilder().setImageRef(image.id()).build();
        });
    }

    @Override
    public void removeImage(RemoveImageRequest request, StreamObserver<RemoveImageResponse> answer) {
        Replies.one("RemoveImage", answer, () -> {
            // CRI removes the image with all its names, whichever of them is given.
            find(Names.required("image", request.getImage().getImage())).ifPresent(image -> images.remove(image.id()));
            return RemoveImageResponse.getDefaultInstance();
        });
    }

    @Override
    public void imageFsInfo(ImageFsInfoRequest request, StreamObserver<ImageFsInfoResponse> answer) {
        Replies.one("ImageFsInfo", answer, () -> {
            ImageStore.Usage usage = images.usage();
            return ImageFsInfoResponse.newBuilder()
                    .addImageFilesystems(FilesystemUsage.newBuilder()
                            .setTimestamp(clock.millis() * 1_000_000)
                            .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(usage.folder().toString()))
                            .setUsedBytes(UInt64Value.newBuilder().setValue(usage.bytes()))
                            .setInodesUsed(UInt64Value.newBuilder().setValue(usage.inodes())))
                    .build();
        });
    }

    private Optional<Image> find(String name) {
        return name.isEmpty() ? Optional.empty() : images.find(name);
    }

    private List<io.hypernetes.cri.v1.Image> list(ImageSpec filter) {
        List<Image> found =
                filter.getImage().isEmpty() ? images.list() : find(filter.getImage()).stream().toList();
        return found.stream().map(ImageFace::view).toList();
    }

    static io.hypernetes.cri.v1.Image view(Image image) {
        io.hypernetes.cri.v1.Image.Builder view = io.hypernetes.cri.v1.Image.newBuilder()
                .setId(image.id())
                .addAllRepoTags(image.tags())
                .addAllRepoDigests(image.digests())
                .setSize(Math.max(1, image.sizeBytes()))
                .setSpec(ImageSpec.newBuilder().setImage(image.id()).putAllAnnotations(image.forAll() ? Map.of(FOR_ALL, "true") : Map.of()));
        String user = image.config().user();
        int colon = user.indexOf(':');
        String name = colon < 0 ? user : user.substring(0, colon);
        if (name.isEmpty()) {
            view.setUid(Int64Value.newBuilder().setValue(0));
        } else if (number(name)) {
            view.setUid(Int64Value.newBuilder().setValue(Long.parseLong(name)));
        } else {
            view.setUsername(name);
        }
        return view.build();
    }

    /// Exactly what the guest takes for a number (hyperstart's users.c): a kubelet decides by it who is not root.
    private static boolean number(String name) {
        return name.length() < 11 && name.chars().allMatch(c -> c >= '0' && c <= '9') && Long.parseLong(name) <= 0xFFFF_FFFEL;
    }

    /// The pod that it is pulled for tells; without one, and from a kubelet that knows no tenants, it is the operator's word.
    private static Requester requester(PullImageRequest request) {
        Map<String, String> annotations = request.getSandboxConfig().getAnnotationsMap();
        String tenant = SandboxRecord.Identity.tenant(annotations);
        return tenant.equals(SandboxRecord.Identity.ROOT) ? Requester.OPERATOR : Requester.tenant(tenant, annotations.getOrDefault(TENANT_UID, ""));
    }

    private static @Nullable RegistryCredentials credentials(PullImageRequest request) {
        if (!request.hasAuth()) {
            return null;
        }
        AuthConfig auth = request.getAuth();
        if (!auth.getRegistryToken().isEmpty() || !auth.getIdentityToken().isEmpty()) {
            return new RegistryCredentials(auth.getUsername(), auth.getPassword(), auth.getIdentityToken(), auth.getRegistryToken());
        }
        if (!auth.getAuth().isEmpty()) {
            return decoded(auth.getAuth());
        }
        return auth.getUsername().isEmpty() ? null : new RegistryCredentials(auth.getUsername(), auth.getPassword());
    }

    private static RegistryCredentials decoded(String auth) {
        try {
            String pair = new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
            int colon = pair.indexOf(':');
            if (colon > 0) {
                // Some tools pad the password with zero bytes.
                return new RegistryCredentials(pair.substring(0, colon), pair.substring(colon + 1).replace("\0", ""));
            }
        } catch (IllegalArgumentException notBase64) {
            // Told below, without the secret.
        }
        throw HyperdException.invalid("The registry's `auth` is not base64 of `user:password`.");
    }
}
