package io.hypernetes.objects.kind;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Map;
import javax.security.auth.x500.X500Principal;

/// A request for a certificate (PKCS#10) in the PEM form: whether it is one, and signed by the key that it names, as upstream's `validateCSR` in
/// `pkg/apis/certificates/validation/validation.go` has it. What it asks for is not read.
final class CertificateRequest {
    private static final String MALFORMED = "asn1: structure error: malformed certificate request";
    private static final String UNKNOWN = "x509: cannot verify signature: algorithm unimplemented";

    private static final Map<String, String> KEYS =
            Map.of("1.2.840.113549.1.1.1", "RSA", "1.2.840.10045.2.1", "EC", "1.3.101.112", "Ed25519");
    private static final Map<String, String> SIGNATURES = Map.of(
            "1.2.840.113549.1.1.5", "SHA1withRSA",
            "1.2.840.113549.1.1.11", "SHA256withRSA",
            "1.2.840.113549.1.1.12", "SHA384withRSA",
            "1.2.840.113549.1.1.13", "SHA512withRSA",
            "1.2.840.113549.1.1.10", "RSASSA-PSS",
            "1.2.840.10045.4.1", "SHA1withECDSA",
            "1.2.840.10045.4.3.2", "SHA256withECDSA",
            "1.2.840.10045.4.3.3", "SHA384withECDSA",
            "1.2.840.10045.4.3.4", "SHA512withECDSA",
            "1.3.101.112", "Ed25519");

    /// The salts that Go's library takes with each digest, in bytes.
    private static final Map<String, Integer> SALTS = Map.of("SHA-256", 32, "SHA-384", 48, "SHA-512", 64);

    private CertificateRequest() {}

    /// What is wrong with it; empty when nothing is.
    static String problem(byte[] pem) {
        PemBlock block = PemBlock.next(new String(pem, StandardCharsets.ISO_8859_1), 0);
        if (block == null || !block.type().equals("CERTIFICATE REQUEST")) {
            return "PEM block type must be CERTIFICATE REQUEST";
        }
        try {
            return unsigned(new Der(block.bytes()));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return MALFORMED;
        }
    }

    private static String unsigned(Der request) {
        Der members = request.only(Der.SEQUENCE);
        Der info = members.next(Der.SEQUENCE);
        Der algorithm = members.next(Der.SEQUENCE);
        Der bits = members.next(Der.BIT_STRING);
        members.end();
        Der fields = info.inside();
        fields.next(Der.INTEGER);
        new X500Principal(fields.next(Der.SEQUENCE).whole());
        Der key = fields.next(Der.SEQUENCE);
        String keyType = KEYS.get(key.inside().next(Der.SEQUENCE).inside().next(Der.IDENTIFIER).identifier());
        Der scheme = algorithm.inside();
        String identifier = scheme.next(Der.IDENTIFIER).identifier();
        String name = SIGNATURES.get(identifier);
        if (identifier.equals("1.2.840.113549.1.1.4")) {
            return "x509: cannot verify signature: insecure algorithm MD5-RSA";
        }
        if (name == null || keyType == null) {
            return UNKNOWN;
        }
        String wanted = name.endsWith("ECDSA") ? "EC" : name.equals("Ed25519") ? name : "RSA";
        if (!keyType.equals(wanted)) {
            return "x509: signature algorithm specifies an " + (wanted.equals("EC") ? "ECDSA" : wanted) + " public key, but have public key of type "
                    + (keyType.equals("EC") ? "*ecdsa.PublicKey" : keyType.equals("RSA") ? "*rsa.PublicKey" : "ed25519.PublicKey");
        }
        try {
            PublicKey signer = KeyFactory.getInstance(keyType).generatePublic(new X509EncodedKeySpec(key.whole()));
            Signature signature = Signature.getInstance(name);
            if (name.equals("RSASSA-PSS")) {
                AlgorithmParameters parameters = AlgorithmParameters.getInstance(name);
                parameters.init(scheme.next(Der.SEQUENCE).whole());
                PSSParameterSpec padding = parameters.getParameterSpec(PSSParameterSpec.class);
                if (!SALTS.containsKey(padding.getDigestAlgorithm()) || SALTS.get(padding.getDigestAlgorithm()) != padding.getSaltLength()) {
                    return UNKNOWN;
                }
                signature.setParameter(padding);
            }
            signature.initVerify(signer);
            signature.update(info.whole());
            return isTrue(signature, bits.bits()) ? "" : failure(wanted);
        } catch (GeneralSecurityException | java.io.IOException e) {
            return MALFORMED;
        }
    }

    private static boolean isTrue(Signature signature, byte[] bits) {
        try {
            return signature.verify(bits);
        } catch (SignatureException malformed) {
            return false;
        }
    }

    private static String failure(String keyType) {
        return keyType.equals("RSA") ? "crypto/rsa: verification error" : "x509: " + (keyType.equals("EC") ? "ECDSA" : keyType) + " verification failure";
    }

    /// One value of the distinguished encoding rules, or those that stand in one.
    private static final class Der {
        static final int SEQUENCE = 0x30;
        static final int INTEGER = 0x02;
        static final int BIT_STRING = 0x03;
        static final int IDENTIFIER = 0x06;
        private static final int LONGEST_LENGTH = 3;
        private static final int MOST_PARTS = 32;

        private final byte[] bytes;
        private final int start;
        private final int content;
        private final int end;
        private int at;

        Der(byte[] bytes) {
            this(bytes, 0, 0, bytes.length);
        }

        private Der(byte[] bytes, int start, int content, int end) {
            this.bytes = bytes;
            this.start = start;
            this.content = content;
            this.end = end;
            this.at = content;
        }

        /// The next value, which is of this type.
        Der next(int type) {
            int from = at;
            if (from + 2 > end || (bytes[from] & 0xff) != type) {
                throw new IllegalArgumentException(MALFORMED);
            }
            int length = bytes[from + 1] & 0xff;
            int inner = from + 2;
            if (length > 0x7f) {
                int count = length - 0x80;
                if (count == 0 || count > LONGEST_LENGTH || inner + count > end) {
                    throw new IllegalArgumentException(MALFORMED);
                }
                length = new BigInteger(1, bytes, inner, count).intValueExact();
                inner += count;
            }
            if (length > end - inner) {
                throw new IllegalArgumentException(MALFORMED);
            }
            at = inner + length;
            return new Der(bytes, from, inner, at);
        }

        /// The values in the one value that this is of.
        Der only(int type) {
            Der one = next(type);
            end();
            return one.inside();
        }

        void end() {
            if (at != end) {
                throw new IllegalArgumentException(MALFORMED);
            }
        }

        Der inside() {
            return new Der(bytes, content, content, end);
        }

        /// With its type and length.
        byte[] whole() {
            return java.util.Arrays.copyOfRange(bytes, start, end);
        }

        /// Of a text of bits, which are whole bytes.
        byte[] bits() {
            if (content == end || bytes[content] != 0) {
                throw new IllegalArgumentException(MALFORMED);
            }
            return java.util.Arrays.copyOfRange(bytes, content + 1, end);
        }

        /// The numbers of an object's identifier, between dots.
        String identifier() {
            StringBuilder text = new StringBuilder();
            long number = 0;
            int parts = 0;
            for (int i = content; i < end; i++) {
                number = number << 7 | bytes[i] & 0x7f;
                if (number > Integer.MAX_VALUE || ++parts > MOST_PARTS) {
                    return "";
                }
                if (bytes[i] >= 0) {
                    if (text.isEmpty()) {
                        long first = Math.min(2, number / 40);
                        text.append(first).append('.').append(number - first * 40);
                    } else {
                        text.append('.').append(number);
                    }
                    number = 0;
                }
            }
            return text.toString();
        }
    }
}
