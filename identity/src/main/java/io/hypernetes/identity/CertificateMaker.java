package io.hypernetes.identity;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The X.509 work behind [CertificateAuthority].
final class CertificateMaker {
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    /// Machines' clocks differ a little; a fresh certificate should work at once.
    private static final Duration BACKDATE = Duration.ofMinutes(5);
    private static final String SIGNATURE = "SHA256withECDSA";

    private final InstantSource clock;
    private final SecureRandom random;

    CertificateMaker(InstantSource clock, SecureRandom random) {
        this.clock = clock;
        this.random = random;
    }

    X509Certificate authority(String name, KeyPair pair) {
        Instant now = clock.instant();
        X500Name subject = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    subject,
                    serial(),
                    Date.from(now.minus(BACKDATE)),
                    Date.from(now.plus(AUTHORITY_LIFE)),
                    subject,
                    pair.getPublic());
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign | KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(pair.getPublic()));
            return signed(builder, pair.getPrivate());
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IdentityException("cannot make the authority certificate of " + name + ": " + e.getMessage(), e);
        }
    }

    X509Certificate leaf(PublicKey subjectKey, CertificateSpec spec, PrivateKey issuerKey, X509Certificate issuer) {
        Instant now = clock.instant();
        Instant notBefore = latest(now.minus(BACKDATE), issuer.getNotBefore().toInstant());
        Instant notAfter = earliest(now.plus(spec.validity()), issuer.getNotAfter().toInstant());
        X500NameBuilder subject = new X500NameBuilder(BCStyle.INSTANCE);
        spec.organisations().forEach(o -> subject.addRDN(BCStyle.O, o));
        if (!spec.uid().isEmpty()) {
            subject.addRDN(BCStyle.UID, spec.uid());
        }
        subject.addRDN(BCStyle.CN, spec.commonName());
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
                    serial(),
                    Date.from(notBefore),
                    Date.from(notAfter),
                    subject.build(),
                    subjectKey);
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes(spec)));
            builder.addExtension(Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(subjectKey));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(issuer.getPublicKey()));
            GeneralName[] names = alternativeNames(spec);
            if (names.length > 0) {
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            }
            return signed(builder, issuerKey);
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IdentityException("cannot sign a certificate for " + spec.commonName() + ": " + e.getMessage(), e);
        }
    }

    /// Whether a private key belongs to a public one.
    static boolean fits(PrivateKey key, PublicKey publicKey) {
        try {
            byte[] probe = {1, 2, 3, 4};
            Signature sign = Signature.getInstance(SIGNATURE);
            sign.initSign(key);
            sign.update(probe);
            byte[] signature = sign.sign();
            Signature verify = Signature.getInstance(SIGNATURE);
            verify.initVerify(publicKey);
            verify.update(probe);
            return verify.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static X509Certificate signed(X509v3CertificateBuilder builder, PrivateKey key)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
    }

    private BigInteger serial() {
        return new BigInteger(127, random).add(BigInteger.ONE);
    }

    private static KeyPurposeId[] purposes(CertificateSpec spec) {
        List<KeyPurposeId> purposes = new ArrayList<>();
        if (spec.usages().contains(CertificateSpec.Usage.CLIENT)) {
            purposes.add(KeyPurposeId.id_kp_clientAuth);
        }
        if (spec.usages().contains(CertificateSpec.Usage.SERVER)) {
            purposes.add(KeyPurposeId.id_kp_serverAuth);
        }
        return purposes.toArray(new KeyPurposeId[0]);
    }

    private static GeneralName[] alternativeNames(CertificateSpec spec) {
        List<GeneralName> names = new ArrayList<>();
        spec.dnsNames().forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
        for (InetAddress address : spec.addresses()) {
            names.add(new GeneralName(GeneralName.iPAddress, address.getHostAddress().replaceFirst("%.*", "")));
        }
        return names.toArray(new GeneralName[0]);
    }

    private static Instant latest(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    private static Instant earliest(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }
}
