package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PullImageRequest;
import io.hypernetes.cri.v1.PullImageResponse;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.Requester;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageFaceTest {
    @ParameterizedTest
    @CsvSource({"'',0", ":5,0", "0,0", "1000,1000", "1000:staff,1000", "0000001000,1000", "4294967294,4294967294"})
    void aUserOfDigitsIsANumber(String user, long uid) {
        io.hypernetes.cri.v1.Image view = view(user);
        assertThat(view.getUid().getValue()).isEqualTo(uid);
        assertThat(view.hasUid()).isTrue();
        assertThat(view.getUsername()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"www", "+1000", "-1", "4294967295", "4294967296", "00000001000", "\u0661\u0660\u0660\u0660"})
    void whatTheGuestTakesForNoNumberIsNone(String user) {
        io.hypernetes.cri.v1.Image view = view(user);
        assertThat(view.hasUid()).isFalse();
        assertThat(view.getUsername()).isEqualTo(user);
    }

    /// A tenant's word for where a registry is is worth less than the operator's, of whom the annotation is the kubelet's own.
    @ParameterizedTest
    @CsvSource({"none,true", "root,true", "acme,false", "'',false", "ROOT,false"})
    void aPullIsForWhoseThePodIs(String tenant, boolean operators) {
        AtomicReference<Object> requester = new AtomicReference<>();
        ImageStore store = (ImageStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {ImageStore.class}, (self, method, arguments) -> {
            requester.set(arguments[2]);
            return image("");
        });
        PodSandboxConfig.Builder sandbox = PodSandboxConfig.newBuilder().putAnnotations("example.org/a", "b");
        PullImageRequest.Builder request = PullImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage("registry.test/a"));
        if (!tenant.equals("none")) {
            request.setSandboxConfig(sandbox.putAnnotations("hypernetes.io/tenant", tenant).putAnnotations("hypernetes.io/tenant-uid", "u-1"));
        }
        new ImageFace(store, Clock.systemUTC()).pullImage(request.build(), new StreamObserver<>() {
            @Override
            public void onNext(PullImageResponse answer) {}

            @Override
            public void onError(Throwable failure) {
                throw new AssertionError(failure);
            }

            @Override
            public void onCompleted() {}
        });
        assertThat(requester).hasValue(operators ? Requester.OPERATOR : Requester.tenant(tenant, "u-1"));
    }

    /// In the words of the kubelet's `Labels`.
    @Test
    void whatIsForAllSaysSo() {
        Image known = image("");
        Image open = new Image(known.id(), known.tags(), known.digests(), known.sizeBytes(), known.config(), known.layers(), true);
        assertThat(ImageFace.view(open).getSpec().getAnnotationsMap()).containsEntry("hypernetes.io/for-all", "true");
        assertThat(ImageFace.view(known).getSpec().getAnnotationsMap()).isEmpty();
    }

    private static io.hypernetes.cri.v1.Image view(String user) {
        return ImageFace.view(image(user));
    }

    private static Image image(String user) {
        ImageConfig config = new ImageConfig(List.of(), List.of(), List.of(), user, "", "", List.of(), List.of(), Map.of());
        return new Image("sha256:1", List.of(), List.of(), 1, config, List.of());
    }
}
