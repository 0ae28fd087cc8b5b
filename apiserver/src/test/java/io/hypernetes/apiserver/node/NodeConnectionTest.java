package io.hypernetes.apiserver.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeConnectionTest {
    private static final NodeAddress NODE = new NodeAddress("n1", "127.0.0.1", 10250);

    @TempDir
    Path folder;

    private X509Certificate certificate(String commonName, String organisation) {
        var random = new SecureRandom();
        var authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", InstantSource.system(), random);
        return authority.sign(CertificateAuthority.newKeyPair(random).getPublic(), CertificateSpec.peer(
                commonName, List.of(organisation), List.of("n1"), List.of(InetAddress.ofLiteral("127.0.0.1")), Duration.ofHours(1)));
    }

    @Test
    void aNodesOwnCertificateIsTaken() throws Exception {
        assertThat(NodeConnection.belongsTo(NODE, certificate("system:node:n1", "system:nodes"))).isTrue();
    }

    @Test
    void anotherNodesIsNotThoughItBearsTheNameAndAddress() throws Exception {
        assertThat(NodeConnection.belongsTo(NODE, certificate("system:node:n2", "system:nodes"))).isFalse();
        assertThat(NodeConnection.belongsTo(NODE, certificate("system:node:n11", "system:nodes"))).isFalse();
    }

    @Test
    void aNameInsideAnotherPartOfTheSubjectIsNoCommonName() throws Exception {
        assertThat(NodeConnection.belongsTo(NODE, certificate("x", "y,CN=system:node:n1,z"))).isFalse();
    }
}
