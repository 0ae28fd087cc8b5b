package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnIdentityTest {
    private static final String[] KINDS = {"RSA", "EC"};

    @TempDir
    Path folder;

    private Authorities authorities;
    private KeyedCertificate identity;
    private OwnIdentity shown;

    @BeforeEach
    void issue() {
        authorities = Authorities.open(folder, Clock.systemUTC(), new SecureRandom());
        identity = authorities.tenant("blue").issue(CertificateSpec.client("ann", List.of(), Duration.ofDays(1)));
        shown = new OwnIdentity(identity);
    }

    @Test
    void itIsShownToWhoNamesNoAuthorityAndToWhoNamesItsOwn() {
        for (Principal[] issuers : new Principal[][] {null, {}, {authorities.tenant("blue").certificate().getSubjectX500Principal()}}) {
            String alias = shown.chooseClientAlias(KINDS, issuers, new Socket());
            assertThat(alias).isNotNull();
            assertThat(shown.getPrivateKey(alias)).isEqualTo(identity.key());
            assertThat(shown.getCertificateChain(alias)).containsExactly(identity.chainArray());
        }
    }

    @Test
    void itIsNotShownToWhoNamesOthers() {
        Principal[] others = {authorities.root().certificate().getSubjectX500Principal()};
        assertThat(shown.chooseClientAlias(KINDS, others, new Socket())).isNull();
        assertThat(shown.getClientAliases("EC", others)).isNull();
    }

    @Test
    void itIsNotShownWhereAnotherKindOfKeyIsAskedFor() {
        assertThat(shown.chooseClientAlias(new String[] {"RSA"}, null, new Socket())).isNull();
        assertThat(shown.chooseServerAlias("RSA", null, new Socket())).isNull();
        assertThat(shown.chooseServerAlias("EC", null, new Socket())).isNotNull();
    }

    @Test
    void anotherNameHasNoKey() {
        assertThat(shown.getPrivateKey("other")).isNull();
        assertThat(shown.getCertificateChain("other")).isNull();
    }
}
