package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests as OpenSSL makes them, and what is not one.
class CertificateRequestTest {
    private static final String CURVE =
            "MIHGMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAhYb9j0boZhH7ls4BKRBygqIyrG91aQIa4TLwz3DdfduWDa5ctjp8dGkzSiwiCCbp5YDm7WrodTr5drDGVmwiygADAKBggqhkjOPQQDAgNIADBFAiEAkD1+rVbBND+dhwaG7RmLxTlmGZh5t6O2Fbh5hHpBAa4CIHzZabRZVZa9PIM1Y/l8uNuu4OliLT94pRMsbIquGAKX";
    private static final String EDWARDS =
            "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhABXOpHxMjOLfUm6ewWRbDipNJQxdNyHh/cDBhNk9ASbBoAAwBQYDK2VwA0EAk2ImOJjlsP3E/8/MVTccBndqhBAySbSG5fA//SSP3Myx3BXupTGi5Flf6wZ087I4Y2+WjPSFodEwybh9D7jhBg==";
    private static final String RSA =
            "MIIBSzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDRmiDlohS5ak8GF9un1t9L9VAZO6pteTetGz232sOntL+Kws6QqNkUb93OOkiO6xSVl6Q5EcYKORohxP1y0seNT7A/hKqdISyIRqJIiuAA9WWZWB3ptBdLmiWwUkT+wTEqebN6M4tbHKJnGMlkO5srN8SnlBcwuWEOiG+A+TuRDQIDAQABoAAwDQYJKoZIhvcNAQELBQADgYEAREIe0V/3UZRqjlsJfTBqLo0inFed6ES1tI84M8mkMskFvfet/sPgev4OWdR+MyaFSaOX1EmpRyrX61nG/oUnmc+e/zB2G7DlLENmGarqggbjKY7uuR/cWL65JmAUfrh6Y8YEMw+obdO73ATG9Y7WunQk3oDz3ItQj2mAOMmki+w=";
    private static final String PADDED =
            "MIIBfzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDRmiDlohS5ak8GF9un1t9L9VAZO6pteTetGz232sOntL+Kws6QqNkUb93OOkiO6xSVl6Q5EcYKORohxP1y0seNT7A/hKqdISyIRqJIiuAA9WWZWB3ptBdLmiWwUkT+wTEqebN6M4tbHKJnGMlkO5srN8SnlBcwuWEOiG+A+TuRDQIDAQABoAAwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEgA4GBAJ9PWRlnM/gfoI0nxLffGy/kViq4piJ65uuGFtqhheQfqU5LJB9S2Y1DefPvkZb+D9nssWnS+EwBHsbYtIpuamQTyU7SAF0hYT5ux0cUBBA7WXZcl0UIT05EoAH/oRvmpeDf2jTyW0eEgIezh7mx17EP+HzacX9AHJnTFvgbvpxq";
    /// With the longest salt, of which Go's library takes none.
    private static final String SALTED =
            "MIIBfzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDRmiDlohS5ak8GF9un1t9L9VAZO6pteTetGz232sOntL+Kws6QqNkUb93OOkiO6xSVl6Q5EcYKORohxP1y0seNT7A/hKqdISyIRqJIiuAA9WWZWB3ptBdLmiWwUkT+wTEqebN6M4tbHKJnGMlkO5srN8SnlBcwuWEOiG+A+TuRDQIDAQABoAAwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgFeA4GBAFs+u++kXo23d0xWOIuLyCjlSn4JIAALbKxulygAOnubA3jxpxxJH9z7UudwcqHhXr7P61ktO3AzSYGM3HExqtXKZqzw6oy7VJfEGsiJjHAeMnFQu9puV/n7EifBVqeP2gWYWw86PuvzxqYxKE8RjcFC1BEqGxbfcpvPe1VDncnS";
    private static final String OLD =
            "MIIBSzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDRmiDlohS5ak8GF9un1t9L9VAZO6pteTetGz232sOntL+Kws6QqNkUb93OOkiO6xSVl6Q5EcYKORohxP1y0seNT7A/hKqdISyIRqJIiuAA9WWZWB3ptBdLmiWwUkT+wTEqebN6M4tbHKJnGMlkO5srN8SnlBcwuWEOiG+A+TuRDQIDAQABoAAwDQYJKoZIhvcNAQEEBQADgYEAdzj2c7VaL4T3TWUYz7O+/d+0iSwAMSq+aVLyMsyX+4yzGblu31LQn/dzuU7V2Eu+GhPS8HLpoj18k5m9V0AoxOBiYFI9tYkizgPkdqb08Vi9ABFG9A7JH2I13/myPTNFmPn7OLPmWu1jlEKjUQW04BDShSeofKe7TbLpcxaryDQ=";

    /// A request as it stands in an object.
    static final String ENCODED = Base64.getEncoder().encodeToString(pem(der(EDWARDS)).getBytes(StandardCharsets.US_ASCII));

    private static String problem(String pem) {
        return CertificateRequest.problem(pem.getBytes(StandardCharsets.US_ASCII));
    }

    private static String pem(byte[] der) {
        return "-----BEGIN CERTIFICATE REQUEST-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END CERTIFICATE REQUEST-----\n";
    }

    private static byte[] der(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    @ParameterizedTest
    @ValueSource(strings = {CURVE, EDWARDS, RSA, PADDED})
    void whoHasTheKeyMayAsk(String request) {
        assertThat(problem(pem(der(request)))).isEmpty();
        assertThat(problem("text before\n" + pem(der(request)).replace("REQUEST-----\n", "REQUEST-----\nA: b\n\n").replaceFirst("END(.*)\nA: b\n\n", "END$1"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({CURVE + ",x509: ECDSA verification failure", EDWARDS + ",x509: Ed25519 verification failure", RSA + ",crypto/rsa: verification error"})
    void whoHasNotMayNot(String request, String problem) {
        byte[] der = der(request);
        // The name that is asked for.
        int name = new String(der, StandardCharsets.ISO_8859_1).indexOf("a0", 10);
        der[name] = 'b';
        assertThat(problem(pem(der))).isEqualTo(problem);
    }

    @Test
    void whatNobodyVerifies() {
        assertThat(problem(pem(der(OLD)))).isEqualTo("x509: cannot verify signature: insecure algorithm MD5-RSA");
        assertThat(problem(pem(der(SALTED)))).isEqualTo("x509: cannot verify signature: algorithm unimplemented");
    }

    @Test
    void whatIsNoRequest() {
        String none = "PEM block type must be CERTIFICATE REQUEST";
        assertThat(problem("")).isEqualTo(none);
        assertThat(problem("-----BEGIN CERTIFICATE REQUEST-----\n")).isEqualTo(none);
        assertThat(problem(pem(der(CURVE)).replace("CERTIFICATE REQUEST", "CERTIFICATE"))).isEqualTo(none);
        assertThat(problem(pem(new byte[] {0x30, (byte) 0x84, 0x7f, 0x7f, 0x7f, 0x7f}))).isEqualTo("asn1: structure error: malformed certificate request");
    }

    @Test
    void whateverComesIsAnswered() {
        Random random = new Random(1);
        for (String request : new String[] {CURVE, EDWARDS, RSA, PADDED}) {
            for (int i = 0; i < 500; i++) {
                byte[] der = der(request);
                der[random.nextInt(der.length)] = (byte) random.nextInt(256);
                byte[] cut = random.nextInt(4) == 0 ? java.util.Arrays.copyOf(der, random.nextInt(der.length)) : der;
                // What is not signed, the parameters of RSA, may be anything.
                assertThat(problem(pem(cut))).isNotNull();
            }
        }
    }

    /// As `encoding/pem` of Go reads them.
    @Test
    void blanksAndHeaders() {
        String plain = pem(der(EDWARDS));
        String begin = "-----BEGIN CERTIFICATE REQUEST-----";
        assertThat(problem(plain.replace(begin, begin + " \t"))).isEmpty();
        assertThat(problem(plain.replace("\n", " \r\n"))).isEmpty();
        assertThat(problem(plain.replace(begin + "\n", begin + "\nA:b \nC : d\n"))).isEmpty();
        assertThat(problem(plain.replace("MIG", "M I\tG"))).isEmpty();
        assertThat(problem(begin + "\nnot a request\n" + plain)).isEmpty();
        assertThat(problem("-----BEGIN OTHER-----\n-----END OTHER-----\n" + plain)).isEqualTo("PEM block type must be CERTIFICATE REQUEST");
        for (String wrong : new String[] {" " + plain, plain.replace("END CERTIFICATE REQUEST-----", "END CERTIFICATE REQUEST----- x"), plain.replace("=", ""), plain.replace("MIG", "M*IG")}) {
            assertThat(problem(wrong)).isEqualTo("PEM block type must be CERTIFICATE REQUEST");
        }
    }
}
