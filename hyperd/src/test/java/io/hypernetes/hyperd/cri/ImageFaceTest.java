package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.images.Image;
import io.hypernetes.images.ImageConfig;
import java.util.List;
import java.util.Map;
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

    private static io.hypernetes.cri.v1.Image view(String user) {
        ImageConfig config = new ImageConfig(List.of(), List.of(), List.of(), user, "", "", List.of(), List.of(), Map.of());
        return ImageFace.view(new Image("sha256:1", List.of(), List.of(), 1, config, List.of()));
    }
}
