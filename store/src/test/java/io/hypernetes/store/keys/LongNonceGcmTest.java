package io.hypernetes.store.keys;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class LongNonceGcmTest {
    private final LongNonceGcm gcm = new LongNonceGcm();

    @Test
    void sealsAsTheSpecificationsExample() throws GeneralSecurityException {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) 1);
        byte[] nonce = "ABCDEFGHIJKLMNOPQRSTUVWX".getBytes(UTF_8);
        byte[] plain = "XAES-256-GCM".getBytes(UTF_8);
        byte[] rest = Arrays.copyOfRange(nonce, 12, 24);
        byte[] sealed = new byte[plain.length + 16];
        gcm.seal(gcm.derive(key, nonce), rest, new byte[0], plain, sealed, 0);
        assertThat(HexFormat.of().formatHex(sealed)).isEqualTo("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
        assertThat(LongNonceGcm.open(gcm.derive(key, nonce), rest, new byte[0], sealed, 0, sealed.length)).isEqualTo(plain);
        assertThatThrownBy(() -> LongNonceGcm.open(gcm.derive(key, nonce), rest, new byte[] {1}, sealed, 0, sealed.length)).isInstanceOf(GeneralSecurityException.class);
    }
}
