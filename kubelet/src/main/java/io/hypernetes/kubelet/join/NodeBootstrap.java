package io.hypernetes.kubelet.join;

import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.identity.JoinToken;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Tls;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;

/// Makes a machine a node of a cluster: recognises the API server by the token's hash, asks it for a certificate with
/// the token's secret, and keeps what it got in a folder. From then on the token is not needed.
public final class NodeBootstrap {
    private static final Duration REACH = Duration.ofSeconds(10);

    private final NodeFolder folder;
    private final String nodeName;
    private final SecureRandom random;

    public NodeBootstrap(Path folder, String nodeName, SecureRandom random) {
        this.folder = new NodeFolder(folder);
        this.nodeName = nodeName;
        this.random = random;
    }

    /// True when the folder holds a node's identity already.
    public boolean isJoined() {
        return folder.isJoined();
    }

    /// Joins; takes as long as the master needs to sign, at most `atMost`.
    ///
    /// @throws JoinException when the server is not the token's, cannot be reached, or refuses
    public void join(JoinToken token, Duration atMost) throws InterruptedException {
        X509Certificate authority;
        try {
            authority = token.authorityIn(Tls.presentedBy(token.server(), REACH));
        } catch (IOException unreachable) {
            throw new JoinException("the API server at " + token.server() + " cannot be reached (" + unreachable.getMessage()
                    + "): is it running, and may this machine connect to it?", unreachable);
        } catch (IdentityException another) {
            // Before anything was sent to it.
            throw new JoinException(String.valueOf(another.getMessage()), another);
        }
        try (Client client = Client.withToken(token.server(), Tls.client(authority, null), "kubelet-bootstrap", token.token().text())) {
            KeyedCertificate certificate = new SigningConversation(client, nodeName, random, new CountDownLatch(1))
                    .obtain(SigningConversation.CLIENT, authority, atMost);
            folder.keepServer(token.server(), authority);
            folder.keepClient(certificate);
        } catch (ApiException refused) {
            throw new JoinException("the API server at " + token.server() + " did not take the request of this machine (" + refused.getMessage() + ")"
                    + (refused.code() == 401 || refused.code() == 403 ? ": the token has ended or is another's; make a new one with `hypernetes token create`" : ""), refused);
        }
    }

    /// The identity that [#join] got, at any later start.
    ///
    /// @throws JoinException when there is none
    public NodeIdentity identity(InstantSource clock) {
        if (!folder.isJoined()) {
            throw new JoinException("this machine is no node yet: join it with a token from `hypernetes token create`");
        }
        return new NodeIdentity(folder, nodeName, clock, random);
    }
}
