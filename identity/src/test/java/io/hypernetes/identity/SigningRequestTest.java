package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SigningRequestTest {
    private final SecureRandom random = new SecureRandom();

    @Test
    void onlyTheKeyOfARequestIsBelieved(@TempDir Path folder) throws Exception {
        KeyPair pair = CertificateAuthority.newKeyPair(random);
        var extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        byte[] hostile = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=admin,O=system:masters"), pair.getPublic())
                .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                .getEncoded();
        var authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "test", Clock.systemUTC(), random);

        SigningRequest request = SigningRequest.parse(Pem.block("CERTIFICATE REQUEST", hostile));
        X509Certificate signed = authority.sign(
                request, CertificateSpec.client("system:node:n1", List.of("system:nodes"), Duration.ofHours(1)));

        assertThat(request.organisations()).containsExactly("system:masters");
        assertThat(signed.getBasicConstraints()).isEqualTo(-1);
        assertThat(signed.getSubjectX500Principal().getName()).contains("CN=system:node:n1").doesNotContain("masters");
        assertThat(signed.getPublicKey()).isEqualTo(pair.getPublic());
        assertThat(signed.getKeyUsage()[5]).as("may sign certificates").isFalse();
    }

    @Test
    void aRequestMustBeSignedByItsKey() throws Exception {
        KeyPair pair = CertificateAuthority.newKeyPair(random);
        KeyPair other = CertificateAuthority.newKeyPair(random);
        byte[] stolen = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=a"), pair.getPublic())
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(other.getPrivate()))
                .getEncoded();
        assertThatThrownBy(() -> SigningRequest.parse(Pem.block("CERTIFICATE REQUEST", stolen)))
                .isInstanceOf(IdentityException.class)
                .hasMessageContaining("not signed by the key");
    }

    @Test
    void weakKeysAreRefused() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        KeyPair weak = generator.generateKeyPair();
        byte[] der = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=a"), weak.getPublic())
                .build(new JcaContentSignerBuilder("SHA256withRSA").build(weak.getPrivate()))
                .getEncoded();
        assertThatThrownBy(() -> SigningRequest.parse(Pem.block("CERTIFICATE REQUEST", der)))
                .hasMessageContaining("RSA of 2048");
    }

    @Test
    void garbageIsRefusedWithASentence() {
        String der = Base64.getEncoder().encodeToString(new byte[] {0x30, (byte) 0x84, 0x7f, 0x7f, 0x7f, 0x7f});
        for (String text : List.of(
                "",
                "nonsense",
                "-----BEGIN CERTIFICATE REQUEST-----\n" + der,
                "-----BEGIN CERTIFICATE REQUEST-----\n" + der + "\n-----END CERTIFICATE REQUEST-----\n",
                "x".repeat(1 << 20))) {
            assertThatThrownBy(() -> SigningRequest.parse(text)).isInstanceOf(IdentityException.class);
        }
    }

    @Test
    void aRequestRoundTrips() {
        KeyPair pair = CertificateAuthority.newKeyPair(random);
        SigningRequest read = SigningRequest.parse(SigningRequest.create(pair, "system:node:n1", List.of("system:nodes", "a, b=c")));
        assertThat(read.commonName()).isEqualTo("system:node:n1");
        assertThat(read.organisations()).hasSize(2).contains("system:nodes");
        assertThat(read.publicKey()).isEqualTo(pair.getPublic());
    }
}
