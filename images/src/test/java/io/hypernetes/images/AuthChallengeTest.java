package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class AuthChallengeTest {
    @Test
    void aBearerChallengeGivesItsParameters() {
        assertThat(AuthChallenge.parse(List.of(
                        "Bearer realm=\"https://auth.example/token\",service=\"reg\", scope=\"repository:a/b:pull,push\" , error=x")))
                .containsExactly(new AuthChallenge("bearer", Map.of(
                        "realm", "https://auth.example/token", "service", "reg", "scope", "repository:a/b:pull,push", "error", "x")));
    }

    @Test
    void severalChallengesOfOneOrMoreLinesAreAllFound() {
        assertThat(AuthChallenge.parse(List.of("Negotiate, BASIC Realm=\"a \\\"b\\\"\", Bearer realm=c", "Digest x=1")))
                .extracting(AuthChallenge::scheme)
                .containsExactly("negotiate", "basic", "bearer", "digest");
        assertThat(AuthChallenge.parse(List.of("Basic realm=\"a \\\"b\\\"\"")).getFirst().parameter("realm")).isEqualTo("a \"b\"");
    }

    @Test
    void noMoreThanAFewAreFound() {
        assertThat(AuthChallenge.parse(java.util.Collections.nCopies(100, "Bearer realm=a, ".repeat(500)))).hasSize(8);
    }

    @Property(tries = 2000)
    void nothingMakesTheParserStumble(@ForAll String header) {
        assertThat(AuthChallenge.parse(List.of(header, "Bearer " + header, header + "=\"" + header))).isNotNull();
    }
}
