package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class CaBundleTest {
    private static String fault(String pem) {
        return CaBundle.fault(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void whatHoldsNoCertificateIsOfNoUse() {
        assertThat(CaBundle.fault("")).isEmpty();
        assertThat(fault("\n")).isEqualTo("unable to load root certificates: unable to parse bytes as PEM block");
        assertThat(fault("placeholder")).isEqualTo("unable to load root certificates: unable to parse bytes as PEM block");
        assertThat(fault("-----BEGIN CERTIFICATE-----\nAAAA\n")).isEqualTo("unable to load root certificates: unable to parse bytes as PEM block");
        assertThat(fault("-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n")).isEqualTo("unable to load root certificates: no valid certificate authority data seen");
        assertThat(fault("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).startsWith("unable to load root certificates: failed to parse certificate: ");
        assertThat(fault("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n")).startsWith("unable to load root certificates: failed to parse certificate: ");
        assertThat(fault("-----BEGIN -----BEGIN CERTIFICATE----------END")).isNotEmpty();
    }
}
