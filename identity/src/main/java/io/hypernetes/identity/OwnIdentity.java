package io.hypernetes.identity;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// Shows one certificate in handshakes: the key manager that the JDK would make of a key store with one entry. Such a store encrypts the key and opens it
/// again, with ten thousand rounds of a hash each time, which was a quarter of the time in which a master starts. Thread-safe.
final class OwnIdentity extends X509ExtendedKeyManager {
    private static final String ALIAS = "identity";

    private final KeyedCertificate identity;

    OwnIdentity(KeyedCertificate identity) {
        this.identity = identity;
    }

    private @Nullable String alias(String keyType, Principal @Nullable [] issuers) {
        return identity.certificate().getPublicKey().getAlgorithm().equals(keyType) && isOf(issuers) ? ALIAS : null;
    }

    /// Whether the peer believes one of the chain's issuers, or does not say whom it believes.
    private boolean isOf(Principal @Nullable [] issuers) {
        if (issuers == null || issuers.length == 0) {
            return true;
        }
        List<Principal> believed = Arrays.asList(issuers);
        return identity.chain().stream().anyMatch(certificate -> believed.contains(certificate.getIssuerX500Principal()));
    }

    @Override
    public @Nullable String chooseEngineServerAlias(String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
        return alias(keyType, issuers);
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, Socket socket) {
        return alias(keyType, issuers);
    }

    @Override
    public @Nullable String chooseEngineClientAlias(String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
        return Arrays.stream(keyTypes).anyMatch(type -> alias(type, issuers) != null) ? ALIAS : null;
    }

    @Override
    public @Nullable String chooseClientAlias(String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
        return Arrays.stream(keyTypes).anyMatch(type -> alias(type, issuers) != null) ? ALIAS : null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return alias(keyType, issuers) == null ? null : new String[] {ALIAS};
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return getClientAliases(keyType, issuers);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        return alias.equals(ALIAS) ? identity.chainArray() : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        return alias.equals(ALIAS) ? identity.key() : null;
    }
}
