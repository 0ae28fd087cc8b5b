package io.hypernetes.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// A PKCS#10 request whose holder proved to have the private key. What it claims to be (subject) is for a signer's policy
/// to look at; extensions it asks for are not even read.
///
/// @param publicKey EC on a named curve of at least 256 bits, RSA of 2048 to 8192 bits, or Ed25519
/// @param commonName what it claims; empty when nothing
/// @param organisations what it claims
public record SigningRequest(PublicKey publicKey, String commonName, List<String> organisations) {
    private static final int MAX_CHARS = 64 << 10;
    private static final String TYPE = "CERTIFICATE REQUEST";

    public SigningRequest {
        organisations = List.copyOf(organisations);
    }

    /// Reads a PEM request and checks its signature.
    ///
    /// @throws IdentityException when it is malformed, unsigned or of a weak key
    public static SigningRequest parse(String pem) {
        if (pem.length() > MAX_CHARS) {
            throw new IdentityException("a certificate request of more than " + MAX_CHARS + " characters is not read");
        }
        List<byte[]> blocks = Pem.blocks(pem, TYPE);
        if (blocks.size() != 1) {
            throw new IdentityException("PEM block type must be " + TYPE + " and there must be exactly one, found " + blocks.size());
        }
        try {
            JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(blocks.getFirst());
            PublicKey key = request.getPublicKey();
            checkStrength(key);
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new IdentityException("the certificate request is not signed by the key that it names");
            }
            X500Name subject = request.getSubject();
            List<String> names = values(subject, BCStyle.CN);
            return new SigningRequest(key, names.isEmpty() ? "" : names.getLast(), values(subject, BCStyle.O));
        } catch (IOException | GeneralSecurityException | OperatorCreationException | PKCSException | RuntimeException e) {
            if (e instanceof IdentityException known) {
                throw known;
            }
            // Parsers throw many unchecked things at hostile bytes.
            throw new IdentityException("cannot read the certificate request: " + e.getMessage(), e);
        }
    }

    /// A PEM request for a key pair, to be sent to whoever signs.
    public static String create(KeyPair pair, String commonName, List<String> organisations) {
        X500NameBuilder subject = new X500NameBuilder(BCStyle.INSTANCE);
        organisations.forEach(o -> subject.addRDN(BCStyle.O, o));
        subject.addRDN(BCStyle.CN, commonName);
        try {
            byte[] der = new JcaPKCS10CertificationRequestBuilder(subject.build(), pair.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                    .getEncoded();
            return Pem.block(TYPE, der);
        } catch (IOException | OperatorCreationException e) {
            throw new IdentityException("cannot make a certificate request for " + commonName + ": " + e.getMessage(), e);
        }
    }

    /// Reads PEM text given as bytes.
    public static SigningRequest parse(byte[] pem) {
        return parse(new String(pem, StandardCharsets.ISO_8859_1));
    }

    private static void checkStrength(PublicKey key) {
        boolean strong = switch (key) {
            case ECPublicKey ec -> ec.getParams() != null && ec.getParams().getOrder().bitLength() >= 256;
            case RSAPublicKey rsa -> rsa.getModulus().bitLength() >= 2048 && rsa.getModulus().bitLength() <= 8192
                    && rsa.getPublicExponent().bitLength() <= 64;
            case EdECPublicKey _ -> true;
            default -> false;
        };
        if (!strong) {
            throw new IdentityException("a key of type " + key.getAlgorithm()
                    + " and this size is not signed: use EC of at least 256 bits, RSA of 2048 to 8192 bits, or Ed25519");
        }
    }

    private static List<String> values(X500Name name, org.bouncycastle.asn1.ASN1ObjectIdentifier type) {
        List<String> values = new ArrayList<>();
        for (RDN rdn : name.getRDNs(type)) {
            for (var pair : rdn.getTypesAndValues()) {
                if (pair.getType().equals(type)) {
                    values.add(IETFUtils.valueToString(pair.getValue()));
                }
            }
        }
        return values;
    }
}
