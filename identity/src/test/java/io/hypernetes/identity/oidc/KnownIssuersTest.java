package io.hypernetes.identity.oidc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownIssuersTest {
    private final List<KnownIssuers.Source> made = new ArrayList<>();
    private final KnownIssuers known = new KnownIssuers(this::make);

    private IssuerKeys make(KnownIssuers.Source source) {
        made.add(source);
        return new IssuerKeys(
                source.tenant(),
                source.url(),
                source.trust(),
                (tenant, address, trust) -> {
                    throw new IOException("not asked");
                },
                InstantSource.system());
    }

    private IssuerKeys of(String tenant, int issuer) {
        return known.keysOf(new KnownIssuers.Source(tenant, "https://issuer/" + issuer, ""));
    }

    @Test
    void anIssuerIsKnownForEachTenantByItself() {
        assertThat(of("a", 1)).isSameAs(of("a", 1)).isNotSameAs(of("b", 1)).isNotSameAs(of("", 1));
        assertThat(made).hasSize(3);
    }

    @Test
    void aTenantThatNamesEverNewOnesLosesItsOwnThatItUsedLongestAgo() {
        var others = of("b", 0);
        var often = of("a", 0);
        for (int i = 1; i < 10 * KnownIssuers.MOST; i++) {
            of("a", i);
            assertThat(of("a", 0)).isSameAs(often);
        }
        assertThat(of("b", 0)).isSameAs(others);
        int before = made.size();
        for (int i = 0; i < KnownIssuers.MOST_OF_A_TENANT - 1; i++) {
            of("a", 10 * KnownIssuers.MOST - 1 - i);
        }
        assertThat(made).as("the last ones are known").hasSize(before);
        of("a", 1);
        assertThat(made).as("the first are not").hasSize(before + 1);
    }

    @Test
    void whereAllAreTooManyTheTenantWithMostLosesOne() {
        var few = of("few", 0);
        var operators = of("", 0);
        for (int i = 0; i < 10 * KnownIssuers.MOST; i++) {
            of("many" + i / 50 % 100, i);
        }
        assertThat(of("few", 0)).isSameAs(few);
        assertThat(of("", 0)).isSameAs(operators);
    }
}
